package authn_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// fake answers every request alike.
type fake struct {
	id         *pipeline.Identity
	err        error
	panics     any
	challenges []string
}

func (f fake) Authenticate(context.Context, *pipeline.Exchange) (*pipeline.Identity, error) {
	if f.panics != nil {
		panic(f.panics)
	}
	return f.id, f.err
}

func (f fake) Challenges() []string { return f.challenges }

var (
	none  = fake{err: authn.ErrNoCredentials}
	alice = fake{id: &pipeline.Identity{Subject: "alice", Consumer: "acme", Scheme: "jwt"}}
	bob   = fake{id: &pipeline.Identity{Subject: "bob", Consumer: "umbrella", Scheme: "api_key"}}
	bad   = fake{err: pipeline.Refuse(http.StatusUnauthorized, "token_expired", "")}
	down  = fake{err: errors.New("no route to the identity provider")}

	foreign = fake{err: pipeline.Refuse(http.StatusUnauthorized, "token_issuer_wrong", "").Because(authn.ErrForeign)}
)

// serve sends a request through the stage, and reports whether it got through.
func serve(t testing.TB, stage pipeline.Stage, x *pipeline.Exchange) (passed bool, refusal *pipeline.Problem) {
	t.Helper()
	last := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		passed = true
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}
	resp, err := pipeline.Chain(last, stage)(t.Context(), x)
	if err != nil {
		require.Nil(t, resp)
		require.ErrorAs(t, err, &refusal)
		return passed, refusal
	}
	return passed, nil
}

func exchange() *pipeline.Exchange {
	return &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/orders", nil), Environment: "production"}
}

func lastDecision(t testing.TB, x *pipeline.Exchange) pipeline.Decision {
	t.Helper()
	ds := x.Decisions()
	require.Len(t, ds, 1)
	ds[0].At = 0
	return ds[0]
}

func TestFirst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		of      []authn.Authenticator
		subject string
		err     error
	}{
		{"of none finds no credentials", nil, "", authn.ErrNoCredentials},
		{"takes the first that finds credentials", []authn.Authenticator{none, alice, bob}, "alice", nil},
		{"finds no credentials where nobody does", []authn.Authenticator{none, none}, "", authn.ErrNoCredentials},
		{"does not ask on after credentials that do not hold", []authn.Authenticator{bad, alice}, "", bad.err},
		{"does not ask on after a failure", []authn.Authenticator{down, alice}, "", down.err},
		{"asks on about credentials for another", []authn.Authenticator{foreign, none, alice}, "alice", nil},
		{"refuses credentials that nobody judges", []authn.Authenticator{none, foreign, none}, "", authn.ErrForeign},
		{"does not ask on where the other refuses", []authn.Authenticator{foreign, bad, alice}, "", bad.err},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := authn.First(tt.of...).Authenticate(t.Context(), exchange())
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.subject, subject(id))
		})
	}
}

func subject(id *pipeline.Identity) string {
	if id == nil {
		return ""
	}
	return id.Subject
}

func TestAll(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Minute)
	nameless := fake{id: &pipeline.Identity{Subject: "device", Expires: soon}}
	elsewhere := fake{id: &pipeline.Identity{Subject: "alice", Environment: "test"}}
	tests := []struct {
		name    string
		of      []authn.Authenticator
		subject string
		code    string
		err     error
	}{
		{"of none finds no credentials", nil, "", "", authn.ErrNoCredentials},
		{"is the first where all hold", []authn.Authenticator{alice, nameless}, "alice", "", nil},
		{"finds none where one of them is missing", []authn.Authenticator{alice, none}, "", "", authn.ErrNoCredentials},
		{"refuses bad credentials although others are missing", []authn.Authenticator{none, bad}, "", "token_expired", nil},
		{"refuses credentials of two consumers", []authn.Authenticator{alice, bob}, "", authn.CodeCredentialsMismatch, nil},
		{"refuses a credential of another environment", []authn.Authenticator{alice, elsewhere}, "", authn.CodeWrongEnvironment, nil},
		{"fails where one returns nobody", []authn.Authenticator{alice, fake{}}, "", authn.CodeUnavailable, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := authn.All(tt.of...).Authenticate(t.Context(), exchange())
			require.Equal(t, tt.subject, subject(id))
			switch {
			case tt.err != nil:
				require.ErrorIs(t, err, tt.err)
			case tt.code == "":
				require.NoError(t, err)
			default:
				_, p := serve(t, authn.Stage(authn.All(tt.of...)), exchange())
				require.Equal(t, tt.code, p.Code)
			}
		})
	}
}

func TestAllEndsWithTheEarliest(t *testing.T) {
	t.Parallel()
	soon, later := time.Now().Add(time.Minute), time.Now().Add(time.Hour)
	a := fake{id: &pipeline.Identity{Subject: "alice", Expires: later}}
	b := fake{id: &pipeline.Identity{Subject: "device", Expires: soon}}
	id, err := authn.All(a, b).Authenticate(t.Context(), exchange())
	require.NoError(t, err)
	require.Equal(t, soon, id.Expires)
	require.Equal(t, later, a.id.Expires, "an identity is shared and never altered")
}

