package traffic_test

import (
	"encoding/json"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	require.Len(t, traffic.Document(), 1024)
	require.True(t, json.Valid(traffic.Document()))
	get, err := traffic.Find("get_1k")
	require.NoError(t, err)
	require.Contains(t, string(get.Answer(false)), "123-45-6789")
	require.NotContains(t, string(get.Answer(true)), "123-45-6789")
	require.True(t, json.Valid(get.Answer(true)))
	large, err := traffic.Find("get_64k")
	require.NoError(t, err)
	require.Len(t, large.Answer(true), 64<<10)
	require.True(t, traffic.IsLarge([]byte("GET "+large.Target(7, 42)+" HTTP/1.1")))
	require.False(t, traffic.IsLarge([]byte("GET "+get.Target(7, 42)+" HTTP/1.1")))
	_, err = traffic.Find("get_2k")
	require.ErrorContains(t, err, "get_64k")
}

func TestPatternShowsWhatIsMisplaced(t *testing.T) {
	t.Parallel()
	p, seen := traffic.Pattern(64<<10), map[string]bool{}
	for i := 0; i < len(p); i += 16 {
		require.False(t, seen[string(p[i:i+16])], "at %d", i)
		seen[string(p[i:i+16])] = true
	}
}

func TestCallers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, traffic.WriteCallers(dir))
	tokens, err := traffic.Tokens(dir)
	require.NoError(t, err)
	require.Len(t, tokens, traffic.Callers)
	key, err := traffic.PublicKey(dir)
	require.NoError(t, err)
	for _, token := range tokens {
		require.Len(t, token, len(tokens[0]), "they are written over one another")
		_, err := jwt.Parse(string(token), func(*jwt.Token) (any, error) { return key, nil }, jwt.WithIssuer(traffic.Issuer))
		require.NoError(t, err)
	}
}
