package gatewaytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
	"github.com/seed-f9645bd3/gateway/standard"
)

func users(policies ...registry.Policy) *registry.Snapshot {
	return &registry.Snapshot{
		Version: "v1", Environment: "test",
		Routes: []registry.Route{{
			Name: "get-user", Match: registry.Match{Path: "/users/{id}"}, Upstream: "users",
			Policies: append(policies, authz.PublicPolicy()),
		}},
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t, users(), standard.Kinds())
	got := g.Do(httptest.NewRequest(http.MethodGet, "/users/7", nil))
	require.Equal(t, 200, got.Status, "a backend answers before it was told how")
	require.Empty(t, got.Body)

	backend := &gatewaytest.Backend{Status: 201, Body: "made"}
	g.Backend("users", backend)
	req, err := http.NewRequest(http.MethodPost, "http://api.example/users/7?a=b", strings.NewReader("hello"))
	require.NoError(t, err)
	got = g.Do(req)
	require.NoError(t, got.Err)
	require.Equal(t, 201, got.Status)
	require.Equal(t, "made", got.Body)
	require.Equal(t, "get-user", got.Route)
	require.Equal(t, "public", got.Decisions[0].Stage)
	require.Len(t, got.Attempts, 1)
	require.Equal(t, 201, got.Summary.Status)
	require.Equal(t, "hello", backend.Last(t).Body)
	require.Len(t, g.Seen(), 2)
	require.Equal(t, "users", g.Seen()[1].Upstream)
	require.Equal(t, "/users/7?a=b", g.Seen()[1].Target)
	require.Equal(t, "hello", g.Seen()[1].Body)

	got = g.Do(httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	require.Equal(t, 404, got.Status)
	require.Equal(t, pipeline.CodeRouteUnknown, got.Code)
	require.Empty(t, got.Route)
	require.Len(t, g.Seen(), 2)
}

func TestGatewayShowsWhatTheWireWould(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t, users(), standard.Kinds())
	g.Backend("users", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "<a>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "hello")
		w.Header().Set("X-Sum", "5")
		w.Header().Set(http.TrailerPrefix+"X-Late", "yes")
	}))
	req := httptest.NewRequest(http.MethodGet, "/users/7", nil)
	req.Header.Set("TE", "trailers")
	got := g.Do(req)
	require.NoError(t, got.Err)
	require.Equal(t, "hello", got.Body)
	require.Len(t, got.Interims, 1)
	require.Equal(t, "<a>", got.Interims[0].Header.Get("Link"))
	require.Empty(t, got.Header.Get("Link"))
	require.Equal(t, "5", got.Trailer.Get("X-Sum"))
	require.Equal(t, "yes", got.Trailer.Get("X-Late"))

	g.Backend("users", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	got = g.Do(httptest.NewRequest(http.MethodGet, "/users/7", nil))
	require.ErrorIs(t, got.Err, gatewaytest.ErrAborted, "a body that broke is no whole answer")
	require.Equal(t, 200, got.Status)
}

func TestGatewayLivesInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gatewaytest.New(t, users(resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(time.Hour)})), standard.Kinds())
		g.Backend("users", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		began := time.Now()
		got := g.Do(httptest.NewRequest(http.MethodGet, "/users/7", nil))
		require.Equal(t, 504, got.Status)
		require.Equal(t, pipeline.CodeUpstreamTimeout, got.Code)
		require.Equal(t, time.Hour, time.Since(began))
	})
}

func TestGatewayReloads(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t, users(), standard.Kinds())
	next := users()
	next.Version, next.Routes[0].Match.Path = "v2", "/people/{id}"
	g.Reload(next)
	require.Equal(t, 404, g.Do(httptest.NewRequest(http.MethodGet, "/users/7", nil)).Status)
	require.Equal(t, 200, g.Do(httptest.NewRequest(http.MethodGet, "/people/7", nil)).Status)
}

func TestGatewayTellsFaults(t *testing.T) {
	t.Parallel()
	_, err := gatewaytest.TryUpdate(t, registry.Update{Snapshot: users(registry.Policy{Kind: "publik"})}, standard.Kinds())
	require.ErrorContains(t, err, `did you mean "public"?`)
	_, err = gatewaytest.TryUpdate(t, registry.Update{Snapshot: users()}, standard.Kinds(), gateway.History(0))
	require.Error(t, err)
}

func TestGatewayUsesTheEndpointsThatThereAre(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&gatewaytest.Backend{Body: "over the wire"})
	defer server.Close()
	s := users()
	s.Upstreams = []registry.Upstream{{Name: "users", Endpoints: []registry.Endpoint{{URL: server.URL}}}}
	g := gatewaytest.New(t, clienttest.All(s), standard.Kinds())
	require.Equal(t, "over the wire", g.Do(httptest.NewRequest(http.MethodGet, "/users/7", nil)).Body)
	require.Empty(t, g.Seen())
}

func ExampleNewExchange() {
	x := gatewaytest.NewExchange(http.MethodGet, "/users/7?full=1",
		gatewaytest.Header("X-API-Key", "k"), gatewaytest.Param("id", "7"), gatewaytest.Client("198.51.100.7"))
	x.Set("X-Consumer", "acme")
	fmt.Println(x.Target(), x.Param("id"), x.Client, x.Get("X-Consumer"))
	// Output: /users/7?full=1 7 198.51.100.7 acme
}

func ExampleDeliver() {
	backend := &gatewaytest.Backend{Body: "alice"}
	h := gatewaytest.Deliver(backend)
	x := gatewaytest.NewExchange(http.MethodGet, "/users/7")
	resp, err := h(x.In.Context(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err, backend.Seen()[0].Target)
	// Output: 200 alice <nil> /users/7
}

func ExampleOutcome() {
	fmt.Println(gatewaytest.Outcome(pipeline.Refuse(http.StatusForbidden, "denied", "")))
	fmt.Println(gatewaytest.Outcome(&pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout}))
	// Output:
	// 403 denied
	// 504 upstream_timeout
}
