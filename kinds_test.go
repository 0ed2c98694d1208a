package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

// ownKinds are what an embedder might bring: an authenticator that knows a
// badge, a limiter that lets nothing pass but reads, a balancer that takes the
// last endpoint, and a policy that authorizes.
func ownKinds() gateway.Option {
	type badge struct {
		Holder string `json:"holder"`
	}
	type none struct{}
	return gateway.Kinds(
		pipeline.NewKind("badge", func(_ *pipeline.Env, c badge) (authn.Authenticator, error) { return badges(c.Holder), nil }),
		ratelimit.Fixed("guest_book", guestBook{}),
		pipeline.NewKind("last", func(*pipeline.Env, none) (upstream.Balancer, error) { return last{}, nil }),
		pipeline.NewKind("staff_only", func(*pipeline.Env, none) ([]pipeline.Stage, error) {
			return []pipeline.Stage{authz.Stage("staff_only", staff{})}, nil
		}),
	)
}

type badges string

func (b badges) Authenticate(_ context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	if x.In.Header.Get("Badge") != string(b) {
		return nil, authn.ErrNoCredentials
	}
	return &pipeline.Identity{Subject: string(b), Consumer: string(b), Scheme: "badge"}, nil
}

type guestBook struct{}

func (guestBook) Take(_ context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	for i := range asks {
		results[i] = ratelimit.Result{Allowed: true, Remaining: 41}
	}
	return nil
}

type last struct{}

func (last) Pick(_ *pipeline.Exchange, endpoints []*upstream.Endpoint) *upstream.Endpoint {
	return endpoints[len(endpoints)-1]
}

type staff struct{}

func (staff) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	return authz.Answer{Allow: x.Identity != nil && x.Identity.Subject == "ada", Rule: "staff", Code: "not_staff"}, nil
}

func TestKindsOfOnesOwnAreNamedLikeOurs(t *testing.T) {
	t.Parallel()
	first, second := httptest.NewServer(text("first")), httptest.NewServer(text("second"))
	t.Cleanup(first.Close)
	t.Cleanup(second.Close)
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
schema: gateway/v1
environment: test
upstreams:
  - name: b
    balancer: {last: {}}
    endpoints:
      - {url: "`+first.URL+`"}
      - {url: "`+second.URL+`"}
routes:
  - name: one
    match: {path: /one}
    upstream: b
    policies:
      - authenticate: {any_of: [{badge: {holder: ada}}]}
      - staff_only
      - rate_limit: {per: subject, rate: 42/s, store: {guest_book: {}}}
`), 0o600))
	u, err := file.Load(path)
	require.NoError(t, err)
	g := newGateway(t, ownKinds())
	require.NoError(t, g.Apply(t.Context(), u))

	r := httptest.NewRequest(http.MethodGet, "/one", nil)
	r.Header.Set("Badge", "ada")
	w := httptest.NewRecorder()
	e := g.Explain(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, "second", w.Body.String())
	require.Equal(t, "41", w.Header().Get("X-RateLimit-Remaining"))
	require.Equal(t, "staff", e.Decisions[1].Rule)

	require.Equal(t, "credentials_missing", code(t, g, "/one"))
	err = g.Apply(t.Context(), registry.Update{Snapshot: snapshot("2", public("one", "/one", "b", registry.NewPolicy("staf_only", struct{}{})))})
	require.ErrorContains(t, err, `did you mean "staff_only"?`)
}
