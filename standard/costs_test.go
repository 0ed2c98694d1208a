package standard_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
	"github.com/seed-f9645bd3/gateway/standard"
)

const (
	costSecret = "0123456789abcdef0123456789abcdef"
	costKey    = "gold-key-0123456789abcdef"
)

// A cost is what a policy takes of each exchange that it lets pass, or answers.
type cost struct {
	name         string // as docs/performance.md has it
	kind, config string
	with         []gatewaytest.Option
	reply        []string // fields of the backend's answer, name and value in turn
	allocations  float64
}

// costs are those of every policy of the core module, in common settings.
func costs(t testing.TB) []cost {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	secret := file("secret", []byte(costSecret))
	idp := gatewaytest.NewTokens(t, "ES256")
	idp.Issuer, idp.Lifetime = "https://idp.example", time.Hour
	keys := file("keys.json", idp.KeySet())
	field := gatewaytest.Header
	key, token := field("X-Api-Key", costKey), field("Authorization", "Bearer "+idp.Token(map[string]any{"client_id": "acme"}))
	caller := gatewaytest.Identity(&pipeline.Identity{
		Subject: "k1", Consumer: "acme", Environment: "test", Scopes: []string{"users.read"}, Roles: []string{"admin"},
	})
	plan := gatewaytest.Subscription(&registry.Subscription{ID: "s1", Plan: &registry.Plan{
		Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1e9, Per: time.Second}}},
	}})
	return []cost{
		{"authenticate: api_key", "authenticate", fmt.Sprintf(`{"any_of":[{"api_key":{"secret":{"file":%q}}}]}`, secret),
			[]gatewaytest.Option{key}, nil, 0},
		{"authenticate: jwt, verified before", "authenticate",
			fmt.Sprintf(`{"any_of":[{"jwt":{"issuer":"https://idp.example","audience":"test","jwks_file":%q}}]}`, keys),
			[]gatewaytest.Option{token}, nil, 0},
		{"public", "public", ``, nil, nil, 0},
		{"deny", "deny", ``, nil, nil, 2},
		{"subscription", "subscription", ``, []gatewaytest.Option{caller}, nil, 0},
		{"scopes", "scopes", `{"all":["users.read"]}`, []gatewaytest.Option{caller}, nil, 0},
		{"roles", "roles", `{"any":["admin"]}`, []gatewaytest.Option{caller}, nil, 0},
		{"allow_ips", "allow_ips", `{"allow":["10.0.0.0/8","192.0.2.0/24"]}`, nil, nil, 0},
		{"environment", "environment", ``, []gatewaytest.Option{caller}, nil, 0},
		{"rate_limit: by plan", "rate_limit", ``, []gatewaytest.Option{caller, plan}, nil, 3},
		{"rate_limit: by address", "rate_limit", `{"per":"address","rate":"1000000000/s"}`, nil, nil, 3},
		{"rate_limit: headers off", "rate_limit", `{"per":"address","rate":"1000000000/s","headers":"off"}`, nil, nil, 0},
		{"unit_limit: tokens", "unit_limit", `{"unit":"tokens","per":"address","rate":"1000000000/s"}`, nil, nil, 4},
		{"unit_limit: bytes, headers off", "unit_limit", `{"unit":"bytes","per":"address","rate":"1000000000/s","headers":"off"}`, nil, nil, 1},
		{"in_flight", "in_flight", `{"per":"address","max":100}`, nil, nil, 0},
		{"cache: a hit", "cache", ``, nil, []string{"Cache-Control", "max-age=3600"}, 4},
		{"cache: a miss that is not stored", "cache", ``, nil, []string{"Cache-Control", "no-store"}, 4},
		{"headers: one of the request, one of the response", "headers", `{"request":{"set":{"X-Consumer":"{identity.consumer}"}},"response":{"remove":["X-Internal"]}}`,
			[]gatewaytest.Option{caller}, []string{"X-Internal", "1"}, 0},
		{"mask", "mask", `{"fields":["ssn"]}`, nil, nil, 2},
		{"select", "select", `{"fields":["id"]}`, nil, nil, 2},
		{"problems", "problems", `{"statuses":["5xx"]}`, nil, nil, 0},
		{"correlation_id", "correlation_id", ``, nil, nil, 4},
		{"cors", "cors", `{"origins":["https://app.example"]}`, []gatewaytest.Option{field("Origin", "https://app.example")}, nil, 2},
		{"compress: gzip", "compress", ``, []gatewaytest.Option{field("Accept-Encoding", "gzip")}, nil, 2},
		{"body: a bound", "body", `{"max":"1KiB"}`, nil, nil, 0},
		{"payload: a request without a body", "payload", ``, nil, nil, 0},
		{"respond", "respond", `{"body":"hello"}`, nil, nil, 4},
		{"redirect", "redirect", `{"to":"/there"}`, nil, nil, 8},
		{"breaker", "breaker", ``, nil, nil, 1},
		{"bulkhead", "bulkhead", `{"max_concurrent":100}`, nil, nil, 0},
		{"retry", "retry", ``, nil, nil, 0},
		{"timeout", "timeout", `{"total":"5s","per_try":"2s"}`, nil, nil, 0},
		{"fallback", "fallback", `{"respond":{"body":"later"}}`, nil, nil, 0},
		{"trace: handed on", "trace", ``, []gatewaytest.Option{field("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")}, nil, 1},
	}
}

