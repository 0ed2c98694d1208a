package authn_test

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// ledger are settings of an authenticator by the field X-Login.
type ledger struct {
	Good string `json:"good"`
}

func ledgerKind() pipeline.Kind[authn.Authenticator] {
	return pipeline.NewKind("ledger", func(_ *pipeline.Env, c ledger) (authn.Authenticator, error) { return &login{good: c.Good}, nil })
}

// A hall is where policies are built that share what a gateway shares.
type hall struct {
	pool  *pipeline.Pool
	kinds *pipeline.Kinds
}

func newHall(t testing.TB) hall {
	t.Helper()
	kinds, err := pipeline.NewKinds(authn.Kind(), ledgerKind())
	require.NoError(t, err)
	return hall{pipeline.NewPool(), kinds}
}

// open compiles the policy as a route of its own does.
func (h hall) open(t testing.TB, settings string) (*pipeline.Scope, pipeline.Stage) {
	t.Helper()
	scope := pipeline.NewScope(h.pool, slog.New(slog.DiscardHandler))
	env := scope.Env(pipeline.Workshop{Kinds: h.kinds}, &registry.Route{Name: "orders"}, "authenticate")
	stages, err := pipeline.Make[[]pipeline.Stage](env, registry.Policy{Kind: "authenticate", Config: json.RawMessage(settings)})
	require.NoError(t, err)
	return scope, stages[0]
}

func refusalOf(t testing.TB, stage pipeline.Stage, x *pipeline.Exchange) string {
	t.Helper()
	_, p := serve(t, stage, x)
	if p == nil {
		return ""
	}
	return p.Code
}

func TestRoutesCountTogether(t *testing.T) {
	t.Parallel()
	const limits = `"throttle":{"address":3,"credential":2}`
	here := `{"any_of":[{"ledger":{"good":"a"}}],` + limits + `}`
	tests := []struct {
		name, other, credential string
		address                 string
		code                    string
	}{
		{"an address on routes that ask alike", here, "third", "192.0.2.1", authn.CodeThrottled},
		{"an address on routes that ask for something else", `{"all_of":[{"ledger":{"good":"b"}}],"optional":true,` + limits + `}`, "b", "192.0.2.1", authn.CodeThrottled},
		{"a credential on routes that ask alike", here, "wrong", "192.0.2.2", authn.CodeThrottled},
		{"not a credential on routes that ask for something else", `{"any_of":[{"ledger":{"good":"wrong"}}],` + limits + `}`, "wrong", "192.0.2.2", ""},
		{"not where the limits are others", `{"any_of":[{"ledger":{"good":"a"}}],"throttle":{"address":4}}`, "third", "192.0.2.1", "login_wrong"},
		{"not where it is disabled", `{"any_of":[{"ledger":{"good":"a"}}],"throttle":{"disabled":true}}`, "wrong", "192.0.2.1", "login_wrong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t)
			_, one := h.open(t, here)
			_, other := h.open(t, tt.other)
			for _, credential := range []string{"wrong", "wrong", "second"} {
				require.Equal(t, "login_wrong", refusalOf(t, one, from("192.0.2.1", credential)))
			}
			require.Equal(t, tt.code, refusalOf(t, other, from(tt.address, tt.credential)))
		})
	}
}

func TestFailuresOutliveAReload(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	old, stage := h.open(t, `{"any_of":[{"ledger":{"good":"a"}}],"throttle":{"address":1}}`)
	require.Equal(t, "login_wrong", refusalOf(t, stage, from("192.0.2.1", "wrong")))
	fresh, again := h.open(t, `{"any_of":[{"ledger":{"good":"b"}}],"throttle":{"address":1}}`)
	old.Close()
	require.Equal(t, authn.CodeThrottled, refusalOf(t, again, from("192.0.2.1", "b")))
	fresh.Close()
	require.Zero(t, h.pool.Len(), "nothing is left where nobody asks")
}

func TestTheThrottleIsOnByDefault(t *testing.T) {
	t.Parallel()
	_, stage := newHall(t).open(t, `{"any_of":[{"ledger":{"good":"a"}}]}`)
	for range 600 {
		require.Equal(t, "login_wrong", refusalOf(t, stage, from("192.0.2.1", "wrong")))
	}
	require.Equal(t, authn.CodeThrottled, refusalOf(t, stage, from("192.0.2.1", "wrong")))
	for i := range 5400 {
		require.Equal(t, "login_wrong", refusalOf(t, stage, from("192.0.2.1", addressOf(i))))
	}
	require.Equal(t, authn.CodeThrottled, refusalOf(t, stage, from("192.0.2.1", "another")))
}
