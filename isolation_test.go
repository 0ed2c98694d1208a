package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/compress"
	"github.com/seed-f9645bd3/gateway/transform/fields"
	"github.com/seed-f9645bd3/gateway/transform/header"
	"github.com/seed-f9645bd3/gateway/transform/mask"
)

// A party is one who calls, and what may be seen of the answer.
type party struct {
	field, value     string // the credential
	subject, company string
	scopes           []string // nil: those of the subscription
}

// person is what the backend tells: of the caller as the gateway names it, and
// things that are not for everybody.
type person struct {
	Path, Who, Company, Lang, SSN, Note string
	Pad                                 string
}

const secretSSN = "123-45-6789"

// people is a backend whose answers are of the caller, and seldom twice of the
// same kind.
func people(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	n := rand.IntN(100)
	switch {
	case n < 8:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	case n < 12:
		time.Sleep(time.Millisecond)
	}
	p := person{
		Path: r.URL.Path, Who: r.Header.Get("X-User"), Company: r.Header.Get("X-Company"), Lang: r.Header.Get("Accept-Language"),
		SSN: secretSSN, Note: "internal", Pad: strings.Repeat("x", rand.IntN(3)*3000),
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Add("Vary", "Accept-Language")
	h.Set("Cache-Control", []string{"max-age=60", "max-age=0", "max-age=0, stale-while-revalidate=60", "max-age=0, stale-if-error=60", "s-maxage=60", ""}[rand.IntN(6)])
	if rand.IntN(2) == 0 {
		h.Set("Etag", fmt.Sprintf(`"%s-%s-%s"`, p.Who, p.Company, p.Lang))
	}
	if rand.IntN(2) == 0 {
		h.Set("Last-Modified", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}
	if (r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "") && rand.IntN(2) == 0 {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	raw, _ := json.Marshal(p)
	if rand.IntN(2) == 0 {
		_, _ = w.Write(raw[:len(raw)/2])
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(raw[len(raw)/2:])
		return
	}
	_, _ = w.Write(raw)
}

func TestNobodySeesAnAnswerOfOthersOrMoreThanTheyMay(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123"
	tokens := gatewaytest.NewTokens(t, "EdDSA")
	tokens.Issuer = "https://idp.example"
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "keys.json"), tokens.KeySet(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(secret), 0o600))

	var parties []party
	for _, company := range []string{"acme", "beta"} {
		for _, subject := range []string{"alice", "bob"} {
			for _, scopes := range [][]string{nil, {}, {"read"}, {"read", "pii"}} {
				claims := map[string]any{"sub": subject, "client_id": company}
				if scopes != nil {
					claims["scope"] = strings.Join(scopes, " ")
				}
				parties = append(parties, party{"Authorization", "Bearer " + tokens.Token(claims), subject, company, scopes})
			}
		}
		parties = append(parties, party{"X-Api-Key", "key-of-" + company + "-0123456789abcdef", "k-" + company, company, nil})
	}

	served := httptest.NewServer(http.HandlerFunc(people))
	t.Cleanup(served.Close)
	held := map[string][]string{"acme": {"read", "pii"}, "beta": {"read"}}
	hidden := []string{"SSN"}
	version := 0
	var g *gateway.Gateway
	update := func() {
		version++
		s := &registry.Snapshot{
			Version: fmt.Sprint(version), Environment: "test",
			Upstreams: []registry.Upstream{clienttest.Of(registry.Upstream{Name: "people", Endpoints: []registry.Endpoint{{URL: served.URL}}})},
			Routes: []registry.Route{{
				Name: "people", API: "people/v1", Match: registry.Match{Path: "/{rest...}"}, Upstream: "people",
				Policies: []registry.Policy{
					compress.Policy(compress.Config{MinLength: 16}),
					authn.Policy(authn.Config{AnyOf: []registry.Policy{
						jwt.Policy(jwt.Config{Issuer: tokens.Issuer, Audience: "test", JWKSFile: filepath.Join(dir, "keys.json")}),
						apikey.Policy(apikey.Config{Secret: registry.Secret{File: filepath.Join(dir, "secret")}}),
					}}),
					subscription.Policy(subscription.Config{}),
					cache.Policy(cache.Config{TTL: registry.Duration(time.Minute), StaleIfError: registry.Duration(time.Minute), StaleWhileRevalidate: registry.Duration(time.Minute)}),
					mask.Policy(mask.Config{Fields: hidden, UnlessScope: "pii"}),
					fields.Policy(fields.Config{Fields: []string{"Path", "Who", "Company", "Lang", "SSN", "Pad"}, UnlessScope: "pii"}),
					header.Policy(header.Config{Request: header.Edits{Set: map[string]string{"X-User": "{identity.subject}", "X-Company": "{identity.consumer}"}}}),
				},
			}},
		}
		u := registry.Update{Snapshot: s, Directory: []registry.Change{{Plan: &registry.Plan{Name: "p"}}}}
		for company, scopes := range held {
			u.Directory = append(u.Directory,
				registry.Change{Subscription: &registry.Subscription{ID: company, Consumer: company, API: "people/v1", Environment: "test", Plan: &registry.Plan{Name: "p"}, Scopes: scopes, Active: true}},
				registry.Change{Sum: apikey.Sum([]byte(secret), []byte("key-of-"+company+"-0123456789abcdef")), Credential: &registry.Credential{ID: "k-" + company, Consumer: company, Environment: "test"}})
		}
		require.NoError(t, g.Apply(t.Context(), u))
	}
	g = newGateway(t)
	update()

	round := func(n int) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range n {
					p := parties[rand.IntN(len(parties))]
					askAs(t, g, p, held[p.company], hidden)
				}
			})
		}
		wg.Wait()
	}
	for i := range 8 {
		round(60)
		switch i % 4 {
		case 0:
			held["acme"] = []string{"read"}
		case 1:
			hidden = []string{"SSN", "Pad"}
		case 2:
			held = map[string][]string{"acme": {"read", "pii"}, "beta": {"pii"}}
		case 3:
			hidden = []string{"SSN"}
			held["beta"] = []string{"read"}
		}
		update()
	}
}