func TestAllForwardsWhereAnyDoes(t *testing.T) {
	t.Parallel()
	kept := fake{id: &pipeline.Identity{Subject: "alice"}}
	sent := fake{id: &pipeline.Identity{Subject: "device", Forwarded: true}}
	for _, all := range [][]authn.Authenticator{{kept, sent}, {sent, kept}} {
		id, err := authn.All(all...).Authenticate(t.Context(), exchange())
		require.NoError(t, err)
		require.True(t, id.Forwarded)
	}
	require.False(t, kept.id.Forwarded, "an identity is shared and never altered")
}

func TestStage(t *testing.T) {
	t.Parallel()
	in := func(environment string) fake {
		return fake{id: &pipeline.Identity{Subject: "alice", Scheme: "jwt", Environment: environment}}
	}
	tests := []struct {
		name   string
		by     authn.Authenticator
		status int
		code   string
		passes bool
	}{
		{"passes who proved to be somebody", alice, 0, "", true},
		{"passes a credential of this environment", in("production"), 0, "", true},
		{"refuses a credential of another environment", in("test"), 401, authn.CodeWrongEnvironment, false},
		{"refuses a request without credentials", none, 401, authn.CodeCredentialsMissing, false},
		{"refuses credentials that do not hold with their own code", bad, 401, "token_expired", false},
		{"refuses where the authenticator fails", down, 503, authn.CodeUnavailable, false},
		{"refuses where the authenticator panics", fake{panics: "boom"}, 503, authn.CodeUnavailable, false},
		{"refuses where the authenticator returns nobody", fake{}, 503, authn.CodeUnavailable, false},
		{"refuses an identity that comes with an error", fake{id: alice.id, err: errors.New("odd")}, 503, authn.CodeUnavailable, false},
		{"refuses optional credentials that do not hold", authn.Optional(bad), 401, "token_expired", false},
		{"refuses where an optional authenticator fails", authn.Optional(down), 503, authn.CodeUnavailable, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			passed, p := serve(t, authn.Stage(tt.by), x)
			require.Equal(t, tt.passes, passed)
			if tt.passes {
				require.Equal(t, "alice", x.Identity.Subject)
				require.Equal(t, pipeline.Decision{Stage: "authenticate", Rule: "jwt", Verdict: pipeline.Pass}, lastDecision(t, x))
				return
			}
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.code, p.Code)
			require.Nil(t, x.Identity)
			require.Equal(t, pipeline.Decision{Stage: "authenticate", Verdict: pipeline.Deny, Code: tt.code}, lastDecision(t, x))
		})
	}
}

func TestOptionalPassesNobody(t *testing.T) {
	t.Parallel()
	x := exchange()
	passed, _ := serve(t, authn.Stage(authn.Optional(authn.First(none, none))), x)
	require.True(t, passed)
	require.Nil(t, x.Identity, "nobody is no identity that anything could take for a caller")
	require.Equal(t, authn.CodeAnonymous, lastDecision(t, x).Code)
}

func TestOptionalRefusesCredentialsThatNobodyJudges(t *testing.T) {
	t.Parallel()
	x := exchange()
	passed, p := serve(t, authn.Stage(authn.Optional(authn.First(foreign, none))), x)
	require.False(t, passed)
	require.Equal(t, "token_issuer_wrong", p.Code)
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	bearer := fake{err: authn.ErrNoCredentials, challenges: []string{`Bearer realm="api"`}}
	key := fake{err: authn.ErrNoCredentials, challenges: []string{"ApiKey"}}
	badKey := fake{err: bad.err, challenges: []string{"ApiKey"}}
	ownChallenge := pipeline.Refuse(401, "token_expired", "").With("WWW-Authenticate", `Bearer error="invalid_token"`)
	tests := []struct {
		name string
		by   authn.Authenticator
		want []string
	}{
		{"name every scheme that could be used", authn.First(bearer, key, key), []string{`Bearer realm="api"`, "ApiKey"}},
		{"go into refusals of credentials too", badKey, []string{"ApiKey"}},
		{"leave those of a refusal alone", fake{err: ownChallenge, challenges: []string{"ApiKey"}}, []string{`Bearer error="invalid_token"`}},
		{"do not go into other refusals", fake{err: errors.New("down"), challenges: []string{"ApiKey"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, p := serve(t, authn.Stage(tt.by), exchange())
			require.Equal(t, tt.want, p.Header["Www-Authenticate"])
		})
	}
	require.Nil(t, bad.err.(*pipeline.Problem).Header, "a Problem that an authenticator shares stays as it was")
}

func TestAReasonIsForTheDecisionAlone(t *testing.T) {
	t.Parallel()
	x := exchange()
	hidden := pipeline.Refuse(401, "key_unknown", "").Because(authn.Reason("key_expired"))
	_, p := serve(t, authn.Stage(fake{err: hidden}), x)
	require.Equal(t, "key_unknown", p.Code)
	require.Equal(t, pipeline.Decision{Stage: "authenticate", Verdict: pipeline.Deny, Code: "key_expired"}, lastDecision(t, x))
}

func TestAPanicTellsNoSecret(t *testing.T) {
	t.Parallel()
	_, p := serve(t, authn.Stage(fake{panics: "key hunter2 is odd"}), exchange())
	require.NotContains(t, p.Error(), "hunter2")
}

func BenchmarkStage(b *testing.B) {
	x := exchange()
	h := authn.Stage(authn.First(none, alice)).Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: x.In, Environment: x.Environment}
		_, _ = h(ctx, x)
	}
}
