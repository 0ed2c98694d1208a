package cache_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/registry"
)

// gullible answers with all that it was told, and lets everybody store it: the
// backend that whoever poisons caches looks for. It takes ";" for a separator,
// and reads a body as it reads a query.
func gullible(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Cache-Control", "max-age=60")
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.Host, r.URL.Path)
	r.Header.Del("Via") // the name of a gateway, which is another in each test
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
	}
	parameters := map[string]string{} // the last one counts
	for _, part := range strings.FieldsFunc(r.URL.RawQuery+"&"+string(body), func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(part, "=")
		parameters[name] = value
	}
	delete(parameters, "utm_source") // as a page does that is the same for all of them
	fmt.Fprint(w, parameters)
}

// A probe is what an attacker asks in the hope that somebody else is answered
// by it.
type probe struct {
	method, target, body string
	fields               []string
}

func probes() map[string]probe {
	all := map[string]probe{
		"a body of GET":                     {body: "q=evil"},
		"a body of GET in chunks":           {body: "q=evil", fields: []string{"Transfer-Encoding", "chunked"}},
		"a parameter that hides behind ;":   {target: "/page?q=1&utm_source=x;q=evil"},
		"one that hides in front of ;":      {target: "/page?utm_source=x;q=evil&q=1"},
		"an encoded name that is not read":  {target: "/page?q=1&utm%5fsource=x;q=evil"},
		"a name that cannot be decoded":     {target: "/page?q=1&%zz=evil"},
		"a parameter that comes twice":      {target: "/page?q=1&q=evil"},
		"HEAD":                              {method: http.MethodHead},
		"POST":                              {method: http.MethodPost, body: "q=evil"},
		"a path of another spelling":        {target: "/x/%2e%2e/page?q=1", fields: []string{"X-Host", "evil"}},
		"an Authorization of the attacker":  {fields: []string{"Authorization", "Bearer evil"}},
		"a range":                           {fields: []string{"Range", "bytes=0-3"}},
		"a field that Connection takes off": {fields: []string{"Connection", "X-Forwarded-Host", "X-Forwarded-Host", "evil"}},
	}
	for _, name := range []string{
		"X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Scheme", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix",
		"X-Forwarded-For", "X-Forwarded-Path", "Forwarded", "X-Host", "X-HTTP-Host-Override", "X-Original-Host", "X-Original-URL",
		"X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Real-IP", "True-Client-IP", "X-Client-IP",
	} {
		all["unkeyed "+name] = probe{fields: []string{name, "evil.example"}}
	}
	return all
}

func (p probe) send(g http.Handler) {
	method, target := p.method, p.target
	if method == "" {
		method = http.MethodGet
	}
	if target == "" {
		target = "/page?q=1"
	}
	r := httptest.NewRequest(method, target, strings.NewReader(p.body))
	for i := 0; i+1 < len(p.fields); i += 2 {
		r.Header.Add(p.fields[i], p.fields[i+1])
	}
	if len(p.fields) > 0 && p.fields[0] == "Transfer-Encoding" {
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	}
	g.ServeHTTP(httptest.NewRecorder(), r)
}

// TestPoisonedRequestsChangeNoSharedEntry asks as an attacker does, and then as
// everybody does: the answer is the one that nobody was asked for before.
func TestPoisonedRequestsChangeNoSharedEntry(t *testing.T) {
	t.Parallel()
	victim := func(g http.Handler) string { return ask(g, http.MethodGet, "/page?q=1").Body.String() }
	clean := victim(sharing(t))
	require.NotContains(t, clean, "evil")
	for name, p := range probes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := sharing(t)
			p.send(g)
			require.Equal(t, clean, victim(g))
			require.Equal(t, clean, victim(g), "from the cache too")
		})
	}
}

// sharing is a gateway whose cache is shared by all, before a gullible backend.
func sharing(t *testing.T) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(gateway.Upstream("things", http.HandlerFunc(gullible)),
		gateway.Kinds(cache.Kind(), memory.Kind(), authz.PublicKind()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Close() })
	config := ignoring("utm_source")
	config.Shared = true
	require.NoError(t, g.Apply(t.Context(), registry.Update{Snapshot: &registry.Snapshot{
		Version: "1", Environment: "test",
		Routes: []registry.Route{{
			Name: "things", Match: registry.Match{Path: "/{rest...}"}, Upstream: "things",
			Policies: []registry.Policy{cache.Policy(config), authz.PublicPolicy()},
		}},
	}}))
	return g
}
