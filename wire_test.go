package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
	"github.com/seed-f9645bd3/gateway/standard"
)

// onWire returns a configuration that sends everything to one backend.
func onWire(backend string, policies ...registry.Policy) *registry.Snapshot {
	root, all := public("root", "/", "b", policies...), public("all", "/{rest...}", "b", policies...)
	root.Upgrade, all.Upgrade = []string{"websocket"}, []string{"websocket"}
	s := snapshot("1", root, all)
	s.Upstreams = []registry.Upstream{{Name: "b", Host: "preserve", Endpoints: []registry.Endpoint{{URL: "http://" + backend}}}}
	return s
}

// A fleet is gateways that run until the test ends, all at once.
type fleet struct {
	ctx context.Context
	end context.CancelFunc
}

func newFleet() *fleet {
	ctx, end := context.WithCancel(context.Background())
	return &fleet{ctx, end}
}

// serve runs a gateway on loopback, with a listener of each configuration.
func (f *fleet) serve(t testing.TB, s *registry.Snapshot, options []gateway.Option, configs ...listen.Config) (addrs []string) {
	t.Helper()
	options = append(options, standardKinds(), gateway.Snapshot(s), gateway.Draining(gateway.Drain{Delay: 100 * time.Millisecond}))
	for _, c := range configs {
		options = append(options, gateway.ListenWith("127.0.0.1:0", c))
	}
	g, err := gateway.New(options...)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(f.ctx) }()
	t.Cleanup(func() {
		f.end()
		require.NoError(t, <-ended)
	})
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
	f := newFleet()
	wire.Run(t, func(t testing.TB, backend string) wire.Target {
		addrs := f.serve(t, onWire(backend), nil, plainAndH2C()...)
		return wire.Target{Addr: addrs[0], HTTP2: addrs[1]}
	})
}

func TestOnTheWireByTLS(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	server := &tls.Config{Certificates: []tls.Certificate{ca.Server("127.0.0.1")}}
	f := newFleet()
	wire.Run(t, func(t testing.TB, backend string) wire.Target {
		addr := f.serve(t, onWire(backend), nil, listen.Config{TLS: server})[0]
		return wire.Target{Addr: addr, HTTP2: addr, TLS: &tls.Config{RootCAs: ca.Pool(), ServerName: "127.0.0.1"}}
	})
}

// everyPolicy are the policies of the module that let an exchange pass, each
// with settings that have it at work and change no verdict of the suite.
func everyPolicy() []registry.Policy {
	var all []registry.Policy
	for _, p := range [][2]string{
		{"trace", `{}`}, {"correlation_id", `{}`}, {"cors", `{"origins":["https://app.example"],"credentials":true}`},
		{"compress", `{}`}, {"body", `{"max":"4MiB"}`}, {"payload", `{"content_types":{"untyped":"pass"}}`}, {"rate_limit", `{"per":"address","rate":"1000000/s"}`},
		{"authenticate", `{"any_of":[{"whoever":{}}]}`}, {"environment", `{}`}, {"allow_ips", `{"allow":["127.0.0.0/8"]}`},
		{"subscription", `{"api":"wire/v1"}`}, {"scopes", `{"all":["wire"]}`}, {"roles", `{"any":["wire"]}`},
		{"cache", `{}`}, {"headers", `{"request":{"set":{"X-From":"{identity.consumer}"}},"response":{"set":{"X-Back":"1"},"remove":["X-Inside"]}}`},
		{"select", `{"fields":["n"],"other_types":"pass"}`}, {"mask", `{"fields":["ssn"],"other_types":"pass"}`}, {"problems", `{"statuses":[500]}`},
		{"fallback", `{"on":{"errors":["breaker_open"]},"respond":{"body":"later"}}`}, {"timeout", `{"total":"1m","per_try":"1m"}`},
		{"retry", `{"attempts":2,"max_body":1,"budget":1,"backoff":{"base":"1ms","max":"1ms"}}`}, {"bulkhead", `{"max_concurrent":1000}`},
		{"breaker", `{"error_ratio":1,"min_requests":1000000}`}, {"in_flight", `{"per":"address","max":1000000}`},
		{"unit_limit", `{"unit":"tokens","per":"address","rate":"1000000000/s","over":"cut"}`},
	} {
		all = append(all, registry.Policy{Kind: p[0], Config: []byte(p[1])})
	}
	return append(all, registry.Policy{Kind: "rate_limit", Name: "plan", Config: []byte(`{"per":"subscription"}`)})
}

