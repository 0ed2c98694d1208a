package file_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each file of testdata/faults holds configuration files and the faults that
// are found in them.
func TestFaultsAreToldAsInTheGoldenFiles(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/faults/*.txtar")
	require.NoError(t, err)
	require.Greater(t, len(cases), 20)
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			last := len(archive.Files) - 1
			require.Equal(t, "faults", archive.Files[last].Name)
			got := faultsOf(t, archive.Files[:last])
			if *update {
				archive.Files[last].Data = []byte(got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
				return
			}
			require.Equal(t, string(archive.Files[last].Data), got)
		})
	}
}

func faultsOf(t *testing.T, files []txtar.File) string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, f := range files {
		paths = append(paths, filepath.Join(dir, f.Name))
		require.NoError(t, os.WriteFile(paths[len(paths)-1], f.Data, 0o600))
	}
	u, err := file.Load(paths...)
	if err == nil {
		err = registry.Validate(u.Snapshot)
	}
	require.Error(t, err)
	for _, f := range registry.AsFaults(err) {
		require.NotZero(t, f.Pos.Line, "%v", f)
	}
	require.NotContains(t, err.Error(), "hunter2", "a secret is repeated")
	return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n"
}
