package upstream_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func newHash(t testing.TB, c upstream.HashConfig) upstream.Balancer {
	t.Helper()
	b, err := upstream.NewHash(c)
	require.NoError(t, err)
	return b
}

func TestBalancersKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() upstream.Balancer{
		"round_robin":       upstream.NewRoundRobin,
		"least_connections": upstream.NewLeastConnections,
		"random_two":        func() upstream.Balancer { return upstream.NewRandomTwo(nil) },
		"hash":              func() upstream.Balancer { return newHash(t, upstream.HashConfig{Header: "x-session"}) },
		"hash of addresses": func() upstream.Balancer { return newHash(t, upstream.HashConfig{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestBalancer(t, make)
		})
	}
}

// busy gives each endpoint of an upstream so many attempts in flight, and
// returns the set.
func busy(t *testing.T, weights []int, inFlight []int) []*upstream.Endpoint {
	t.Helper()
	var got []*upstream.Endpoint
	next := 0
	b := &gatewaytest.Balancer{Choose: func(_ *pipeline.Exchange, set []*upstream.Endpoint) *upstream.Endpoint {
		got = set
		return set[next]
	}}
	u := registry.Upstream{}
	for i, w := range weights {
		u.Endpoints = append(u.Endpoints, registry.Endpoint{URL: fmt.Sprintf("http://%c", 'a'+i), Weight: w})
	}
	up := newUpstream(t, u, upstream.Options{Balancer: b, Transport: func(registry.Upstream, *http.Transport) http.RoundTripper {
		return roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: unending{}, ContentLength: -1}, nil
		})
	}})
	for i, n := range inFlight {
		for next = i; n > 0; n-- {
			_, err := up.Serve(t.Context(), exchange(t, "GET", "/", nil))
			require.NoError(t, err)
		}
	}
	if got == nil {
		_, _ = up.Serve(t.Context(), exchange(t, "GET", "/", nil))
	}
	return got
}

// unending is a body that goes on until it is closed.
type unending struct{}

func (unending) Read([]byte) (int, error) { return 0, nil }
func (unending) Close() error             { return nil }

