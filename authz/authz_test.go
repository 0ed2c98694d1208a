package authz_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// fake answers every question alike.
type fake struct {
	authz.Answer
	err    error
	panics any
}

func (f fake) Authorize(context.Context, *pipeline.Exchange) (authz.Answer, error) {
	if f.panics != nil {
		panic(f.panics)
	}
	return f.Answer, f.err
}

func allows(g *pipeline.Grant) fake {
	return fake{Answer: authz.Answer{Allow: true, Rule: "rule", Grant: g, TTL: time.Minute}}
}

func denies(code string) fake { return fake{Answer: authz.Answer{Rule: "rule", Code: code}} }

func hides(code string) fake {
	f := denies(code)
	f.Hide = true
	return f
}

var down = fake{err: errors.New("policy store away")}

// serve sends a request through the stage, and reports whether it got through.
func serve(t testing.TB, stage pipeline.Stage, x *pipeline.Exchange) (passed bool, refusal *pipeline.Problem) {
	t.Helper()
	last := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		passed = true
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}
	if _, err := pipeline.Chain(last, stage)(t.Context(), x); err != nil {
		require.ErrorAs(t, err, &refusal)
	}
	return passed, refusal
}

func exchange() *pipeline.Exchange {
	return &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/orders", nil)}
}

func TestStage(t *testing.T) {
	t.Parallel()
	unpaid := pipeline.Refuse(http.StatusPaymentRequired, "unpaid", "")
	tests := []struct {
		name   string
		by     authz.Authorizer
		status int
		code   string // that the caller gets
		want   pipeline.Decision
	}{
		{"passes what is allowed", allows(nil), 0, "", pipeline.Decision{Rule: "rule", Verdict: pipeline.Pass}},
		{"refuses the zero answer", fake{}, 403, authz.CodeAccessDenied, pipeline.Decision{Verdict: pipeline.Deny, Code: authz.CodeAccessDenied}},
		{"refuses with the code of the answer", denies("scope_missing"), 403, "scope_missing", pipeline.Decision{Rule: "rule", Verdict: pipeline.Deny, Code: "scope_missing"}},
		{"hides the route and its reason", hides("scope_missing"), 404, pipeline.CodeRouteUnknown, pipeline.Decision{Rule: "rule", Verdict: pipeline.Deny, Code: "scope_missing"}},
		{"refuses where the authorizer fails", down, 503, authz.CodeUnavailable, pipeline.Decision{Verdict: pipeline.Deny, Code: authz.CodeUnavailable}},
		{"refuses an allowance that comes with an error", fake{Answer: authz.Answer{Allow: true}, err: errors.New("odd")}, 503, authz.CodeUnavailable, pipeline.Decision{Verdict: pipeline.Deny, Code: authz.CodeUnavailable}},
		{"refuses where the authorizer panics", fake{panics: 1}, 503, authz.CodeUnavailable, pipeline.Decision{Verdict: pipeline.Deny, Code: authz.CodeUnavailable}},
		{"hands a Problem on", fake{err: unpaid}, 402, "unpaid", pipeline.Decision{Verdict: pipeline.Deny, Code: "unpaid"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			passed, p := serve(t, authz.Stage("orders", tt.by), x)
			require.Equal(t, tt.status == 0, passed)
			if tt.status != 0 {
				require.Equal(t, tt.status, p.Status)
				require.Equal(t, tt.code, p.Code)
			}
			tt.want.Stage = "orders"
			require.Equal(t, []pipeline.Decision{tt.want}, x.Decisions())
		})
	}
}

func TestStageSetsTheGrant(t *testing.T) {
	t.Parallel()
	before, granted := &pipeline.Grant{PII: true}, &pipeline.Grant{Scopes: []string{"read"}}
	tests := []struct {
		name string
		by   authz.Authorizer
		want *pipeline.Grant
	}{
		{"of an answer that grants", allows(granted), granted},
		{"and leaves what was granted before where it says nothing", allows(nil), before},
		{"but not where it denies", fake{Answer: authz.Answer{Grant: granted}}, before},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			x.Grant = before
			serve(t, authz.Stage("orders", tt.by), x)
			require.Same(t, tt.want, x.Grant)
		})
	}
}

func TestAllOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		of    []authz.Authorizer
		allow bool
		code  string
		err   error
	}{
		{"of none denies", nil, false, "", nil},
		{"allows what all allow", []authz.Authorizer{allows(nil), allows(nil)}, true, "", nil},
		{"denies what one denies", []authz.Authorizer{allows(nil), denies("b"), denies("c")}, false, "b", nil},
		{"fails where one fails", []authz.Authorizer{allows(nil), down}, false, "", down.err},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, err := authz.AllOf(tt.of...).Authorize(t.Context(), exchange())
			require.Equal(t, tt.err, err)
			require.Equal(t, tt.allow, answer.Allow)
			require.Equal(t, tt.code, answer.Code)
		})
	}
}

