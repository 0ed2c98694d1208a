package gatewaytest_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/standard"
)

const (
	goodKey = "gold-key-0123456789abcdef"
	secret  = "a secret of the tests, long enough"
)

// acme is who holds the good key, and has subscribed.
func acme() *gatewaytest.Directory {
	return &gatewaytest.Directory{
		Credentials: map[[32]byte]*registry.Credential{
			apikey.Sum([]byte(secret), []byte(goodKey)): {ID: "k1", Consumer: "acme"},
		},
		Subscriptions: []*registry.Subscription{{
			ID: "s1", Consumer: "acme", API: "users/v2", Environment: "test", Active: true,
			Plan: &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1_000_000, Per: time.Second}}}},
		}},
	}
}

func usersRoute() *registry.Route {
	return &registry.Route{Name: "get-user", API: "users/v2", Match: registry.Match{Path: "/things/{id}"}, Upstream: "users"}
}

// stageCase is a policy in settings that make most of it, and what it asks for
// to let an exchange pass.
type stageCase struct {
	kind, config string
	opts         []gatewaytest.Option
}

// TestStandardStages holds every policy of the core module to the contracts of
// stages.
func TestStandardStages(t *testing.T) {
	t.Parallel()
	secretFile := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secretFile, []byte(secret), 0o600))
	id := gatewaytest.Identity(&pipeline.Identity{Subject: "k1", Consumer: "acme", Scheme: "api_key"})
	sub := gatewaytest.Subscription(acme().Subscriptions[0])
	tests := []stageCase{
		{"authenticate", `{"any_of":[{"api_key":{"secret":{"file":"` + secretFile + `"}}}]}`,
			[]gatewaytest.Option{gatewaytest.Header("X-Api-Key", goodKey)}},
		{"deny", `{}`, nil},
		{"public", `{}`, nil},
		{"redirect", `{"to":"/there"}`, nil},
		{"respond", `{"body":"hello"}`, nil},
		{"compress", `{"min_length":"0B","types":["text/*","application/json","text/event-stream"]}`,
			[]gatewaytest.Option{gatewaytest.Header("Accept-Encoding", "gzip")}},
		{"compress", `{"min_length":"0B","types":["text/*","application/json","text/event-stream"]}`,
			[]gatewaytest.Option{gatewaytest.Header("Accept-Encoding", "br")}},
		{"compress", `{"min_length":"0B","types":["text/*","application/json","text/event-stream"]}`,
			[]gatewaytest.Option{gatewaytest.Header("Accept-Encoding", "zstd")}},
		{"compress", `{}`, nil},
		{"correlation_id", `{}`, nil},
		{"cors", `{"origins":["https://app.example"],"credentials":true}`,
			[]gatewaytest.Option{gatewaytest.Header("Origin", "https://app.example")}},
		{"headers", `{"request":{"remove":["X-Conformance"],"set":{"X-Set":"{request.path}"},"add":{"Accept":"a"}},
			"response":{"set":{"Server":"none"},"add":{"Link":"<c>"},"rename":{"Etag":"X-Etag"}}}`, nil},
		{"rate_limit", `{}`, []gatewaytest.Option{id, sub}},
		{"rate_limit", `{"per":"address","rate":"1000000/s"}`, nil},
		{"unit_limit", `{"unit":"tokens"}`, []gatewaytest.Option{id, sub}},
		{"unit_limit", `{"unit":"tokens","per":"address","rate":"1000000000/s"}`, nil},
		{"unit_limit", `{"unit":"events","per":"address","rate":"1000000000/s","over":"cut"}`, nil},
		{"unit_limit", `{"unit":"bytes","per":"address","rate":"1000000000/s","over":"cut"}`, nil},
		{"in_flight", `{"max":1000}`, []gatewaytest.Option{id, sub}},
		{"in_flight", `{"max":1000,"per":"address"}`, nil},
		{"retry", `{"attempts":3,"budget":1,"backoff":{"base":"1ms","max":"1ms"}}`, nil},
		{"timeout", `{"total":"1h","per_try":"1h","idle":"1h"}`, nil},
		{"cache", `{"ttl":"1m"}`, []gatewaytest.Option{id, sub}},
		{"mask", `{"fields":["ssn"],"other_types":"pass"}`, nil},
		{"select", `{"fields":["id"],"other_types":"pass"}`, nil},
		{"problems", `{"statuses":["5xx"],"detail":"error.message"}`, nil},
		{"trace", `{}`, nil},
		{"trace", `{"read":["b3","w3c"],"send":["w3c","b3","b3_multi","jaeger"]}`, nil},
		{"breaker", `{"error_ratio":0.5,"min_requests":1000000}`, nil},
		{"bulkhead", `{"max_concurrent":100}`, nil},
		{"fallback", `{"respond":{"body":"later"}}`, nil},
		{"subscription", `{}`, []gatewaytest.Option{id}},
		{"scopes", `{"all":["users.read"]}`, []gatewaytest.Option{gatewaytest.Identity(&pipeline.Identity{Subject: "k1", Scopes: []string{"users.read"}})}},
		{"roles", `{"any":["admin"]}`, []gatewaytest.Option{gatewaytest.Identity(&pipeline.Identity{Subject: "k1", Roles: []string{"admin"}})}},
		{"allow_ips", `{"allow":["192.0.2.0/24"]}`, []gatewaytest.Option{gatewaytest.Client("192.0.2.7")}},
		{"environment", `{}`, []gatewaytest.Option{gatewaytest.Identity(&pipeline.Identity{Subject: "k1", Environment: "test"}), gatewaytest.Environment("test")}},
		{"payload", `{"inspect":"1KiB"}`, []gatewaytest.Option{gatewaytest.Header("Content-Type", "application/json")}},
		{"payload", `{"stream":true,"content_types":{"untyped":"pass"}}`, nil},
		{"body", `{"max":"1KiB"}`, nil},
		{"body", `{"max":"1KiB","buffer":true}`, nil},
		{"body", `{"slow":true}`, nil},
	}
	for _, k := range standard.All() {
		if k.Makes() == reflect.TypeFor[[]pipeline.Stage]() {
			require.True(t, slices.ContainsFunc(tests, func(c stageCase) bool { return c.kind == k.KindName() }),
				"the policy %s is not held to the contracts", k.KindName())
		}
	}
	for _, test := range tests {
		t.Run(test.kind+" "+test.config, func(t *testing.T) {
			t.Parallel()
			around := []gatewaytest.Option{
				gatewaytest.WithKinds(standard.All()...), gatewaytest.WithDirectory(acme()), gatewaytest.Route(usersRoute()),
			}
			gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
				env := gatewaytest.Env(t, around...)
				stages, err := pipeline.Make[[]pipeline.Stage](env, registry.Policy{Kind: test.kind, Config: []byte(test.config)})
				require.NoError(t, err)
				return folded(stages)
			}, append(around, test.opts...)...)
		})
	}
}

