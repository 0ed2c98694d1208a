//go:build unix

package file_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry/file"
)

func TestAPipeThatNobodyWritesIsAnEmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := file.Load(path)
	require.ErrorContains(t, err, "the file holds no document", "waiting for a writer would end the watch for good")
}
