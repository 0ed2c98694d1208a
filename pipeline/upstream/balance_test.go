package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func endpoints(t testing.TB, weights ...int) []*upstream.Endpoint {
	t.Helper()
	set := make([]*upstream.Endpoint, len(weights))
	for i, w := range weights {
		e, err := upstream.NewEndpoint(registry.Endpoint{URL: fmt.Sprintf("http://%c%s", 'a'+i%26, strings.Repeat("x", i/26)), Weight: w})
		require.NoError(t, err)
		set[i] = e
	}
	return set
}

func turns(b upstream.Balancer, set []*upstream.Endpoint, n int) string {
	s := ""
	for range n {
		s += strings.TrimPrefix(b.Pick(nil, set).URL(), "http://")
	}
	return s
}

func TestRoundRobinGivesEachItsShareInTurn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		weights []int
		want    string
	}{
		{"equal ones alternate", []int{0, 0, 0}, "abcabc"},
		{"three to one", []int{3, 1}, "aabaaaba"},
		{"lowest terms", []int{20, 10}, "abaaba"},
		{"interleaved", []int{5, 1, 1}, "aabacaa"},
		{"one alone", []int{7}, "aaa"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, turns(upstream.NewRoundRobin(), endpoints(t, c.weights...), len(c.want)))
		})
	}
}

func TestRoundRobinIsExactForManyCallers(t *testing.T) {
	t.Parallel()
	b, set := upstream.NewRoundRobin(), endpoints(t, 7, 2, 1)
	var counts [3]atomic.Int64
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			for range 100 {
				e := b.Pick(nil, set)
				for i := range set {
					if set[i] == e {
						counts[i].Add(1)
					}
				}
			}
		})
	}
	wait.Wait()
	require.Equal(t, []int64{700, 200, 100}, []int64{counts[0].Load(), counts[1].Load(), counts[2].Load()})
}

func TestRoundRobinFollowsTheSet(t *testing.T) {
	t.Parallel()
	b, many := upstream.NewRoundRobin(), endpoints(t, 1, 1, 1, 1)
	require.Equal(t, "abcd", turns(b, many, 4))
	require.Equal(t, "aa", turns(b, many[:1], 2))
	require.Equal(t, "cdab", turns(b, many, 4))
}

func TestHugeWeightsAreScaledDown(t *testing.T) {
	t.Parallel()
	weights := make([]int, 100)
	for i := range weights {
		weights[i] = 1000 - i%2
	}
	b, set := upstream.NewRoundRobin(), endpoints(t, weights...)
	counts := map[string]int{}
	for range 16400 {
		counts[b.Pick(nil, set).URL()]++
	}
	require.Len(t, counts, 100)
	for url, n := range counts {
		require.InDelta(t, 164, n, 3, url)
	}
}

func TestAnEndpointThatWasTriedIsAvoided(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		alive := backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, "ok") }))
		dead := nobody(t) // last: a port that is free again may be given to the next
		up := newUpstream(t, by(client, registry.Upstream{Endpoints: []registry.Endpoint{
			{URL: dead, Weight: 1000}, {URL: alive},
		}}), upstream.Options{})
		for range 20 {
			x := exchange(t, "GET", "/", nil)
			resp, err := up.Serve(t.Context(), x)
			if err != nil {
				resp, err = up.Serve(t.Context(), x)
			}
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
		}
	})
}

// A fixed balancer picks one and remembers what it was asked.
type fixed struct{ seen chan []*upstream.Endpoint }

func (f fixed) Pick(_ *pipeline.Exchange, set []*upstream.Endpoint) *upstream.Endpoint {
	f.seen <- set
	return set[0]
}

