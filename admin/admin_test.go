package admin_test

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/admin"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A control is a gateway whose answers are its fields.
type control struct {
	serving bool
	routes  []pipeline.RouteStatus
	config  pipeline.ConfigStatus
}

func (c control) Serving() bool                  { return c.serving }
func (c control) Routes() []pipeline.RouteStatus { return c.routes }
func (c control) Config() pipeline.ConfigStatus  { return c.config }

// full can tell of upstreams too.
type full struct {
	control
	upstreams []pipeline.UpstreamStatus
}

func (f full) Upstreams() []pipeline.UpstreamStatus { return f.upstreams }

func sample() full {
	at := time.Date(2026, time.November, 24, 22, 0, 0, 0, time.UTC)
	policy := registry.NewPolicy("api_key", map[string]any{"secret": map[string]string{"env": "KEY_SECRET"}})
	return full{
		control: control{
			serving: true,
			routes: []pipeline.RouteStatus{
				{
					Name: "get-user", API: "users/v2", Match: registry.Match{Methods: []string{"GET"}, Path: "/users/{id}"},
					Upstream: "users-v2", Hash: "5e1f", InFlight: 2, Served: 12345, Since: at,
					Stages: []pipeline.StageStatus{{Name: "api_key", Phase: "authenticate"}, {Name: "forward", Phase: "forward"}},
				},
				{Name: "health", Match: registry.Match{Path: "/health"}, Stages: []pipeline.StageStatus{}, Since: at},
			},
			config: pipeline.ConfigStatus{
				Version: "2026-11-24.2", Environment: "production", Applied: at, Origin: "source", Retiring: 1,
				Snapshot: &registry.Snapshot{
					Version: "2026-11-24.2", Environment: "production",
					Routes: []registry.Route{{Name: "health", Match: registry.Match{Path: "/health"}, Policies: []registry.Policy{policy}}},
				},
				History: []pipeline.Version{{Version: "2026-11-24.2", Applied: at}},
				Refused: &pipeline.Refusal{Version: "2026-11-24.3", At: at, Faults: []string{`route "x": unknown upstream "y"`}},
			},
		},
		upstreams: []pipeline.UpstreamStatus{{
			Name: "users-v2", Endpoints: []pipeline.EndpointStatus{{URL: "http://10.0.0.1:9001", Weight: 3, Zone: "eu-1", InFlight: 2}},
		}},
	}
}

// ask sends a request as one arrives on loopback.
func ask(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1:9901"+target, nil))
	return w
}

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestWhatIsServedIsToldAsJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, target, golden string
		control              admin.Control
	}{
		{"all routes with their chains", "/routes", "routes.json", sample()},
		{"one route by its name", "/routes?name=health", "route.json", sample()},
		{"the configuration with references only", "/config", "config.json", sample()},
		{"the upstreams with their endpoints", "/upstreams", "upstreams.json", sample()},
		{"no routes are an empty list", "/routes", "routes_none.json", full{}},
		{"no configuration has no history", "/config", "config_none.json", full{}},
		{"no upstreams are an empty list", "/upstreams", "upstreams_none.json", full{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(admin.New(tt.control), http.MethodGet, tt.target)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			golden(t, tt.golden, w.Body.String())
		})
	}
}

func TestLivenessAndReadinessSayNothingButTheirState(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		serving bool
		target  string
		status  int
		body    string
	}{
		{"a gateway that serves is alive", true, "/livez", 200, "ok\n"},
		{"a gateway that drains is alive", false, "/livez", 200, "ok\n"},
		{"a gateway that serves is ready", true, "/readyz", 200, "ready\n"},
		{"a gateway that drains is not ready", false, "/readyz", 503, "not ready\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(admin.New(control{serving: tt.serving}), http.MethodGet, tt.target)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.body, w.Body.String())
		})
	}
}