func askAs(t *testing.T, g http.Handler, p party, held, hidden []string) {
	method := []string{"GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST"}[rand.IntN(8)]
	path := fmt.Sprintf("/%d", rand.IntN(4))
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set(p.field, p.value)
	lang := []string{"de", "en"}[rand.IntN(2)]
	r.Header.Set("Accept-Language", lang)
	for _, f := range [][2]string{
		{"Range", "bytes=0-9"}, {"If-None-Match", `"x"`}, {"If-None-Match", fmt.Sprintf(`"%s-%s-%s"`, p.subject, p.company, lang)},
		{"If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)}, {"Cache-Control", "no-cache"}, {"Cache-Control", "max-stale=100"},
	} {
		if rand.IntN(12) == 0 {
			r.Header.Set(f[0], f[1])
		}
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	switch w.Code {
	case http.StatusNotModified, http.StatusServiceUnavailable:
		return
	case http.StatusBadGateway:
		return
	case http.StatusOK:
	default:
		t.Errorf("%d %s", w.Code, w.Body)
		return
	}
	if method == "HEAD" {
		if w.Body.Len() > 0 {
			t.Errorf("HEAD with a body")
		}
		return
	}
	var got person
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Errorf("%s %v: %v: %q", method, r.Header, err, w.Body)
		return
	}
	pii := contains(held, "pii") && (p.scopes == nil || contains(p.scopes, "pii"))
	want := person{Path: path, Who: p.subject, Company: p.company, Lang: lang, SSN: "***", Pad: got.Pad}
	if pii {
		want.SSN, want.Note = secretSSN, "internal"
	}
	if !pii && contains(hidden, "Pad") {
		want.Pad = "***"
	}
	if pii && want.Pad == "***" {
		t.Errorf("masked for whom it is lifted")
	}
	if got != want {
		got.Pad, want.Pad = fmt.Sprint(len(got.Pad)), fmt.Sprint(len(want.Pad))
		t.Errorf("%s %s: got %+v, want %+v (%s)", p.field, method, got, want, w.Header())
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func TestACredentialThatTheBackendGetsInACookieKeepsItsCallersApart(t *testing.T) {
	t.Parallel()
	tokens := gatewaytest.NewTokens(t, "EdDSA")
	tokens.Issuer = "https://idp.example"
	keys := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(keys, tokens.KeySet(), 0o600))
	for authorization, stored := range map[string]bool{"": false, "caller": true} {
		asked := 0
		mirror := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			_, _ = io.WriteString(w, r.Header.Get("Cookie"))
		})
		route := registry.Route{
			Name: "me", API: "people/v1", Match: registry.Match{Path: "/me"}, Upstream: "people",
			Policies: []registry.Policy{
				authn.Policy(authn.Config{AnyOf: []registry.Policy{
					jwt.Policy(jwt.Config{Issuer: tokens.Issuer, Audience: "test", JWKSFile: keys, Cookie: "session", Forward: true}),
				}}),
				subscription.Policy(subscription.Config{}),
				cache.Policy(cache.Config{TTL: registry.Duration(time.Minute), Authorization: authorization}),
			},
		}
		g := newGateway(t, gateway.Upstream("people", mirror))
		require.NoError(t, g.Apply(t.Context(), registry.Update{
			Snapshot: snapshot("1", route),
			Directory: []registry.Change{{Subscription: &registry.Subscription{
				ID: "s", Consumer: "app", API: "people/v1", Environment: "test", Active: true,
			}}},
		}))
		for range 2 {
			for _, who := range []string{"alice", "bob"} {
				cookie := "session=" + tokens.Token(map[string]any{"sub": who, "client_id": "app", "iat": 1, "exp": 4102444800})
				r := httptest.NewRequest(http.MethodGet, "/me", nil)
				r.Header.Set("Cookie", cookie)
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				require.Equal(t, cookie, w.Body.String(), "the answer is that of %s", who)
			}
		}
		require.Equal(t, map[bool]int{true: 2, false: 4}[stored], asked)
	}
}

