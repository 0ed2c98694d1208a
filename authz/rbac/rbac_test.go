package rbac_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/rbac"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func having(roles ...string) gatewaytest.Option {
	return gatewaytest.Identity(&pipeline.Identity{Subject: "ada", Roles: roles})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		config string
		caller []gatewaytest.Option
		status int
		code   string
		rule   string
	}{
		{"one of any is had", `{"any": ["admin", "operator"]}`, []gatewaytest.Option{having("operator")}, 200, "", "operator"},
		{"none of any is had", `{"any": ["admin", "operator"]}`, []gatewaytest.Option{having("guest")}, 403, "role_missing", "admin"},
		{"all of them are had", `{"all": ["admin", "auditor"]}`, []gatewaytest.Option{having("auditor", "admin")}, 200, "", ""},
		{"one of all is missing", `{"all": ["admin", "auditor"]}`, []gatewaytest.Option{having("admin")}, 403, "role_missing", "auditor"},
		{"both lists have to hold", `{"all": ["admin"], "any": ["eu", "us"]}`, []gatewaytest.Option{having("admin")}, 403, "role_missing", "eu"},
		{"nobody has none", `{"any": ["admin"]}`, nil, 403, "role_missing", "admin"},
		{"a scope is no role", `{"any": ["admin"]}`, []gatewaytest.Option{
			gatewaytest.Identity(&pipeline.Identity{Subject: "ada", Scopes: []string{"admin"}}),
		}, 403, "role_missing", "admin"},
		{"hidden, it looks like no route", `{"any": ["admin"], "hide": true}`, nil, 404, "route_unknown", "admin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := gatewaytest.RunChain(t, gatewaytest.Build(t, rbac.Kind(), c.config), gatewaytest.NewExchange("GET", "/", c.caller...))
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
	} {
		_, err := gatewaytest.TryBuild(t, rbac.Kind(), config)
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
		return gatewaytest.Build(t, rbac.Kind(), `{"any": ["admin"]}`)[0]
	}, having("admin"))
}

func TestAuthorizerKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestAuthorizer(t, func(t testing.TB) authz.Authorizer {
		a, err := rbac.New(rbac.Config{Any: []string{"admin"}})
		require.NoError(t, err)
		return a
	}, []gatewaytest.Option{having("admin")}, []gatewaytest.Option{having("guest")})
}

func ExampleNew() {
	a, err := rbac.New(rbac.Config{Any: []string{"admin", "operator"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := a.Authorize(context.Background(), gatewaytest.NewExchange("GET", "/", having("operator")))
	fmt.Println(answer.Allow, answer.Rule, err)
	// Output: true operator <nil>
}

func BenchmarkStage(b *testing.B) {
	stage := gatewaytest.Build(b, rbac.Kind(), `{"any":["admin","operator"]}`)[0]
	h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	fresh, x := gatewaytest.NewExchange("GET", "/", having("operator")), new(pipeline.Exchange)
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: fresh.In, Identity: fresh.Identity, Client: fresh.Client, Environment: fresh.Environment}
		if _, err := h(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
