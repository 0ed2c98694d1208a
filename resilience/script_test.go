package resilience_test

import (
	"os"
	"testing"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	gatewaytest.Script(t, os.DirFS("testdata"), "*.txtar", gateway.Kinds(
		authz.PublicKind(), resilience.BreakerKind(), resilience.BulkheadKind(), resilience.FallbackKind(),
		resilience.RetryKind(), resilience.TimeoutKind(),
	))
}
