package gatewaytest_test

import (
	"os"
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/standard"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	gatewaytest.Script(t, os.DirFS("testdata"), "*.txtar", standard.Kinds())
}
