package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

// denied returns a route that nobody may call, however it is written.
func denied(name, path string) registry.Route {
	return spelled(registry.Route{
		Name: name, Match: registry.Match{Path: path}, Policies: []registry.Policy{authz.DenyPolicy()},
	}, registry.SpellingNames()...)
}

func spelled(r registry.Route, allow ...string) registry.Route {
	r.Paths.Allow = allow
	return r
}

// spellingTokens are what paths are made of by chance: what may hide the word
// admin, and what may hide that it is a path of its own.
var spellingTokens = strings.Fields(`/ / / // %2f %2F %5c %5C \ ; ;x=1 %3b %3B . .. ... %2e %2e%2e %20 %00 %0a + ~ | ? #
	%252f %252F %255c %253b %252e %252e%252e %2520 %2500 %25252f %25%32%66 %25%32%35 %c0%af %c0%ae %ff %25c0%25af %
	admin admin admin /admin /admin /admin /admin/ %61dmin adm%69n %2561dmin adm%2569n admi%6e ADMIN x y x/y /x/ x// secret secret x/secret é %c3%a9`)

// chanceSpelling returns a path that may be a spelling of one below /admin.
func chanceSpelling(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteByte('/')
	for range 1 + rng.IntN(7) {
		b.WriteString(spellingTokens[rng.IntN(len(spellingTokens))])
	}
	return b.String()
}

