package subscription_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func caller(consumer string) []gatewaytest.Option {
	return []gatewaytest.Option{
		gatewaytest.Environment("production"),
		gatewaytest.Identity(&pipeline.Identity{Subject: "k1", Consumer: consumer}),
	}
}

func TestAuthorizerKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestAuthorizer(t, func(t testing.TB) authz.Authorizer {
		a, err := subscription.New(directory{is: subscribed(nil)}, subscription.Config{API: "orders/v1"})
		require.NoError(t, err)
		return a
	}, caller("acme"), caller("umbrella"))
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		stage, err := build(t, directory{is: subscribed(nil)}, orders, subscription.Config{})
		require.NoError(t, err)
		return stage
	}, caller("acme")...)
}
