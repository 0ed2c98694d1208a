package authn_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(testing.TB) pipeline.Stage { return authn.Stage(authn.First(none, alice)) })
}
