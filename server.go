package gateway

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// newServer makes the guarded server of one listener.
func (g *Gateway) newServer(h http.Handler, l listener) *listen.Server {
	c := l.config
	if c.Log == nil {
		c.Log = g.logger
	}
	return listen.NewServer(h, c)
}