// lenience is what some backend does to a path before it looks at it.
func lenience() []func(string) string {
	segments := func(f func(string) string) func(string) string {
		return func(p string) string {
			parts := strings.Split(p, "/")
			for i := range parts {
				parts[i] = f(parts[i])
			}
			return strings.Join(parts, "/")
		}
	}
	decode := func(p string) string {
		if decoded, err := url.PathUnescape(p); err == nil {
			return decoded
		}
		return p
	}
	return []func(string) string{
		decode,
		segments(decode),
		segments(func(s string) string { s, _, _ = strings.Cut(s, ";"); return s }),
		segments(func(s string) string { return strings.TrimRight(s, ".") }),
		segments(func(s string) string { return strings.TrimRight(s, ". ") }),
		func(p string) string { return strings.ReplaceAll(p, `\`, "/") },
		func(p string) string { return strings.ReplaceAll(p, "//", "/") },
		func(p string) string { return path.Clean(p) },
		func(p string) string {
			if host, found := strings.CutPrefix(p, "//"); found {
				_, rest, _ := strings.Cut(host, "/")
				return "/" + rest
			}
			return p
		},
	}
}

// protected reports whether a path is below one that is denied.
func protected(p string) bool {
	for _, prefix := range []string{"/admin", "/x/secret"} {
		if p == prefix || strings.HasPrefix(p, prefix+"/") {
			return true
		}
	}
	return false
}

// readAsProtected applies leniences in an order of chance and reports what
// comes out where that is protected.
func readAsProtected(rng *rand.Rand, p string) (string, bool) {
	all := lenience()
	for range 40 {
		read, decodes := p, 0
		for range 1 + rng.IntN(8) {
			i := rng.IntN(len(all))
			if i < 2 {
				if decodes++; decodes > 2 {
					continue
				}
			}
			if read = all[i](read); protected(read) {
				return read, true
			}
		}
	}
	return "", false
}

// TestNoSpellingReachesAProtectedPath sends whatever may be a spelling of a path
// below /admin, which is denied, to a gateway whose other route allows all that
// can be allowed. What arrives is no spelling of it for any lenient backend.
func TestNoSpellingReachesAProtectedPath(t *testing.T) {
	t.Parallel()
	var arrived string
	g := newGateway(t, gateway.Upstream("b", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived = r.URL.EscapedPath()
	})), gateway.Snapshot(snapshot("1",
		denied("admin", "/admin"), denied("admin-below", "/admin/{rest...}"),
		denied("secret", "/x/secret"), denied("secret-below", "/x/secret/{rest...}"),
		spelled(public("one", "/x/{id}", "b"), registry.SpellingNames()...),
		spelled(public("all", "/{rest...}", "b"), registry.SpellingNames()...),
	)))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	count := 5_000
	if os.Getenv("GATEWAY_LOAD") == "full" {
		count = 200_000
	}
	statuses, odd := map[int]int{}, 0
	for range count {
		p := chanceSpelling(rng)
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + p + " HTTP/1.1\r\nHost: h\r\n\r\n")))
		if err != nil {
			statuses[0]++
			continue
		}
		arrived = ""
		w := httptest.NewRecorder()
		g.ServeHTTP(w, req)
		statuses[w.Code]++
		if w.Code != http.StatusOK {
			require.Empty(t, arrived)
			continue
		}
		if strings.ContainsAny(arrived, "%;") || strings.Contains(arrived, "//") {
			odd++
		}
		if read, found := readAsProtected(rng, arrived); found {
			t.Fatalf("seed %d: %q arrives as %q, which is read as %q", seed, p, arrived, read)
		}
	}
	t.Logf("statuses %v, %d of the 200s in an odd spelling", statuses, odd)
	require.Greater(t, statuses[http.StatusForbidden], count/100, "the protected route is met")
	require.Greater(t, odd, count/100, "what is allowed gets through")
}

// TestWhatASpellingMeets holds the judgement of a route that allows everything.
func TestWhatASpellingMeets(t *testing.T) {
	t.Parallel()
	deny := []registry.Policy{authz.DenyPolicy()}
	g := newGateway(t, gateway.Upstream("b", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.EscapedPath())
	})), gateway.Snapshot(snapshot("1",
		registry.Route{Name: "deny", Match: registry.Match{Path: "/admin/{rest...}"}, Policies: deny},
		registry.Route{Name: "post", Match: registry.Match{Path: "/queue/{id}", Methods: []string{"POST"}}, Policies: deny},
		spelled(public("projects", "/projects/{id}/issues", "b"), "encoded_slash"),
		spelled(public("files", "/files/{rest...}", "b"), registry.SpellingNames()...),
		spelled(public("one", "/{one}", "b"), registry.SpellingNames()...),
		public("plain", "/plain/{rest...}", "b"),
	)))
	for name, c := range map[string]struct {
		target string
		status int
		want   string
	}{
		"an id with an encoded slash":             {"/projects/group%2fproject/issues", 200, "/projects/group%2Fproject/issues"},
		"another spelling than the one allowed":   {"/projects/group%5cproject/issues", 400, "encoded_backslash"},
		"two spellings of which one is allowed":   {"/projects/a%2Fb;c/issues", 400, "not taken here: semicolon."},
		"a route that allows none":                {"/plain/a;b", 400, "semicolon"},
		"a path of no route":                      {"/nothing/of/it;x", 400, "semicolon"},
		"spellings whose readings have one route": {"/files/a%2fb;d//e%2541/f", 200, "/files/a%2Fb;d//e%2541/f"},
		"more readings than are looked at":        {"/files/a%2fb%5Cc;d//e%2541/f.", 400, "another route"},
		"a denied path behind an encoded slash":   {"/admin%2Fsecret", 400, "another route: encoded_slash."},
		"a denied path in an empty segment":       {"/admin//secret", 400, "empty_segment"},
		"a denied path with a parameter":          {"/admin;x%2F", 400, "semicolon"},
		"a denied path that is encoded twice":     {"/%2561dmin%252Fsecret", 400, "double_encoding"},
		"a path that another method takes":        {"/queue%2f1", 400, "encoded_slash"},
		"a reading that no route takes":           {"/unknown%2Fx", 200, "/unknown%2Fx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := get(g, c.target)
			require.Equal(t, c.status, status, body)
			require.Contains(t, body, c.want)
		})
	}
}

func TestAnAllowanceIsTakenUpAndBack(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gateway.Upstream("b", text("b")), gateway.Snapshot(snapshot("1", public("a", "/{rest...}", "b"))))
	status, _ := get(g, "/x%2Fy")
	require.Equal(t, 400, status)
	apply(t, g, snapshot("2", spelled(public("a", "/{rest...}", "b"), "encoded_slash")))
	status, _ = get(g, "/x%2Fy")
	require.Equal(t, 200, status)
	apply(t, g, snapshot("3", public("a", "/{rest...}", "b")))
	status, _ = get(g, "/x%2Fy")
	require.Equal(t, 400, status)
	err := g.Apply(t.Context(), registry.Update{Snapshot: snapshot("4", spelled(public("a", "/{rest...}", "b"), "encoded_slahs"))})
	require.ErrorContains(t, err, `/paths/allow/0: unknown spelling "encoded_slahs"; did you mean "encoded_slash"?`)
}

// A wireGateway is a gateway and a backend, both on sockets.
type wireGateway struct {
	at     string
	mu     sync.Mutex
	routes map[string]string // by case
	got    map[string]string // what the backend got, by case
}

func newWireGateway(t *testing.T) *wireGateway {
	t.Helper()
	w := &wireGateway{routes: map[string]string{}, got: map[string]string{}}
	back := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.got[r.Header.Get("X-Case")] = r.RequestURI + " " + r.Header.Get("X-Guard")
	}))
	t.Cleanup(back.Close)
	s := snapshot("1",
		public("admin", "/admin/{rest...}", "b", header.Policy(header.Config{Request: header.Edits{Set: map[string]string{"X-Guard": "guarded"}}})),
		public("other", "/{rest...}", "b"),
	)
	s.Routes[0].Match.Hosts = []string{"api.example.com"}
	s.Upstreams = []registry.Upstream{{Name: "b", Endpoints: []registry.Endpoint{{URL: back.URL}}}}
	g := newGateway(t, gateway.Snapshot(s))
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("X-Case")
		e := g.Explain(rw, r)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.routes[name] = e.Route
	}))
	t.Cleanup(front.Close)
	w.at = front.Listener.Addr().String()
	return w
}

// ask sends a request line and a host as they are, and returns the status, the
// route and what the backend got.
func (w *wireGateway) ask(t *testing.T, name, target, host string) (status int, route, got string) {
	t.Helper()
	conn, err := net.Dial("tcp", w.at)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Case: %s\r\nConnection: close\r\n\r\n", target, host, name)
	require.NoError(t, err)
	raw, err := io.ReadAll(conn)
	require.NoError(t, err)
	_, err = fmt.Sscanf(string(raw), "HTTP/1.1 %d", &status)
	require.NoError(t, err, string(raw))
	w.mu.Lock()
	defer w.mu.Unlock()
	return status, w.routes[name], w.got[name]
}

// TestEverySpellingOfAPathMeetsItsRoute: what RFC 3986 says is the same meets
// the same route and policies, and goes on in the one form.
func TestEverySpellingOfAPathMeetsItsRoute(t *testing.T) {
	t.Parallel()
	const host = "api.example.com"
	w := newWireGateway(t)
	for i, c := range []struct{ target, host, want string }{
		{"/admin/secret", host, "/admin/secret"},
		{"/%61dmin/secret", host, "/admin/secret"},
		{"/a%64min/secret", host, "/admin/secret"},
		{"/ad%6din/secret", host, "/admin/secret"},
		{"/ad%6Din/secret", host, "/admin/secret"},
		{"/adm%69n/secret", host, "/admin/secret"},
		{"/admi%6E/secret", host, "/admin/secret"},
		{"/%61%64%6d%69%6e/secret", host, "/admin/secret"},
		{"/%61%64%6D%69%6E/%73%65%63%72%65%74", host, "/admin/secret"},
		{"/admin/%73ecret", host, "/admin/secret"},
		{"/admin/secre%74", host, "/admin/secret"},
		{"/admin/a%2Db", host, "/admin/a-b"},
		{"/admin/a%2db", host, "/admin/a-b"},
		{"/admin/a%5Fb", host, "/admin/a_b"},
		{"/admin/%7eroot", host, "/admin/~root"},
		{"/admin/%7Eroot", host, "/admin/~root"},
		{"/admin/a%2eb", host, "/admin/a.b"},
		{"/admin/%30%39", host, "/admin/09"},
		{"/admin/%c3%a9", host, "/admin/%C3%A9"},
		{"/admin/%C3%a9", host, "/admin/%C3%A9"},
		{"/admin/a%20b", host, "/admin/a%20b"},
		{"/admin/a%3fb", host, "/admin/a%3Fb"},
		{"/admin/[1]", host, "/admin/%5B1%5D"},
		{"/admin/", host, "/admin/"},
		{"/admin/.", host, "/admin/"},
		{"/admin/x/..", host, "/admin/"},
		{"/./admin/secret", host, "/admin/secret"},
		{"/././admin/secret", host, "/admin/secret"},
		{"/%2e/admin/secret", host, "/admin/secret"},
		{"/%2E/admin/secret", host, "/admin/secret"},
		{"/../admin/secret", host, "/admin/secret"},
		{"/../../../admin/secret", host, "/admin/secret"},
		{"/%2e%2e/admin/secret", host, "/admin/secret"},
		{"/x/../admin/secret", host, "/admin/secret"},
		{"/x/%2e%2e/admin/secret", host, "/admin/secret"},
		{"/x/%2E%2E/admin/secret", host, "/admin/secret"},
		{"/x/.%2e/admin/secret", host, "/admin/secret"},
		{"/x/%2e./admin/secret", host, "/admin/secret"},
		{"/x/%2E./admin/secret", host, "/admin/secret"},
		{"/x/y/../../admin/secret", host, "/admin/secret"},
		{"/x/y/%2e%2e/.%2e/admin/secret", host, "/admin/secret"},
		{"/x/./../admin/secret", host, "/admin/secret"},
		{"/x/%2e/%2e%2e/admin/secret", host, "/admin/secret"},
		{"/admin/./secret", host, "/admin/secret"},
		{"/admin/%2e/secret", host, "/admin/secret"},
		{"/admin/x/../secret", host, "/admin/secret"},
		{"/admin/x/%2e%2E/secret", host, "/admin/secret"},
		{"/admin/../admin/secret", host, "/admin/secret"},
		{"/x/../%61dmin/./secret", host, "/admin/secret"},
		{"/admin/secret?x=../../y", host, "/admin/secret?x=../../y"},
		{"/%61dmin/secret?x=%61;y&&=", host, "/admin/secret?x=%61;y&&="},
		{"/x/../admin/secret?", host, "/admin/secret?"},
		{"/admin/secret", "API.EXAMPLE.COM", "/admin/secret"},
		{"/admin/secret", "Api.Example.Com", "/admin/secret"},
		{"/admin/secret", "api.example.com.", "/admin/secret"},
		{"/admin/secret", "API.example.COM.", "/admin/secret"},
		{"/admin/secret", "api.example.com:80", "/admin/secret"},
		{"/admin/secret", "api.example.com:8080", "/admin/secret"},
		{"/admin/secret", "api.example.com.:80", "/admin/secret"},
		{"/admin/secret", "API.EXAMPLE.COM.:443", "/admin/secret"},
		{"/x/%2e%2e/%61dmin/secret", "API.example.com.:80", "/admin/secret"},
		{"http://api.example.com/admin/secret", host, "/admin/secret"},
		{"http://api.example.com/admin/secret", "other.example.com", "/admin/secret"},
		{"HTTP://api.example.com/admin/secret", "other.example.com", "/admin/secret"},
		{"http://API.example.com/admin/secret", "other.example.com", "/admin/secret"},
		{"http://api.example.com./admin/secret", "other.example.com", "/admin/secret"},
		{"http://api.example.com:80/admin/secret", "other.example.com", "/admin/secret"},
		{"http://API.EXAMPLE.COM.:80/x/../%61dmin/secret?q=1", "other.example.com", "/admin/secret?q=1"},
		{"http://api.example.com/x/%2e%2e/admin/secret", "other.example.com", "/admin/secret"},
		{"https://api.example.com/admin/secret", "other.example.com", "/admin/secret"},
	} {
		t.Run(fmt.Sprintf("%s of %s", strings.ReplaceAll(c.target, "/", "|"), c.host), func(t *testing.T) {
			t.Parallel()
			status, route, got := w.ask(t, fmt.Sprint(i), c.target, c.host)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "admin", route)
			require.Equal(t, c.want+" guarded", got)
		})
	}
}

// TestOddSpellingsAreRefused by a gateway whose routes allow none.
func TestOddSpellingsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWireGateway(t)
	for i, target := range []string{
		"/admin%2fsecret", "/admin%2Fsecret", "/x%2f..%2fadmin/secret", "/%2fadmin/secret", "/admin/%2fsecret",
		"/admin%5csecret", "/admin%5Csecret", `/admin\secret`, `\admin\secret`, `/x\..\admin\secret`, "/x/..%5cadmin/secret",
		"/admin;x/secret", "/admin/secret;x=1", "/admin%3bx/secret", "/x/..;/admin/secret", "/;/admin/secret", "/admin;/secret",
		"//admin/secret", "/admin//secret", "///admin/secret", "/x/..//admin/secret", "/admin/secret//", "http://api.example.com//admin/secret",
		"/%2561dmin/secret", "/%252561dmin/secret", "/admin%252fsecret", "/x/%252e%252e/admin/secret", "/%25%36%31dmin/secret",
		"/x/%c0%ae%c0%ae/admin/secret", "/admin%c0%afsecret", "/x/%e0%80%ae./admin", "/%c1%a1dmin/secret", "/admin/%ff",
		"/admin/secret%00", "/%00/admin/secret", "/admin%0a/secret", "/admin/%7f", "/admin/%09secret",
		"/admin./secret", "/admin/secret.", "/admin%20/secret", "/admin/secret%20", "/admin%2e/secret", "/admin.../secret",
		"/admin/%", "/admin/%2", "/admin/%zz", "/admin/%u002f", "admin/secret", "/admin/secret#x", "/admin%2fsecret|x", "/x%2f..%2fadmin|",
		"http://u@api.example.com/admin/secret", "http:///admin/secret", "*",
	} {
		t.Run(strings.ReplaceAll(target, "/", "|"), func(t *testing.T) {
			t.Parallel()
			status, route, got := w.ask(t, fmt.Sprint(i), target, "api.example.com")
			require.Equal(t, http.StatusBadRequest, status)
			require.Empty(t, route)
			require.Empty(t, got)
		})
	}
}
