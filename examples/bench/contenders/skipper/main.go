// Command skipper is the contender Skipper: its proxy and its routing, with one
// route for all requests and no filter, access log or metrics.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/zalando/skipper/dataclients/routestring"
	"github.com/zalando/skipper/proxy"
	"github.com/zalando/skipper/routing"

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
	p, err := control.ParsePlace("skipper", os.Args[1:])
	if err != nil {
		return err
	}
	logrus.SetLevel(logrus.ErrorLevel) // of what Skipper says of itself
	h, err := handler(p)
	if err != nil {
		return err
	}
	return control.Serve(p, h) // Skipper's own server has no HTTP/2 without TLS
}

// handler returns the proxy when it has its route. What its transport does not
// let a caller set stays as Skipper has it.
func handler(p control.Place) (http.Handler, error) {
	routes, err := routestring.New(fmt.Sprintf(`* -> "http://%s"`, p.Backend))
	if err != nil {
		return nil, err
	}
	table := routing.New(routing.Options{
		DataClients: []routing.DataClient{routes}, PollTimeout: time.Minute, SignalFirstLoad: true,
	})
	<-table.FirstLoad()
	return proxy.WithParams(proxy.Params{
		Routing: table, AccessLogDisabled: true,
		IdleConnectionsPerHost: tuned.IdleConns, MaxIdleConns: tuned.IdleConns, CloseIdleConnsPeriod: 90 * time.Second,
	}), nil
}
