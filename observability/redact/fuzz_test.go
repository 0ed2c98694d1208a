package redact_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/observability/redact"
	"github.com/stretchr/testify/require"
)

func FuzzText(f *testing.F) {
	for _, tt := range texts() {
		f.Add(tt.in, 100)
		f.Add(tt.in, 7)
	}
	rules := redact.New("badge_number")
	f.Fuzz(func(t *testing.T, s string, max int) {
		out := rules.AppendText([]byte("head"), s, max)
		require.True(t, strings.HasPrefix(string(out), "head"))
		require.LessOrEqual(t, len(out)-4, max0(max))
		if utf8.ValidString(s) {
			require.True(t, utf8.Valid(out))
		}
		if rules.Clean(s) && len(s) <= max {
			require.Equal(t, "head"+s, string(out))
		}
		hidden := rules.Text("a "+s+" password="+secret, 1<<20)
		require.NotContains(t, hidden, secret)
	})
}

const secret = "hunter2-hunter2"

func FuzzQuery(f *testing.F) {
	f.Add("a=1&api_key=2;c", 100)
	f.Add("a=%zz&=&;", 5)
	rules := redact.New()
	f.Fuzz(func(t *testing.T, raw string, max int) {
		require.LessOrEqual(t, len(rules.AppendQuery(nil, raw, max)), max0(max))
		require.NotContains(t, string(rules.AppendQuery(nil, raw+"&token="+secret, 1<<20)), secret)
	})
}

func max0(n int) int { return max(n, 0) }
