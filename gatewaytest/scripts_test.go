package gatewaytest_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/standard"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	gatewaytest.Script(t, os.DirFS("testdata"), "*.txtar", standard.Kinds())
}

// TestEveryStandardPolicyHasAScript keeps a new policy from coming without.
func TestEveryStandardPolicyHasAScript(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	scripts := os.DirFS("testdata")
	names, err := fs.Glob(scripts, "*.txtar")
	require.NoError(t, err)
	for _, name := range names {
		raw, err := fs.ReadFile(scripts, name)
		require.NoError(t, err)
		all.Write(raw)
	}
	for _, k := range standard.All() {
		if k.Makes().String() == "[]pipeline.Stage" {
			named := regexp.MustCompile(`(?m)(- |\[|\{|, )` + regexp.QuoteMeta(k.KindName()) + `\b`)
			require.True(t, named.MatchString(all.String()), "no script shows the policy %s", k.KindName())
		}
	}
}
