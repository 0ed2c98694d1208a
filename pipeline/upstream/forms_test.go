package upstream_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onBothForms runs a test over a backend on loopback, by either client, and
// over one in process.
func onBothForms(t *testing.T, h http.HandlerFunc, test func(t *testing.T, serve pipeline.Handler)) {
	t.Helper()
	onEachForm(t, func(t *testing.T, form func(http.HandlerFunc) pipeline.Handler) { test(t, form(h)) })
}

// onEachForm does so for a test whose backends share nothing.
func onEachForm(t *testing.T, test func(t *testing.T, form func(http.HandlerFunc) pipeline.Handler)) {
	t.Helper()
	onBothClients(t, func(t *testing.T, client string) {
		test(t, func(h http.HandlerFunc) pipeline.Handler { return overNetwork(t, client, h).Serve })
	})
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		test(t, func(h http.HandlerFunc) pipeline.Handler { return upstream.Handler(h) })
	})
}

// onBothClients runs a test over the network, by our own client and by
// net/http's.
func onBothClients(t *testing.T, test func(t *testing.T, client string)) {
	t.Helper()
	for _, client := range clients() {
		t.Run("over the network, "+client, func(t *testing.T) {
			t.Parallel()
			test(t, client)
		})
	}
}

func clients() []string { return []string{"direct", "net_http"} }

// by sets the client of an upstream.
func by(client string, u registry.Upstream) registry.Upstream {
	u.Connections.Client = client
	return u
}

func overNetwork(t testing.TB, client string, h http.Handler) *upstream.Upstream {
	t.Helper()
	up := newUpstream(t, by(client, one(backend(t, h))), upstream.Options{})
	require.Equal(t, client, up.Status().Endpoints[0].Client)
	return up
}

func backend(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func newUpstream(t testing.TB, u registry.Upstream, o upstream.Options) *upstream.Upstream {
	t.Helper()
	u.Name = "users"
	up, err := upstream.New(u, o)
	require.NoError(t, err)
	t.Cleanup(up.Close)
	return up
}

// A link records what reaches the client beside the response.
type link struct {
	mu       sync.Mutex
	interims []int
	headers  []http.Header
	stalls   int
	came     chan struct{}
}

func (l *link) Interim(status int, h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interims, l.headers = append(l.interims, status), append(l.headers, h)
	if l.came != nil {
		close(l.came)
		l.came = nil
	}
}

func (l *link) Stalled() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalls++
}

func (l *link) LimitBody(int64) {}

// exchange makes an exchange that ends with the test.
func exchange(t testing.TB, method, target string, body io.Reader) *pipeline.Exchange {
	t.Helper()
	x, _ := linked(t, method, target, body)
	return x
}

func linked(t testing.TB, method, target string, body io.Reader) (*pipeline.Exchange, *link) {
	t.Helper()
	l := &link{}
	x := &pipeline.Exchange{
		In: httptest.NewRequest(method, target, body), Scheme: "http", Client: netip.MustParseAddr("192.0.2.1"),
	}
	x.Begin(l, pipeline.Raw{Remote: "192.0.2.1:4711"}, nil)
	t.Cleanup(func() { require.NoError(t, x.Finish(&pipeline.Summary{})) })
	return x, l
}

// answer serves x and reads the whole answer.
func answer(t testing.TB, serve pipeline.Handler, x *pipeline.Exchange) (*http.Response, string) {
	t.Helper()
	resp, err := serve(t.Context(), x)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp, string(body)
}

// fails serves x and returns how the backend failed.
func fails(t testing.TB, serve pipeline.Handler, x *pipeline.Exchange) *pipeline.UpstreamError {
	t.Helper()
	resp, err := serve(t.Context(), x)
	if err == nil {
		require.NoError(t, resp.Body.Close())
	}
	var u *pipeline.UpstreamError
	require.ErrorAs(t, err, &u)
	return u
}

func write(w io.Writer, s string) { _, _ = io.WriteString(w, s) }

// newCountingServer tells of each connection that ends.
func newCountingServer(t testing.TB, closed chan<- struct{}) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, "ok") }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// wrapped is a Transport option that leaves its mark.
func wrapped(u registry.Upstream, base *http.Transport) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("X-Seen", u.Name)
		return base.RoundTrip(r)
	})
}
