package pipeline_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

type toolConfig struct {
	Size  int             `json:"size,omitempty"`
	Inner registry.Policy `json:"inner,omitzero"`
}

func (c toolConfig) Validate() error {
	var faults registry.Faults
	if c.Size < 0 {
		faults.Add("/size", "want 0 or more, not %d", c.Size)
	}
	return faults.Err()
}

type tool struct{ size int }

type other struct{}

func toolKind(name string) pipeline.Kind[*tool] {
	return pipeline.NewKind(name, func(_ *pipeline.Env, c toolConfig) (*tool, error) { return &tool{c.Size}, nil })
}

func workshop(t testing.TB, kinds ...pipeline.AnyKind) *pipeline.Env {
	t.Helper()
	set, err := pipeline.NewKinds(kinds...)
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	return scope.Env(pipeline.Workshop{Kinds: set, Environment: "test"}, &registry.Route{Name: "r"}, "policy")
}

func policy(kind, config string) registry.Policy {
	return registry.Policy{Kind: kind, Config: []byte(config)}
}

func TestMakeBuildsByKindAndType(t *testing.T) {
	t.Parallel()
	sameName := pipeline.NewKind("hammer", func(*pipeline.Env, struct{}) (other, error) { return other{}, nil })
	env := workshop(t, toolKind("hammer"), sameName)
	made, err := pipeline.Make[*tool](env, policy("hammer", `{"size":3}`))
	require.NoError(t, err)
	require.Equal(t, 3, made.size)
	_, err = pipeline.Make[other](env, policy("hammer", ""))
	require.NoError(t, err, "kinds of one name that make different types are two kinds")
}

func TestMakeRefusesSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, config string }{
		{"an unknown member", `{"siez":3}`},
		{"a member of another type", `{"size":"3"}`},
		{"a member of another case", `{"Size":3}`},
		{"a member given twice", `{"size":3,"size":3}`},
		{"trailing data", `{"size":3} {}`},
		{"what Validate refuses", `{"size":-1}`},
		{"what is no object", `[]`},
		{"broken JSON", `{"size":`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			made, err := pipeline.Make[*tool](workshop(t, toolKind("hammer")), policy("hammer", test.config))
			var faults registry.Faults
			require.ErrorAs(t, err, &faults)
			require.Nil(t, made)
		})
	}
}

func TestMakeNamesTheNearestKind(t *testing.T) {
	t.Parallel()
	env := workshop(t, toolKind("hammer"), toolKind("tongs"))
	_, err := pipeline.Make[*tool](env, policy("hamer", ""))
	require.ErrorContains(t, err, `did you mean "hammer"?`)
	_, err = pipeline.Make[*tool](env, policy("drilling machine", ""))
	require.ErrorContains(t, err, "want one of hammer, tongs")
	_, err = pipeline.Make[other](env, policy("hammer", ""))
	require.ErrorContains(t, err, "there is none", "a kind of the same name that makes another type is not meant")
	_, err = pipeline.Make[*tool](&pipeline.Env{}, policy("hammer", ""))
	require.Error(t, err, "an Env of nothing knows no kinds")
}

func TestMakeHandsOnTheConstructorsError(t *testing.T) {
	t.Parallel()
	cause := errors.New("no steel")
	failing := pipeline.NewKind("hammer", func(*pipeline.Env, struct{}) (*tool, error) { return &tool{}, cause })
	made, err := pipeline.Make[*tool](workshop(t, failing), policy("hammer", ""))
	require.ErrorIs(t, err, cause)
	require.Nil(t, made, "nothing half-built comes out")

	none := pipeline.NewKind("nothing", func(*pipeline.Env, struct{}) (error, error) { return nil, nil })
	_, err = pipeline.Make[error](workshop(t, none), policy("nothing", ""))
	require.Error(t, err, "a nil thing is none")
}

func TestKindsAreUniqueAndOrdered(t *testing.T) {
	t.Parallel()
	_, err := pipeline.NewKinds(toolKind("hammer"), toolKind("tongs"), toolKind("hammer"))
	require.ErrorContains(t, err, `"hammer"`)
	_, err = pipeline.NewKinds(toolKind("hammer"), nil)
	require.ErrorContains(t, err, "a kind is nil")
	set, err := pipeline.NewKinds(toolKind("tongs"), toolKind("hammer"))
	require.NoError(t, err)
	var names []string
	for _, k := range set.All() {
		names = append(names, k.KindName())
		require.Equal(t, "pipeline_test.toolConfig", k.Settings().String())
	}
	require.Equal(t, []string{"hammer", "tongs"}, names)
	require.Empty(t, (*pipeline.Kinds)(nil).All())
}