// A subject serves one exchange after the other, in the same room, and
// allocates nothing by itself.
type subject struct {
	fresh, x *pipeline.Exchange
	handler  pipeline.Handler
	summary  pipeline.Summary
	buf      [4 << 10]byte
}

// costRoute is what the policies are built for.
func costRoute() *registry.Route {
	return &registry.Route{Name: "get-user", API: "users/v2", Match: registry.Match{Path: "/users/{id}"}, Upstream: "users"}
}

// subject builds the policy around a backend that answers 1 KiB of JSON.
func (c cost) subject(t testing.TB) *subject {
	d := directory.New()
	require.NoError(t, d.Apply([]registry.Change{
		{Credential: &registry.Credential{ID: "k1", Consumer: "acme"}, Sum: apikey.Sum([]byte(costSecret), []byte(costKey))},
		{Subscription: &registry.Subscription{ID: "s1", Consumer: "acme", API: "users/v2", Environment: "test", Active: true}},
	}))
	var stages []pipeline.Stage
	if c.kind != "" {
		env := gatewaytest.Env(t, gatewaytest.WithKinds(standard.All()...), gatewaytest.WithDirectory(d), gatewaytest.Route(costRoute()))
		var err error
		stages, err = pipeline.Make[[]pipeline.Stage](env, registry.Policy{Kind: c.kind, Config: []byte(c.config)})
		require.NoError(t, err)
	}
	require.NoError(t, pipeline.Introduce(stages))
	fresh := gatewaytest.NewExchange(http.MethodGet, "/users/42?full=1", append(c.with, gatewaytest.Route(costRoute()))...)
	return &subject{fresh: fresh, x: new(pipeline.Exchange), handler: pipeline.Chain(backend(fresh.In, c.reply), stages...)}
}

// backend answers each time with the same response, made anew in its place.
func backend(in *http.Request, fields []string) pipeline.Handler {
	text := `{"id":42,"ssn":"123-45-6789","text":"`
	text += strings.Repeat("x", 1024-len(text)-2) + `"}`
	fields = append([]string{"Content-Type", "application/json", "Content-Length", "1024", "Date", "Tue, 15 Nov 1994 08:12:31 GMT"}, fields...)
	values := map[string][]string{}
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = []string{fields[i+1]}
	}
	header, body := http.Header{}, &again{text: text}
	resp := new(http.Response)
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		clear(header)
		for name, v := range values {
			header[name] = v
		}
		body.left = text
		*resp = http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: body, ContentLength: 1024, Request: in}
		return resp, nil
	}
}

// again is a body that is read once for each response.
type again struct{ text, left string }

func (a *again) Read(p []byte) (int, error) {
	if a.left == "" {
		return 0, io.EOF
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

func (a *again) Close() error { return nil }

// serve takes one exchange from its beginning to its end.
func (s *subject) serve() {
	*s.x = *s.fresh
	s.x.Start = time.Now()
	resp, err := s.handler(context.Background(), s.x)
	s.summary = pipeline.Summary{Err: err}
	if err == nil {
		for err == nil {
			_, err = resp.Body.Read(s.buf[:])
		}
		_ = resp.Body.Close()
	}
	_ = s.x.Finish(&s.summary)
}

// TestPoliciesAllocateWhatIsPublished holds each policy to the allocations that
// docs/performance.md publishes of it. It runs alone: it counts those of the
// process.
func TestPoliciesAllocateWhatIsPublished(t *testing.T) {
	if raced {
		t.Skip("the race detector drops what pools hold")
	}
	page, err := os.ReadFile("../docs/performance.md")
	require.NoError(t, err)
	all := costs(t)
	for _, k := range standard.All() {
		if k.Makes() == reflect.TypeFor[[]pipeline.Stage]() {
			require.True(t, slices.ContainsFunc(all, func(c cost) bool { return c.kind == k.KindName() }), "the cost of %s is not measured", k.KindName())
		}
	}
	require.Zero(t, testing.AllocsPerRun(1000, cost{}.subject(t).serve), "what is measured with allocates by itself")
	for _, c := range all {
		got := testing.AllocsPerRun(1000, c.subject(t).serve)
		require.Equal(t, c.allocations, got, "%s: allocations", c.name)
		row := fmt.Sprintf(`(?m)^\| %s \| [0-9.]+ \| %v \|$`, regexp.QuoteMeta(c.name), c.allocations)
		require.Regexp(t, row, string(page), "docs/performance.md says something else of %s", c.name)
	}
}

// BenchmarkPolicies measures what each policy costs, above an exchange without
// any.
func BenchmarkPolicies(b *testing.B) {
	for _, c := range append([]cost{{name: "(no policy)"}}, costs(b)...) {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			s := c.subject(b)
			b.ReportAllocs()
			for b.Loop() {
				s.serve()
			}
		})
	}
}
