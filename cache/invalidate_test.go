package cache_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TestUnsafeMethodsInvalidate holds the stage to RFC 9111 section 4.4.
func TestUnsafeMethodsInvalidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, target string
		says           reply
		gone           bool
	}{
		"POST":                              {method: "POST", target: "/things/1", says: ok(""), gone: true},
		"PUT":                               {method: "PUT", target: "/things/1", says: reply{status: 204}, gone: true},
		"DELETE":                            {method: "DELETE", target: "/things/1", says: reply{status: 204}, gone: true},
		"a method that nobody knows":        {method: "FROB", target: "/things/1", says: ok(""), gone: true},
		"a redirect":                        {method: "POST", target: "/things/1", says: reply{status: 303}, gone: true},
		"not OPTIONS":                       {method: "OPTIONS", target: "/things/1", says: ok("")},
		"not an error":                      {method: "POST", target: "/things/1", says: reply{status: 409}},
		"not a failure":                     {method: "POST", target: "/things/1", says: reply{status: 500}},
		"not for another path":              {method: "POST", target: "/things", says: ok("")},
		"not for another query":             {method: "POST", target: "/things/1?a=b", says: ok("")},
		"by Location":                       {method: "POST", target: "/things", says: reply{status: 201, header: fields("Location", "/things/1")}, gone: true},
		"by a relative Location":            {method: "POST", target: "/things/", says: reply{status: 201, header: fields("Location", "1")}, gone: true},
		"by Content-Location":               {method: "POST", target: "/things", says: ok("", "Content-Location", "http://EXAMPLE.com/things/1"), gone: true},
		"not by Location of another host":   {method: "POST", target: "/things", says: ok("", "Location", "http://other.example/things/1")},
		"not by Location of another scheme": {method: "POST", target: "/things", says: ok("", "Location", "https://example.com/things/1")},
		"not by Location that is none":      {method: "POST", target: "/things", says: ok("", "Location", "http://[")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Vary", "A"))
			b.then(b.answers[0], test.says, reply{status: 299})
			b.fetch(t)
			b.fetch(t, with("A", "1"), gatewaytest.Subscription(&registry.Subscription{ID: "other"}))
			r := b.do(t, test.method, test.target)
			require.Equal(t, test.says.status, r.Status)
			want := 200
			if test.gone {
				want = 299
			}
			require.Equal(t, want, b.fetch(t).Status)
			require.Equal(t, want, b.fetch(t, with("A", "1"), gatewaytest.Subscription(&registry.Subscription{ID: "other"})).Status)
		})
	}
}

func TestTagsPurgeAndAreNotSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{TagsHeader: "x-tags"},
		ok("1", "Cache-Control", "max-age=60", "X-Tags", "a, b"), ok("2", "Cache-Control", "max-age=60", "X-Tags", "b"))
	for _, target := range []string{"/1", "/2", "/1", "/2"} {
		require.Empty(t, b.do(t, http.MethodGet, target).Header["X-Tags"])
	}
	require.Equal(t, 2, b.asked())
	require.Empty(t, b.do(t, http.MethodGet, "/1", with("Range", "bytes=0-0")).Header["X-Tags"])
	require.NoError(t, b.store.Purge(t.Context(), "a"))
	require.Equal(t, cache.CodeHit, code(b.do(t, http.MethodGet, "/2")))
	require.Equal(t, cache.CodeMiss, code(b.do(t, http.MethodGet, "/1")))
	require.NoError(t, b.store.Purge(t.Context(), "b"))
	require.Equal(t, cache.CodeMiss, code(b.do(t, http.MethodGet, "/2")))
}

// TestInvalidationReachesOtherRoutes: those too that leave parameters out of
// their keys.
func TestInvalidationReachesOtherRoutes(t *testing.T) {
	t.Parallel()
	b := newBench(t, ignoring("utm"), ok("a", "Cache-Control", "max-age=60"), ok(""), ok("b", "Cache-Control", "max-age=60"))
	require.Equal(t, "a", b.do(t, http.MethodGet, "/things/1?x=1&utm=1").Body)
	b.build(t, cache.Config{}, gatewaytest.Route(&registry.Route{Name: "writing"}))
	b.do(t, http.MethodPut, "/things/1?x=1")
	b.build(t, ignoring("utm"))
	require.Equal(t, "b", b.do(t, http.MethodGet, "/things/1?x=1&utm=2").Body)
}

// TestWhatIsOnItsWayIsNotStored: it may be of before the change.
func TestWhatIsOnItsWayIsNotStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("old", "Cache-Control", "max-age=60"), ok(""), ok("new", "Cache-Control", "max-age=60"))
	x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
	resp, err := b.stage.Wrap(b.backend)(t.Context(), x)
	require.NoError(t, err)
	b.do(t, http.MethodPut, "/things/1")
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "old", string(body))
	require.NoError(t, resp.Body.Close())
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.Equal(t, "new", b.fetch(t).Body)
	require.Equal(t, cache.CodeHit, code(b.fetch(t)))
}