func TestAnEndpointKeepsItsIdentity(t *testing.T) {
	t.Parallel()
	f := fixed{make(chan []*upstream.Endpoint, 3)}
	url := backend(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	up := newUpstream(t, by(direct, one(url)), upstream.Options{Balancer: f})
	answer(t, up.Serve, exchange(t, "GET", "/", nil))
	require.NoError(t, up.Update([]registry.Endpoint{{URL: url, Weight: 5, Zone: "z", Version: "2"}, {URL: "http://b"}}))
	answer(t, up.Serve, exchange(t, "GET", "/", nil))
	before, after := <-f.seen, <-f.seen
	require.Same(t, before[0], after[0])
	require.Equal(t, pipeline.EndpointStatus{URL: url, Weight: 5, Zone: "z", Version: "2", Client: "direct", Ready: true}, up.Status().Endpoints[0])
}

func TestAFaultyUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, one("http://a"), upstream.Options{})
	err := up.Update([]registry.Endpoint{{URL: "http://b"}, {URL: "nonsense"}})
	require.Equal(t, "/endpoints/1/url", registry.AsFaults(err)[0].Field)
	require.Equal(t, "http://a", up.Status().Endpoints[0].URL)
}

func TestInFlightLastsUntilTheBodyIsClosed(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		h := func(w http.ResponseWriter, _ *http.Request) { write(w, "body") }
		up := overNetwork(t, client, http.HandlerFunc(h))
		inFlight := func() int64 { return up.Status().Endpoints[0].InFlight }
		resp, err := up.Serve(t.Context(), exchange(t, "GET", "/", nil))
		require.NoError(t, err)
		require.Equal(t, int64(1), inFlight())
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, int64(1), inFlight())
		require.NoError(t, resp.Body.Close())
		require.Equal(t, int64(0), inFlight())
		require.NoError(t, resp.Body.Close())
		require.Equal(t, int64(0), inFlight(), "a second Close counts for nothing")

		x := exchange(t, "GET", "/", nil)
		_, err = up.Serve(t.Context(), x)
		require.NoError(t, err)
		require.Equal(t, int64(1), inFlight())
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Equal(t, int64(0), inFlight(), "the end of the exchange counts where nobody closed")

		answer(t, up.Serve, exchange(t, "HEAD", "/", nil))
		require.Equal(t, int64(0), inFlight())
	})
}

func TestAnUpdateUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		var urls []string
		for range 4 {
			urls = append(urls, backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, "ok") })))
		}
		up := newUpstream(t, by(client, one(urls[0])), upstream.Options{})
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan struct{})
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for ctx.Err() == nil {
					// net/http repeats a GET by itself, but not a POST
					x := &pipeline.Exchange{In: httptest.NewRequest("POST", "/", strings.NewReader("a"))}
					resp, err := up.Serve(t.Context(), x)
					if err != nil {
						t.Error(err)
					} else {
						_, _ = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
					}
					_ = x.Finish(&pipeline.Summary{})
					select {
					case served <- struct{}{}:
					case <-ctx.Done():
					}
				}
			})
		}
		for i := range 400 {
			<-served
			a, b := urls[i%4], urls[(i+1)%4]
			require.NoError(t, up.Update([]registry.Endpoint{{URL: a, Weight: 1 + i%3}, {URL: b}}))
		}
		stop()
		wait.Wait()
	})
}

func TestARemovedEndpointLetsGoOfItsConnections(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		closed := make(chan struct{}, 8)
		s := newCountingServer(t, closed)
		up := newUpstream(t, by(client, one(s)), upstream.Options{})
		answer(t, up.Serve, exchange(t, "GET", "/", nil))
		resp, err := up.Serve(t.Context(), exchange(t, "GET", "/", nil))
		require.NoError(t, err)
		require.NoError(t, up.Update(nil))
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err, "what was begun is finished")
		require.NoError(t, resp.Body.Close())
		<-closed
	})
}

func TestAPanicOfATransportIsNoAttemptInFlight(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, one("http://a"), upstream.Options{
		Transport: func(registry.Upstream, *http.Transport) http.RoundTripper {
			return roundTrip(func(*http.Request) (*http.Response, error) { panic("boom") })
		},
	})
	x := exchange(t, "GET", "/", nil)
	require.Panics(t, func() { _, _ = up.Serve(t.Context(), x) })
	require.Zero(t, up.Status().Endpoints[0].InFlight)
}
