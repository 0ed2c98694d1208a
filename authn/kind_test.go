package authn_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// badge is an authenticator as an embedder writes it.
type badge struct {
	Holder string `json:"holder"`
}

func (b badge) Validate() error {
	var faults registry.Faults
	if b.Holder == "" {
		faults.Add("/holder", "want a name")
	}
	return faults.Err()
}

func badgeKind() pipeline.Kind[authn.Authenticator] {
	return pipeline.NewKind("badge", func(_ *pipeline.Env, b badge) (authn.Authenticator, error) {
		switch b.Holder {
		case "nobody":
			return none, nil
		case "broken":
			return nil, registry.At("/holder", errors.New("the badge is broken"))
		}
		return fake{id: &pipeline.Identity{Subject: b.Holder, Scheme: "badge"}}, nil
	})
}

// build makes the stage of a policy as a gateway does.
func build(t testing.TB, p registry.Policy) (pipeline.Stage, error) {
	t.Helper()
	kinds, err := pipeline.NewKinds(authn.Kind(), badgeKind())
	require.NoError(t, err)
	env := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.DiscardHandler)).
		Env(pipeline.Workshop{Kinds: kinds}, &registry.Route{Name: "orders"}, p.String())
	stages, err := pipeline.Make[[]pipeline.Stage](env, p)
	if err != nil {
		return pipeline.Stage{}, err
	}
	require.Len(t, stages, 1)
	return stages[0], nil
}

func holder(name string) registry.Policy { return registry.NewPolicy("badge", badge{name}) }

func TestKind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		config  authn.Config
		subject string
		code    string
	}{
		{"any_of takes the first with credentials", authn.Config{AnyOf: []registry.Policy{holder("nobody"), holder("alice")}}, "alice", ""},
		{"any_of may hold one", authn.Config{AnyOf: []registry.Policy{holder("alice")}}, "alice", ""},
		{"all_of is the first", authn.Config{AllOf: []registry.Policy{holder("alice"), holder("bob")}}, "alice", ""},
		{"all_of refuses where one is missing", authn.Config{AllOf: []registry.Policy{holder("alice"), holder("nobody")}}, "", authn.CodeCredentialsMissing},
		{"a request without credentials is refused", authn.Config{AnyOf: []registry.Policy{holder("nobody")}}, "", authn.CodeCredentialsMissing},
		{"optional passes nobody", authn.Config{AnyOf: []registry.Policy{holder("nobody")}, Optional: true}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stage, err := build(t, authn.Policy(tt.config))
			require.NoError(t, err)
			require.Equal(t, pipeline.Authenticate, stage.Phase)
			x := exchange()
			_, p := serve(t, stage, x)
			require.Equal(t, tt.subject, subject(x.Identity))
			if tt.code != "" {
				require.Equal(t, tt.code, p.Code)
				return
			}
			require.Nil(t, p)
		})
	}
}

func TestTheStageBearsTheNameOfThePolicy(t *testing.T) {
	t.Parallel()
	stage, err := build(t, authn.Policy(authn.Config{AnyOf: []registry.Policy{holder("alice")}}).As("staff"))
	require.NoError(t, err)
	require.Equal(t, "authenticate:staff", stage.Name)
	x := exchange()
	serve(t, stage, x)
	require.Equal(t, "authenticate:staff", lastDecision(t, x).Stage)
}

func TestFaultsOfSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config string
		fields []string
	}{
		{"neither list", `{}`, []string{""}},
		{"both lists", `{"any_of":[{"badge":{"holder":"a"}}],"all_of":[{"badge":{"holder":"a"}}]}`, []string{""}},
		{"an item that is switched off", `{"any_of":[{"badge":{"off":true}}]}`, []string{"/any_of/0/badge/off"}},
		{"limits of failures that cannot be", `{"any_of":[{"badge":{"holder":"a"}}],"throttle":{"address":-1,"credential":2000000,"per":"1ms","disabled":true}}`,
			[]string{"/throttle/address", "/throttle/credential", "/throttle/per", "/throttle/disabled"}},
		{"a limit of failures that is no number", `{"any_of":[{"badge":{"holder":"a"}}],"throttle":{"address":"many"}}`, []string{"/throttle/address"}},
		{"a limit of failures that is a fraction", `{"any_of":[{"badge":{"holder":"a"}}],"throttle":{"credential":0.5}}`, []string{"/throttle/credential"}},
		{"a limit of failures beyond any number", `{"any_of":[{"badge":{"holder":"a"}}],"throttle":{"address":99999999999999999999}}`, []string{"/throttle/address"}},
		{"a throttle that is switched off as policies are", `{"any_of":[{"badge":{"holder":"a"}}],"throttle":{"off":true}}`, []string{"/throttle/off"}},
		{"a throttle that is no object", `{"any_of":[{"badge":{"holder":"a"}}],"throttle":false}`, []string{"/throttle"}},
		{"an unknown kind", `{"any_of":[{"badge":{"holder":"a"}},{"bagde":{}}]}`, []string{"/any_of/1/bagde"}},
		{"faults of every item", `{"all_of":[{"badge":{}},{"badge":{"holder":"broken"}}]}`, []string{"/all_of/0/badge/holder", "/all_of/1/badge/holder"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := build(t, registry.Policy{Kind: "authenticate", Config: json.RawMessage(tt.config)})
			require.Error(t, err)
			var fields []string
			for _, f := range registry.AsFaults(err) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, tt.fields, fields)
		})
	}
}
