package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

func gatewayVersion() (string, error) { return "this module, " + mustGo(), nil }

// startGateway starts a gateway whose routes are open and allow websocket.
func startGateway(ctx context.Context, backend string) (*instance, error) {
	route := func(name, path string) registry.Route {
		return registry.Route{
			Name: name, Match: registry.Match{Path: path}, Upstream: "b", Upgrade: []string{"websocket"},
			Policies: []registry.Policy{authz.PublicPolicy()},
		}
	}
	g, err := gateway.New(standard.Kinds(), gateway.Logger(slog.New(slog.DiscardHandler)),
		gateway.Listen("127.0.0.1:0"), gateway.ListenWith("127.0.0.1:0", listen.Config{Limits: listen.Limits{H2C: true}}),
		gateway.Draining(gateway.Drain{Delay: time.Millisecond, Deadline: time.Second}),
		gateway.Snapshot(&registry.Snapshot{
			Version: "1", Environment: "test", Routes: []registry.Route{route("root", "/"), route("all", "/{rest...}")},
			Upstreams: []registry.Upstream{{Name: "b", Host: "preserve", Endpoints: []registry.Endpoint{{URL: "http://" + backend}}}},
		}))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	for len(g.Addrs()) < 2 {
		select {
		case err := <-ended:
			cancel()
			return nil, fmt.Errorf("run: %w", err)
		case <-time.After(time.Millisecond):
		}
	}
	return &instance{g.Addrs()[0].String(), g.Addrs()[1].String(), func() { cancel(); <-ended }}, nil
}

// mustGo returns the version of Go that this program was made with.
func mustGo() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "an unknown Go"
}