func TestLeastConnectionsPicksTheIdlest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		weights, inFlight []int
		want              string
	}{
		{"the one with the fewest", []int{1, 1, 1}, []int{3, 1, 2}, "bbbb"},
		{"for its weight", []int{10, 1, 1}, []int{5, 1, 1}, "aaaa"},
		{"a weight is no excuse beyond its measure", []int{2, 1}, []int{5, 2}, "bbbb"},
		{"equal ones take turns", []int{1, 1, 1}, []int{2, 1, 1}, "bcbcbc"},
		{"and equal ones by weight, where all are", []int{3, 1}, []int{3, 1}, "aabaaaba"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set := busy(t, c.weights, c.inFlight)
			b := upstream.NewLeastConnections()
			got := turns(b, set, len(c.want))
			if c.name == "equal ones take turns" {
				require.NotContains(t, got, "a")
				require.Contains(t, got, "b")
				require.Contains(t, got, "c")
				return
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestLeastConnectionsAvoidsWhatWasTried(t *testing.T) {
	t.Parallel()
	set := busy(t, []int{1, 1, 1}, []int{0, 4, 3})
	for name, b := range map[string]upstream.Balancer{
		"least_connections": upstream.NewLeastConnections(), "hash": newHash(t, upstream.HashConfig{}),
	} {
		x := exchange(t, "GET", "/", nil)
		seen := map[string]bool{}
		for range set {
			e := b.Pick(x, set)
			require.False(t, seen[e.URL()], name)
			seen[e.URL()] = true
			x.Tried(pipeline.Attempt{Endpoint: e.URL()})
		}
		require.NotNil(t, b.Pick(x, set), "where all were tried, one is tried again")
	}
}

func TestRandomTwoNeverPicksTheBusiest(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Log("seed", seed)
	source := rand.New(rand.NewPCG(seed, 1))
	set := busy(t, []int{1, 1, 1, 1}, []int{9, 1, 1, 1})
	b := upstream.NewRandomTwo(source.Uint64)
	counts := map[string]int{}
	for range 4000 {
		counts[b.Pick(nil, set).URL()]++
	}
	require.Zero(t, counts["http://a"])
	for _, url := range []string{"http://b", "http://c", "http://d"} {
		require.Greater(t, counts[url], 900)
	}
}

func TestRandomTwoHonoursWeights(t *testing.T) {
	t.Parallel()
	b, set := upstream.NewRandomTwo(nil), endpoints(t, 8, 1, 1)
	counts := map[string]int{}
	for range 10000 {
		counts[b.Pick(nil, set).URL()]++
	}
	require.InDelta(t, 8000, counts["http://a"], 1000)
}

func TestHashKeepsToItsEndpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		hash upstream.HashConfig
		of   func(i int) *pipeline.Exchange
	}{
		{"of a header", upstream.HashConfig{Header: "x-tenant"}, func(i int) *pipeline.Exchange {
			return gatewaytest.NewExchange("GET", "/", gatewaytest.Header("X-Tenant", fmt.Sprint("t", i)))
		}},
		{"of a cookie", upstream.HashConfig{Cookie: "sid"}, func(i int) *pipeline.Exchange {
			return gatewaytest.NewExchange("GET", "/", gatewaytest.Header("Cookie", fmt.Sprintf("xsid=1; sid=%d; b=2", i)))
		}},
		{"of the client's address", upstream.HashConfig{}, func(i int) *pipeline.Exchange {
			return gatewaytest.NewExchange("GET", "/", gatewaytest.Client(fmt.Sprintf("10.0.%d.%d", i/250, i%250)))
		}},
		{"of the address for want of the header", upstream.HashConfig{Header: "X-Tenant"}, func(i int) *pipeline.Exchange {
			return gatewaytest.NewExchange("GET", "/", gatewaytest.Client(fmt.Sprintf("10.0.%d.%d", i/250, i%250)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			one, other := newHash(t, c.hash), newHash(t, c.hash)
			set := endpoints(t, 2, 1, 1)
			counts, moved := map[string]int{}, 0
			for i := range 4000 {
				x := c.of(i)
				e := one.Pick(x, set)
				require.Same(t, e, other.Pick(x, set), "in each process")
				counts[e.URL()]++
				fewer := one.Pick(x, set[:2])
				if e != set[2] {
					require.Same(t, e, fewer, "what had another endpoint stays")
				} else {
					moved++
				}
			}
			require.InDelta(t, 2000, counts["http://a"], 150)
			require.InDelta(t, 1000, counts["http://b"], 120)
			require.Equal(t, counts["http://c"], moved)
		})
	}
}

func TestFaultsOfHashSettings(t *testing.T) {
	t.Parallel()
	_, err := upstream.NewHash(upstream.HashConfig{Header: "a b", Cookie: "c;d"})
	var fields []string
	for _, f := range registry.AsFaults(err) {
		fields = append(fields, f.Field)
	}
	require.ElementsMatch(t, []string{"/header", "/cookie", "/cookie"}, fields)
}

func TestBalancersAllocateNothing(t *testing.T) {
	set := endpoints(t, 3, 2, 1)
	x := gatewaytest.NewExchange("GET", "/", gatewaytest.Header("Cookie", "a=b; sid=77"), gatewaytest.Client("10.0.0.1"))
	for name, b := range map[string]upstream.Balancer{
		"round_robin": upstream.NewRoundRobin(), "least_connections": upstream.NewLeastConnections(),
		"random_two": upstream.NewRandomTwo(nil), "hash": newHash(t, upstream.HashConfig{Cookie: "sid"}),
	} {
		b.Pick(x, set)
		require.Zero(t, testing.AllocsPerRun(100, func() { b.Pick(x, set) }), name)
	}
}

func TestKindsOfBalancers(t *testing.T) {
	t.Parallel()
	kinds, err := pipeline.NewKinds(upstream.RoundRobinKind(), upstream.LeastConnectionsKind(), upstream.RandomTwoKind(), upstream.HashKind())
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	defer scope.Close()
	env := scope.Env(pipeline.Workshop{Kinds: kinds}, nil, "users")
	for _, p := range []registry.Policy{
		registry.NewPolicy("round_robin", upstream.RoundRobinConfig{}),
		registry.NewPolicy("least_connections", upstream.LeastConnectionsConfig{}),
		registry.NewPolicy("random_two", upstream.RandomTwoConfig{}),
		registry.NewPolicy("hash", upstream.HashConfig{Cookie: "sid"}),
	} {
		b, err := pipeline.Make[upstream.Balancer](env, p)
		require.NoError(t, err)
		require.NotNil(t, b)
	}
	_, err = pipeline.Make[upstream.Balancer](env, registry.NewPolicy("hash", upstream.HashConfig{Header: "a b"}))
	require.Error(t, err)
}
