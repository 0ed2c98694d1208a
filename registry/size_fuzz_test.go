package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func FuzzSize(f *testing.F) {
	for _, s := range []string{"512B", "64KiB", "10MiB", "8589934591GiB", "1500", "-1", "1.5", "10MB", "KiB", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, back registry.Size
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		require.GreaterOrEqual(t, s, registry.Size(0))
		require.NoError(t, back.UnmarshalText([]byte(s.String())))
		require.Equal(t, s, back)
	})
}
