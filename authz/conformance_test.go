package authz_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestStagesKeepTheContracts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		stage func(t testing.TB) pipeline.Stage
	}{
		{"an authorizer", func(testing.TB) pipeline.Stage { return authz.Stage("orders", authz.AllOf(allows(nil), allows(nil))) }},
		{"public", func(t testing.TB) pipeline.Stage { return build(t, authz.PublicPolicy()) }},
		{"deny", func(t testing.TB) pipeline.Stage { return build(t, authz.DenyPolicy()) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestStage(t, tt.stage)
		})
	}
}
