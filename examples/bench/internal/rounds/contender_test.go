package rounds_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/rounds"
)

// TestEachModuleIsAContender holds the folders of contenders to the list: what
// is in one of them is built under the folder's name, by a module of its own.
func TestEachModuleIsAContender(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../contenders/*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		dir := filepath.Dir(file)
		name := filepath.Base(dir)
		chosen, err := rounds.Choose([]string{name})
		require.NoError(t, err)
		require.Len(t, chosen, 2, "the base and %s", name)
		module, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		require.NoError(t, err)
		require.Contains(t, string(module), "/contenders/"+name+"\n")
	}
}

func TestEachContenderIsOnThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, c := range rounds.Contenders() {
		require.Contains(t, string(page), fmt.Sprintf("`%s`", c.Name))
	}
}
