package observability_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/stretchr/testify/require"
)

func FuzzAppendString(f *testing.F) {
	f.Add("plain", 0)
	f.Add("a\"\\\r\n\x1b\u202e\xff\U000e0041", 7)
	f.Fuzz(func(t *testing.T, s string, max int) {
		out := observability.AppendString(nil, s, max)
		require.True(t, utf8.Valid(out))
		for _, r := range string(out) {
			require.False(t, unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control), "%U", r)
		}
		var back string
		require.NoError(t, json.Unmarshal(out, &back))
		want := s
		if max > 0 && len(s) > max {
			want = observability.Cut(s, max) + "…"
		}
		require.Equal(t, replaced(strings.ToValidUTF8(want, "\uFFFD")), replaced(back))
	})
}

// replaced makes one of neighbouring replacements, as ToValidUTF8 does.
func replaced(s string) string {
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}
