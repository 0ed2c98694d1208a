package scope_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/scope"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func holding(scopes ...string) *pipeline.Identity {
	return &pipeline.Identity{Subject: "ada", Consumer: "acme", Scopes: scopes}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		config string
		caller []gatewaytest.Option
		status int
		code   string
		rule   string
	}{
		{"all of them are held", `{"all": ["a", "b"]}`, []gatewaytest.Option{gatewaytest.Identity(holding("b", "a"))}, 200, "", ""},
		{"one of all is missing", `{"all": ["a", "b"]}`, []gatewaytest.Option{gatewaytest.Identity(holding("a"))}, 403, "scope_missing", "b"},
		{"one of any is held", `{"any": ["a", "b"]}`, []gatewaytest.Option{gatewaytest.Identity(holding("b"))}, 200, "", ""},
		{"none of any is held", `{"any": ["a", "b"]}`, []gatewaytest.Option{gatewaytest.Identity(holding("c"))}, 403, "scope_missing", "a"},
		{"both lists have to hold", `{"all": ["a"], "any": ["b"]}`, []gatewaytest.Option{gatewaytest.Identity(holding("a"))}, 403, "scope_missing", "b"},
		{"nobody holds nothing", `{"any": ["a"]}`, nil, 403, "scope_missing", "a"},
		{"what was granted counts, not what the credential has", `{"all": ["a"]}`, []gatewaytest.Option{
			gatewaytest.Identity(holding("a")), gatewaytest.Grant(&pipeline.Grant{Scopes: []string{"b"}}),
		}, 403, "scope_missing", "a"},
		{"a part of a scope is not the scope", `{"all": ["users.read"]}`, []gatewaytest.Option{gatewaytest.Identity(holding("users.readable", "users"))}, 403, "scope_missing", "users.read"},
		{"hidden, it looks like no route", `{"all": ["a"], "hide": true}`, nil, 404, "route_unknown", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stages := gatewaytest.Build(t, scope.Kind(), c.config)
			require.Equal(t, pipeline.Authorize, stages[0].Phase)
			got := gatewaytest.RunChain(t, stages, gatewaytest.NewExchange("GET", "/", c.caller...))
			require.Equal(t, c.status, got.Status)
			require.Equal(t, c.code, got.Code)
			require.Equal(t, c.rule, got.Decisions[0].Rule)
		})
	}
}

func TestSettingsThatAskForNothingAreRefused(t *testing.T) {
	t.Parallel()
	for config, fields := range map[string][]string{
		`{}`:                              {""},
		`{"all": [""], "any": ["", "a"]}`: {"/all", "/any"},
		`{"al": ["a"]}`:                   {"/al"},
	} {
		_, err := gatewaytest.TryBuild(t, scope.Kind(), config)
		var got []string
		for _, f := range registry.AsFaults(err) {
			got = append(got, f.Field)
		}
		require.Equal(t, fields, got, config)
	}
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		return gatewaytest.Build(t, scope.Kind(), `{"all": ["a"]}`)[0]
	}, gatewaytest.Identity(holding("a")))
}

func TestAuthorizerKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestAuthorizer(t, func(t testing.TB) authz.Authorizer {
		a, err := scope.New(scope.Config{All: []string{"a"}})
		require.NoError(t, err)
		return a
	}, []gatewaytest.Option{gatewaytest.Identity(holding("a"))}, []gatewaytest.Option{gatewaytest.Identity(holding("b"))})
}

func ExampleNew() {
	a, err := scope.New(scope.Config{All: []string{"users.read"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := gatewaytest.NewExchange("GET", "/users/7", gatewaytest.Identity(holding("users.write")))
	answer, err := a.Authorize(context.Background(), x)
	fmt.Println(answer.Allow, answer.Code, answer.Rule, err)
	// Output: false scope_missing users.read <nil>
}

func BenchmarkStage(b *testing.B) {
	stage := gatewaytest.Build(b, scope.Kind(), `{"all": ["users.read"], "any": ["a", "b"]}`)[0]
	h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	x := gatewaytest.NewExchange("GET", "/", gatewaytest.Identity(holding("users.write", "users.read", "b")))
	y := new(pipeline.Exchange)
	b.ReportAllocs()
	for b.Loop() {
		*y = pipeline.Exchange{In: x.In, Identity: x.Identity, Start: x.Start}
		if _, err := h(b.Context(), y); err != nil {
			b.Fatal(err)
		}
	}
}
