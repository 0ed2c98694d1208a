package gateway

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// newServer makes the guarded server of one listener, with the bounds that
// package listen has by default.
func (g *Gateway) newServer(h http.Handler, l listener) *listen.Server {
	return listen.NewServer(h, listen.Config{TLS: l.tls, Log: g.logger})
}