// whoever authenticates everybody as one subscriber.
func whoever() pipeline.AnyKind {
	return pipeline.NewKind("whoever", func(*pipeline.Env, struct{}) (authn.Authenticator, error) {
		id := &pipeline.Identity{Subject: "k1", Consumer: "acme", Scopes: []string{"wire"}, Roles: []string{"wire"}, Environment: "test"}
		return &gatewaytest.Authenticator{Identity: id}, nil
	})
}

func TestOnTheWireWithEveryPolicy(t *testing.T) {
	t.Parallel()
	policies, terminal := everyPolicy(), []string{"public", "deny", "redirect", "respond"} // these let nobody pass, or ask nobody
	for _, k := range standard.All() {
		if k.Makes() == reflect.TypeFor[[]pipeline.Stage]() && !slices.Contains(terminal, k.KindName()) {
			require.True(t, slices.ContainsFunc(policies, func(p registry.Policy) bool { return p.Kind == k.KindName() }), "%s is not at work", k.KindName())
		}
	}
	people := directory.New()
	plan := &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1_000_000, Per: time.Second}}}}
	require.NoError(t, people.Apply([]registry.Change{{Plan: plan}, {Subscription: &registry.Subscription{
		ID: "s1", Consumer: "acme", API: "wire/v1", Environment: "test", Active: true, Plan: plan, Scopes: []string{"wire"},
	}}}))
	f := newFleet()
	wire.Run(t, func(t testing.TB, backend string) wire.Target {
		s := onWire(backend)
		for i := range s.Routes {
			s.Routes[i].Policies = policies
		}
		addrs := f.serve(t, s, []gateway.Option{gateway.Directory(people), gateway.Kinds(whoever())}, plainAndH2C()...)
		return wire.Target{Addr: addrs[0], HTTP2: addrs[1]}
	})
}

// TestSocketsAreToldAtTheDrain has a gateway end while a backend is in the
// middle of a frame: each side gets a close frame of 1001 (going away) where a
// frame may begin, and the socket ends when both have answered.
func TestSocketsAreToldAtTheDrain(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ln.Close()) })
	f := newFleet()
	client := dialing(t, f.serve(t, onWire(ln.Addr().String()), nil, listen.Config{})[0])
	client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	conn, err := ln.Accept()
	require.NoError(t, err)
	backend := newEnd(t, conn)
	backend.head()
	backend.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x82\x04ab")
	require.Contains(t, client.head(), " 101 ")
	client.expect("\x82\x04ab")

	f.end()
	backend.expect("\x88\x82\x00\x00\x00\x00\x03\xe9")
	backend.send("cd\x82\x01x") // the second frame comes too late
	client.expect("cd\x88\x02\x03\xe9")
	client.send("\x88\x82\x00\x00\x00\x00\x03\xe9")
	require.NoError(t, client.conn.Close())
	require.NoError(t, backend.conn.Close())
}

// An end is one of a connection.
type end struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func dialing(t testing.TB, addr string) *end {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	return newEnd(t, conn)
}

func newEnd(t testing.TB, conn net.Conn) *end {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return &end{t, conn, bufio.NewReader(conn)}
}

func (e *end) send(s string) {
	e.t.Helper()
	_, err := io.WriteString(e.conn, s)
	require.NoError(e.t, err)
}

func (e *end) expect(want string) {
	e.t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(e.in, got)
	require.NoError(e.t, err)
	require.Equal(e.t, want, string(got))
}

// head reads up to the empty line.
func (e *end) head() (head string) {
	e.t.Helper()
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := e.in.ReadString('\n')
		require.NoError(e.t, err, head)
		head += line
	}
	return head
}
