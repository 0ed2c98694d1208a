// Command oxy is the contender oxy: its reverse proxy behind its load balancer,
// which has one server, as its documentation puts the two together.
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/vulcand/oxy/v2/forward"
	"github.com/vulcand/oxy/v2/roundrobin"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/tuned"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	p, err := control.ParsePlace("oxy", os.Args[1:])
	if err != nil {
		return err
	}
	h, err := handler(p)
	if err != nil {
		return err
	}
	return control.Serve(p, h)
}

// handler leaves to oxy what is its own: it makes an httputil.ReverseProxy, and
// its caller sets the transport and the pool of buffers.
func handler(p control.Place) (http.Handler, error) {
	const passHost = true
	proxy := forward.New(passHost)
	proxy.Transport, proxy.BufferPool = tuned.Transport(), tuned.Buffers()
	balancer, err := roundrobin.New(proxy)
	if err != nil {
		return nil, err
	}
	return balancer, balancer.UpsertServer(&url.URL{Scheme: "http", Host: p.Backend})
}