func TestRefusalsAreProblemDocuments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, target string
		status               int
		body                 string
	}{
		{"an unknown path", "GET", "/secret?x=1", 404,
			`{"type":"about:blank","title":"Not Found","status":404,"code":"admin_path_unknown"}`},
		{"metrics where there are none", "GET", "/metrics", 404,
			`{"type":"about:blank","title":"Not Found","status":404,"code":"admin_path_unknown"}`},
		{"upstreams where nobody knows them", "GET", "/upstreams", 404,
			`{"type":"about:blank","title":"Not Found","status":404,"code":"admin_path_unknown"}`},
		{"profiles that nobody asked for", "GET", "/debug/pprof/heap", 404,
			`{"type":"about:blank","title":"Not Found","status":404,"code":"admin_path_unknown"}`},
		{"a path that is not in its plain form", "GET", "/routes/", 404,
			`{"type":"about:blank","title":"Not Found","status":404,"code":"admin_path_unknown"}`},
		{"a route that is not there", "GET", "/routes?name=none", 404,
			`{"type":"about:blank","title":"Not Found","status":404,"code":"admin_route_unknown"}`},
		{"a method that changes things", "POST", "/config", 405,
			`{"type":"about:blank","title":"Method Not Allowed","status":405,"code":"method_not_allowed"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(admin.New(control{}), tt.method, tt.target)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.JSONEq(t, tt.body, w.Body.String())
			if tt.status == http.StatusMethodNotAllowed {
				require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
			}
		})
	}
}

func TestWhatCannotBeEncodedIsABare500(t *testing.T) {
	t.Parallel()
	c := control{config: pipeline.ConfigStatus{Snapshot: &registry.Snapshot{
		Edge: []registry.Policy{{Kind: "k", Config: []byte("secret, and no JSON")}},
	}}}
	w := ask(admin.New(c), http.MethodGet, "/config")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.JSONEq(t, `{"type":"about:blank","title":"Internal Server Error","status":500,"code":"admin_internal"}`, w.Body.String())
}

func TestEveryAnswerIsGuardedAgainstBrowsers(t *testing.T) {
	t.Parallel()
	h := admin.New(sample())
	for _, target := range []string{"/livez", "/readyz", "/routes", "/config", "/upstreams", "/unknown"} {
		header := ask(h, http.MethodGet, target).Header()
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), target)
		require.Equal(t, "no-store", header.Get("Cache-Control"), target)
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"), target)
		require.Empty(t, header.Get("Access-Control-Allow-Origin"), target)
	}
}

func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(admin.New(sample()))
	defer server.Close()
	client := server.Client()
	get, err := client.Get(server.URL + "/routes")
	require.NoError(t, err)
	body, err := io.ReadAll(get.Body)
	require.NoError(t, err)
	require.NoError(t, get.Body.Close())
	head, err := client.Head(server.URL + "/routes")
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusOK, head.StatusCode)
	require.EqualValues(t, len(body), head.ContentLength)
}

func TestMetricsAreServedWhereGiven(t *testing.T) {
	t.Parallel()
	h := admin.New(control{}, admin.Metrics(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "up 1\n")
	})))
	require.Equal(t, "up 1\n", ask(h, http.MethodGet, "/metrics").Body.String())
	require.Equal(t, http.StatusMethodNotAllowed, ask(h, http.MethodDelete, "/metrics").Code)
}

func TestNamesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	loopback, network := &net.TCPAddr{IP: net.IPv6loopback}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}
	for _, tt := range []struct {
		name   string
		host   string
		local  net.Addr
		hosts  []string
		status int
	}{
		{"an address on loopback", "127.0.0.1:9901", loopback, nil, 200},
		{"an address without port", "127.0.0.1", loopback, nil, 200},
		{"an IPv6 address", "[::1]:9901", loopback, nil, 200},
		{"an IPv6 address without port", "[::1]", loopback, nil, 200},
		{"localhost in any form", "LocalHost.:9901", loopback, nil, 200},
		{"a name below localhost", "gw.localhost", loopback, nil, 200},
		{"a name that resolves to loopback", "evil.example:9901", loopback, nil, 403},
		{"a name that only looks like an address", "127.0.0.1.evil.example", loopback, nil, 403},
		{"a name that only looks like localhost", "evillocalhost", loopback, nil, 403},
		{"no name", "", loopback, nil, 403},
		{"a configured name", "Admin.internal:9901", loopback, []string{"admin.INTERNAL."}, 200},
		{"another than the configured name", "evil.example", loopback, []string{"admin.internal"}, 403},
		{"any name on a network", "gateway-admin.svc", network, nil, 200},
		{"no name on a network", "", network, nil, 403},
		{"another than the configured name on a network", "evil.example", network, []string{"admin.internal"}, 403},
		{"a name on a listener that is not known", "evil.example", nil, nil, 403},
		{"a name on a listener that is no TCP", "evil.example", &net.UnixAddr{}, nil, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/livez", nil)
			r.Host = tt.host
			if tt.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, tt.local))
			}
			w := httptest.NewRecorder()
			admin.New(control{}, admin.Hosts(tt.hosts...)).ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			if tt.status == http.StatusForbidden {
				require.Contains(t, w.Body.String(), admin.CodeHostRefused)
			}
		})
	}
}

func TestProfilesAreServedWhereAskedFor(t *testing.T) {
	t.Parallel()
	h := admin.New(control{}, admin.Pprof(true))
	for _, name := range []string{"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"} {
		w := ask(h, http.MethodGet, "/debug/pprof/"+name)
		require.Equal(t, http.StatusOK, w.Code, name)
		require.Equal(t, []byte{0x1f, 0x8b}, w.Body.Bytes()[:2], "a profile is gzipped")
	}
	require.Contains(t, ask(h, http.MethodGet, "/debug/pprof/goroutine?debug=1").Body.String(), "goroutine profile: total")
	require.Equal(t, http.StatusNotFound, ask(admin.New(control{}, admin.Pprof(false)), http.MethodGet, "/debug/pprof/heap").Code)
}

func TestAProfileOverTimeEndsWithItsClient(t *testing.T) {
	t.Parallel()
	h := admin.New(control{}, admin.Pprof(true))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"profile", "trace"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://[::1]/debug/pprof/"+name+"?seconds=60", nil).WithContext(ctx))
		require.Equal(t, http.StatusOK, w.Code, name)
		require.NotZero(t, w.Body.Len(), name)
		require.Equal(t, http.StatusOK, ask(h, http.MethodHead, "/debug/pprof/"+name).Code)
		for _, bad := range []string{"0", "61", "-1", "1.5", "x"} {
			require.Equal(t, http.StatusBadRequest, ask(h, http.MethodGet, "/debug/pprof/"+name+"?seconds="+bad).Code, bad)
		}
	}
}

func BenchmarkReady(b *testing.B) {
	h := admin.New(control{serving: true})
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/readyz", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
