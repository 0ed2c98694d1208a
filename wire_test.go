package gateway_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
)

// onWire returns a configuration that sends everything to one backend.
func onWire(backend string, policies ...registry.Policy) *registry.Snapshot {
	root, all := public("root", "/", "b", policies...), public("all", "/{rest...}", "b", policies...)
	root.Upgrade, all.Upgrade = []string{"websocket"}, []string{"websocket"}
	s := snapshot("1", root, all)
	s.Upstreams = []registry.Upstream{{Name: "b", Host: "preserve", Endpoints: []registry.Endpoint{{URL: "http://" + backend}}}}
	return s
}

// serving runs a gateway on loopback until the test ends, with a listener of
// each configuration.
func serving(t testing.TB, s *registry.Snapshot, options []gateway.Option, configs ...listen.Config) (addrs []string) {
	t.Helper()
	options = append(options, standardKinds(), gateway.Snapshot(s))
	for _, c := range configs {
		options = append(options, gateway.ListenWith("127.0.0.1:0", c))
	}
	g, err := gateway.New(options...)
	require.NoError(t, err)
	end := running(t, g)
	t.Cleanup(func() { require.NoError(t, end()) })
	require.Eventually(t, func() bool { return len(g.Addrs()) == len(configs) }, 10*time.Second, time.Millisecond)
	for _, a := range g.Addrs() {
		addrs = append(addrs, a.String())
	}
	return addrs
}

func plainAndH2C() []listen.Config {
	return []listen.Config{{}, {Limits: listen.Limits{H2C: true}}}
}

func TestOnTheWire(t *testing.T) {
	t.Parallel()
	wire.Run(t, func(t testing.TB, backend string) wire.Target {
		addrs := serving(t, onWire(backend), nil, plainAndH2C()...)
		return wire.Target{Addr: addrs[0], HTTP2: addrs[1]}
	})
}

func TestOnTheWireByTLS(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	server := &tls.Config{Certificates: []tls.Certificate{ca.Server("127.0.0.1")}}
	wire.Run(t, func(t testing.TB, backend string) wire.Target {
		addr := serving(t, onWire(backend), nil, listen.Config{TLS: server})[0]
		return wire.Target{Addr: addr, HTTP2: addr, TLS: &tls.Config{RootCAs: ca.Pool(), ServerName: "127.0.0.1"}}
	})
}