func TestWhatNobodyHasJudgedDoesNotReachTheBackend(t *testing.T) {
	t.Parallel()
	const secret, good = "0123456789abcdef0123", "key-of-acme-0123456789abcdef"
	tokens := gatewaytest.NewTokens(t, "EdDSA")
	tokens.Issuer = "https://idp.example"
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "keys.json"), tokens.KeySet(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(secret), 0o600))
	token := tokens.Token(map[string]any{"client_id": "acme"})
	forged := token[:len(token)-4] + "AAAA"
	foreign := tokens.Token(map[string]any{"iss": "https://evil.example"})
	byToken := func(c jwt.Config) registry.Policy {
		c.Issuer, c.Audience, c.JWKSFile = tokens.Issuer, "test", filepath.Join(dir, "keys.json")
		return jwt.Policy(c)
	}
	byKey := func(c apikey.Config) registry.Policy {
		c.Secret = registry.Secret{File: filepath.Join(dir, "secret")}
		return apikey.Policy(c)
	}
	for name, test := range map[string]struct {
		anyOf  []registry.Policy
		target string
		sent   http.Header
		want   http.Header
	}{
		"a token beside a key": {
			[]registry.Policy{byKey(apikey.Config{}), byToken(jwt.Config{Forward: true})}, "/",
			http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer " + forged}}, http.Header{},
		},
		"a token of another issuer beside a key": {
			[]registry.Policy{byToken(jwt.Config{Forward: true}), byKey(apikey.Config{})}, "/",
			http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer " + foreign}}, http.Header{},
		},
		"a key beside a token": {
			[]registry.Policy{byToken(jwt.Config{Forward: true}), byKey(apikey.Config{Forward: true})}, "/",
			http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer " + token}}, http.Header{"Authorization": {"Bearer " + token}},
		},
		"a key in the query": {
			[]registry.Policy{byToken(jwt.Config{}), byKey(apikey.Config{Query: "k"})}, "/?a=1&k=" + good,
			http.Header{"Authorization": {"Bearer " + token}}, http.Header{},
		},
		"a cookie beside a cookie": {
			[]registry.Policy{byKey(apikey.Config{Cookie: "key", Forward: true}), byToken(jwt.Config{Cookie: "session", Forward: true})}, "/",
			http.Header{"Cookie": {"a=1; session=" + forged + "; key=" + good}}, http.Header{"Cookie": {"a=1; key=" + good}},
		},
		"another scheme stays, for it is nobody's here": {
			[]registry.Policy{byKey(apikey.Config{}), byToken(jwt.Config{})}, "/",
			http.Header{"X-Api-Key": {good}, "Authorization": {"Basic YTpi"}}, http.Header{"Authorization": {"Basic YTpi"}},
		},
		"two that look in one place": {
			[]registry.Policy{byToken(jwt.Config{Forward: true}), jwt.Policy(jwt.Config{Issuer: "https://b.example", Audience: "test", JWKSFile: filepath.Join(dir, "keys.json")})}, "/",
			http.Header{"Authorization": {"Bearer " + token}}, http.Header{"Authorization": {"Bearer " + token}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, query := http.Header{}, ""
			backend := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				query = r.URL.RawQuery
				for _, f := range []string{"X-Api-Key", "Authorization", "Cookie"} {
					if r.Header[f] != nil {
						got[f] = r.Header[f]
					}
				}
			})
			g := newGateway(t, gateway.Upstream("b", backend))
			require.NoError(t, g.Apply(t.Context(), registry.Update{
				Snapshot: snapshot("1", public("a", "/", "b", authn.Policy(authn.Config{AnyOf: test.anyOf}))),
				Directory: []registry.Change{{
					Sum: apikey.Sum([]byte(secret), []byte(good)), Credential: &registry.Credential{ID: "k", Consumer: "acme"},
				}},
			}))
			r := httptest.NewRequest(http.MethodGet, test.target, nil)
			for f, values := range test.sent {
				r.Header[f] = values
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			require.Equal(t, test.want, got)
			require.NotContains(t, query, good)
		})
	}
}