// folded makes one stage of those of a policy.
func folded(stages []pipeline.Stage) pipeline.Stage {
	return pipeline.Stage{Name: stages[0].Name, Phase: stages[0].Phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return pipeline.Chain(next, stages...)
	}}
}

func TestMemoryLimiter(t *testing.T) {
	t.Parallel()
	gatewaytest.TestLimiter(t, func(testing.TB) ratelimit.Limiter { return ratelimit.NewMemory(ratelimit.MemoryConfig{}) })
}

func TestMemoryDirectory(t *testing.T) {
	t.Parallel()
	gatewaytest.TestDirectory(t, func(t testing.TB, changes []registry.Change) registry.Directory {
		d := directory.New()
		require.NoError(t, d.Apply(changes))
		return d
	})
}

func TestFileSource(t *testing.T) {
	t.Parallel()
	gatewaytest.TestSource(t, func(t testing.TB) (registry.Source, func(string)) {
		path := filepath.Join(t.TempDir(), "gateway.yaml")
		write := func(version string) {
			part := path + ".part"
			text := "version: " + version + "\nroutes: [{name: r, match: {path: /}, policies: [public]}]\n"
			if os.WriteFile(part, []byte(text), 0o600) == nil { // the folder goes with the test
				_ = os.Rename(part, path)
			}
		}
		write("v0")
		return file.New(path).Logger(slog.New(slog.DiscardHandler)).Interval(20 * time.Millisecond), write
	})
}

func TestRoundRobin(t *testing.T) {
	t.Parallel()
	gatewaytest.TestBalancer(t, upstream.NewRoundRobin)
}

func TestAPIKey(t *testing.T) {
	t.Parallel()
	gatewaytest.TestAuthenticator(t, func(t testing.TB) authn.Authenticator {
		a, err := apikey.New(acme(), []byte(secret), apikey.Config{})
		require.NoError(t, err)
		return a
	}, gatewaytest.Header("X-Api-Key", goodKey))
}

func TestSubscriptionAuthorizer(t *testing.T) {
	t.Parallel()
	route := gatewaytest.Route(usersRoute())
	gatewaytest.TestAuthorizer(t, func(t testing.TB) authz.Authorizer {
		a, err := subscription.New(acme(), subscription.Config{API: "users/v2"})
		require.NoError(t, err)
		return a
	},
		[]gatewaytest.Option{route, gatewaytest.Identity(&pipeline.Identity{Consumer: "acme"})},
		[]gatewaytest.Option{route, gatewaytest.Identity(&pipeline.Identity{Consumer: "other"})})
}
