// Package proxies holds the contenders that are the standard library's reverse
// proxy: as fast as its settings make it, and with popular libraries called for
// each request as their pages show.
package proxies

import (
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/tuned"
)

// Bare returns httputil.ReverseProxy with a transport that keeps enough
// connections and a pool of buffers: what all others are measured against.
func Bare(p control.Place) http.Handler { return proxy(p) }

func proxy(p control.Place) *httputil.ReverseProxy {
	target := &url.URL{Scheme: "http", Host: p.Backend}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
		},
		Transport:  tuned.Transport(),
		BufferPool: tuned.Buffers(),
	}
}

// BareHeap returns Bare in a process that holds as many live bytes as a
// gateway with a large directory does. The collector of Go runs the less often
// the more is alive, which makes requests cheaper: this contender tells by how
// much, so that nobody takes that for an achievement.
func BareHeap(p control.Place) http.Handler {
	h := &heavy{Handler: proxy(p)}
	for range heap >> 16 {
		h.ballast = append(h.ballast, make([]byte, 1<<16))
	}
	return h
}

// heap is what the gateway with all its routes and subscriptions comes to.
const heap = 128 << 20

type heavy struct {
	http.Handler
	ballast [][]byte
}
