// Command lura is the contender lura, the engine of KrakenD: an endpoint of its
// gin router in front of one backend, with the encoding no-op, so that bodies
// pass as they are.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	"github.com/luraproject/lura/v2/router/gin"
	"github.com/luraproject/lura/v2/transport/http/server"

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
	p, err := control.ParsePlace("lura", os.Args[1:])
	if err != nil {
		return err
	}
	c := configuration(p)
	if err := c.Init(); err != nil {
		return err
	}
	ended := errors.New("the router ended before it served")
	gin.NewFactory(gin.Config{
		Engine:         gin.NewEngine(c, gin.EngineOptions{Logger: logging.NoOp, Writer: io.Discard}),
		HandlerFactory: gin.EndpointHandler,
		ProxyFactory:   proxy.DefaultFactory(logging.NoOp),
		Logger:         logging.NoOp,
		RunServer: func(_ context.Context, c config.ServiceConfig, h http.Handler) error {
			ended = serve(p, c, h)
			return ended
		},
	}).New().Run(c)
	return ended
}

// configuration has one endpoint for each method of the workloads.
func configuration(p control.Place) config.ServiceConfig {
	return config.ServiceConfig{
		Version: config.ConfigVersion, Host: []string{"http://" + p.Backend}, Timeout: time.Minute,
		MaxIdleConns: tuned.IdleConns, MaxIdleConnsPerHost: tuned.IdleConns, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
		Endpoints:   []*config.EndpointConfig{endpoint(http.MethodGet), endpoint(http.MethodPost)},
		ExtraConfig: config.ExtraConfig{gin.Namespace: map[string]any{"disable_access_log": true}},
	}
}

// endpoint passes on all headers and the whole query, which lura does for none
// that is not named.
func endpoint(method string) *config.EndpointConfig {
	const path = "/{service}/{kind}/{id}"
	return &config.EndpointConfig{
		Endpoint: path, Method: method, OutputEncoding: encoding.NOOP,
		HeadersToPass: []string{"*"}, QueryString: []string{"*"},
		Backend: []*config.Backend{{URLPattern: path, Method: method, Encoding: encoding.NOOP}},
	}
}

// serve serves at both addresses with lura's own servers, and answers the
// driver.
func serve(p control.Place, c config.ServiceConfig, h http.Handler) error {
	for addr, h2c := range map[string]bool{p.H1: false, p.H2C: true} {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		c.UseH2C = h2c
		s := server.NewServer(c, h)
		go func() {
			if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}()
	}
	return control.Contend()
}
