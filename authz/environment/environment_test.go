package environment_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/environment"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func of(env string) gatewaytest.Option {
	return gatewaytest.Identity(&pipeline.Identity{Subject: "ada", Environment: env})
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		config  string
		gateway string
		caller  []gatewaytest.Option
		status  int
		code    string
	}{
		{"a credential of this environment", `{}`, "test", []gatewaytest.Option{of("test")}, 200, ""},
		{"a production credential in test", `{}`, "test", []gatewaytest.Option{of("production")}, 403, "environment_wrong"},
		{"a test credential in production", `{}`, "production", []gatewaytest.Option{of("test")}, 403, "environment_wrong"},
		{"a credential of no environment", `{}`, "test", []gatewaytest.Option{of("")}, 403, "environment_missing"},
		{"nobody", `{}`, "test", nil, 403, "environment_missing"},
		{"a gateway of no environment", `{}`, "", []gatewaytest.Option{of("")}, 403, "environment_missing"},
		{"hidden, it looks like no route", `{"hide": true}`, "test", nil, 404, "route_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			caller := append(c.caller, gatewaytest.Environment(c.gateway))
			got := gatewaytest.RunChain(t, gatewaytest.Build(t, environment.Kind(), c.config), gatewaytest.NewExchange("GET", "/", caller...))
			require.Equal(t, c.status, got.Status)
			require.Equal(t, c.code, got.Code)
		})
	}
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		return gatewaytest.Build(t, environment.Kind(), `{}`)[0]
	}, of("test"), gatewaytest.Environment("test"))
}

func TestAuthorizerKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestAuthorizer(t, func(testing.TB) authz.Authorizer { return environment.New(environment.Config{}) },
		[]gatewaytest.Option{of("test"), gatewaytest.Environment("test")},
		[]gatewaytest.Option{of("production"), gatewaytest.Environment("test")})
}

func ExampleNew() {
	a := environment.New(environment.Config{})
	x := gatewaytest.NewExchange("GET", "/", of("production"), gatewaytest.Environment("test"))
	answer, err := a.Authorize(context.Background(), x)
	fmt.Println(answer.Allow, answer.Code, err)
	// Output: false environment_wrong <nil>
}

func BenchmarkStage(b *testing.B) {
	stage := gatewaytest.Build(b, environment.Kind(), `{}`)[0]
	h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	fresh, x := gatewaytest.NewExchange("GET", "/", of("test"), gatewaytest.Environment("test")), new(pipeline.Exchange)
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: fresh.In, Identity: fresh.Identity, Client: fresh.Client, Environment: fresh.Environment}
		if _, err := h(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