func TestAllOfIsGoodForTheShortestTime(t *testing.T) {
	t.Parallel()
	brief := allows(nil)
	brief.TTL = 0
	answer, err := authz.AllOf(allows(nil), brief, allows(nil)).Authorize(t.Context(), exchange())
	require.NoError(t, err)
	require.Zero(t, answer.TTL)
}

func TestAnyOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		of    []authz.Authorizer
		allow bool
		code  string
		hide  bool
		err   error
	}{
		{"of none denies", nil, false, "", false, nil},
		{"allows what one allows", []authz.Authorizer{denies("a"), allows(nil)}, true, "", false, nil},
		{"denies as the first does", []authz.Authorizer{denies("a"), denies("b")}, false, "a", false, nil},
		{"hides where any would", []authz.Authorizer{denies("a"), hides("b")}, false, "a", true, nil},
		{"fails where one fails and none allows", []authz.Authorizer{down, denies("b")}, false, "", false, down.err},
		{"allows what one allows although another fails", []authz.Authorizer{down, allows(nil)}, true, "", false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, err := authz.AnyOf(tt.of...).Authorize(t.Context(), exchange())
			require.Equal(t, tt.err, err)
			require.Equal(t, tt.allow, answer.Allow)
			require.Equal(t, tt.code, answer.Code)
			require.Equal(t, tt.hide, answer.Hide)
		})
	}
}

func TestIntersect(t *testing.T) {
	t.Parallel()
	wide := &pipeline.Grant{Scopes: []string{"read", "write"}, AllFields: true, PII: true}
	narrow := &pipeline.Grant{Scopes: []string{"read", "admin"}, Fields: []string{"name", "city"}}
	other := &pipeline.Grant{Fields: []string{"city", "street"}, PII: true}
	tests := []struct {
		name       string
		a, b, want *pipeline.Grant
	}{
		{"nothing said leaves the other", nil, narrow, narrow},
		{"nothing said on the other side as well", narrow, nil, narrow},
		{"all fields are bounded by the fields of the other", wide, narrow, &pipeline.Grant{Scopes: []string{"read"}, Fields: []string{"name", "city"}}},
		{"in either order", narrow, wide, &pipeline.Grant{Scopes: []string{"read"}, Fields: []string{"name", "city"}}},
		{"fields are those in common", narrow, other, &pipeline.Grant{Fields: []string{"city"}}},
		{"what both grant without bound stays", wide, &pipeline.Grant{AllFields: true, PII: true}, &pipeline.Grant{AllFields: true, PII: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, authz.Intersect(tt.a, tt.b))
		})
	}
}

// build makes the stage of a policy as a gateway does.
func build(t testing.TB, p registry.Policy) pipeline.Stage {
	t.Helper()
	kinds, err := pipeline.NewKinds(authz.PublicKind(), authz.DenyKind())
	require.NoError(t, err)
	env := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.DiscardHandler)).
		Env(pipeline.Workshop{Kinds: kinds}, &registry.Route{Name: "orders"}, p.String())
	stages, err := pipeline.Make[[]pipeline.Stage](env, p)
	require.NoError(t, err)
	require.Len(t, stages, 1)
	return stages[0]
}

func TestPublicAndDeny(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy registry.Policy
		phase  pipeline.Phase
		status int
		code   string
		want   pipeline.Decision
	}{
		{"public passes and says so", authz.PublicPolicy(), pipeline.Authorize, 0, "", pipeline.Decision{Stage: "public", Rule: "public", Verdict: pipeline.Pass}},
		{"public may be a bare word", registry.Policy{Kind: "public"}, pipeline.Authorize, 0, "", pipeline.Decision{Stage: "public", Rule: "public", Verdict: pipeline.Pass}},
		{"deny refuses before anything else", authz.DenyPolicy(), pipeline.Guard, 403, authz.CodeDenied, pipeline.Decision{Stage: "deny", Rule: "deny", Verdict: pipeline.Deny, Code: authz.CodeDenied}},
		{"deny can hide the route", authz.HidePolicy(), pipeline.Guard, 404, pipeline.CodeRouteUnknown, pipeline.Decision{Stage: "deny", Rule: "deny", Verdict: pipeline.Deny, Code: authz.CodeDenied}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			stage := build(t, tt.policy)
			require.Equal(t, tt.phase, stage.Phase)
			passed, p := serve(t, stage, x)
			require.Equal(t, tt.status == 0, passed)
			if p != nil {
				require.Equal(t, tt.status, p.Status)
				require.Equal(t, tt.code, p.Code)
			}
			require.Equal(t, []pipeline.Decision{tt.want}, x.Decisions())
		})
	}
}

func BenchmarkStage(b *testing.B) {
	in := exchange().In
	x := &pipeline.Exchange{}
	h := authz.Stage("orders", authz.AllOf(allows(nil), allows(&pipeline.Grant{}))).
		Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: in}
		_, _ = h(ctx, x)
	}
}
