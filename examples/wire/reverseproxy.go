package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
)

func goVersion() (string, error) { return "net/http/httputil of " + mustGo(), nil }

// startReverseProxy starts a ReverseProxy on two servers of net/http, all with
// their defaults.
func startReverseProxy(_ context.Context, backend string) (*instance, error) {
	quiet := log.New(io.Discard, "", 0)
	h := &httputil.ReverseProxy{ErrorLog: quiet, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: backend})
		r.Out.Host = r.In.Host
	}}
	both := new(http.Protocols)
	both.SetUnencryptedHTTP2(true)
	i := &instance{stop: func() {}}
	for _, s := range []*http.Server{{Handler: h, ErrorLog: quiet}, {Handler: h, ErrorLog: quiet, Protocols: both}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			i.stop()
			return nil, err
		}
		go func() { _ = s.Serve(ln) }() // until it is closed
		before := i.stop
		i.stop = func() { _ = s.Close(); before() }
		i.addr, i.http2 = i.http2, ln.Addr().String()
	}
	return i, nil
}
