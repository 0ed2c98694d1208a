package registry_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func page() registry.Feed {
	return registry.Feed{Cursor: "42", Reset: true, More: true, Changes: []registry.Change{
		{Plan: &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 100, Per: time.Second}}},
			Units: registry.Units{Events: []registry.Limit{{Rate: registry.Rate{Count: 9, Per: time.Hour}}}}, InFlight: 2}},
		{Subscription: &registry.Subscription{
			ID: "s1", Consumer: "acme", API: "users/v2", Environment: "production", Plan: &registry.Plan{Name: "gold"},
			Scopes: []string{"users.read"}, AllowIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			DenyIPs: []netip.Prefix{netip.MustParsePrefix("10.66.0.0/16")}, Active: true,
			NotAfter: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC),
		}},
		{Credential: &registry.Credential{ID: "k1", Consumer: "acme", Environment: "production"}, Sum: [32]byte{1, 2, 3}},
		{Subscription: &registry.Subscription{Consumer: "gone", API: "users/v2", Environment: "production"}, Remove: true},
		{Credential: &registry.Credential{}, Sum: [32]byte{4}, Remove: true},
	}}
}

func TestAFeedIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(page())
	require.NoError(t, err)
	got, err := registry.DecodeFeed(raw)
	require.NoError(t, err)
	require.Equal(t, page(), got)
	require.Contains(t, string(raw), `"hash":"hmac-sha256:010203`)
	require.Contains(t, string(raw), `"rate":"100/s"`)
}

func TestASubscriptionIsActiveUnlessItSaysOtherwise(t *testing.T) {
	t.Parallel()
	f, err := registry.DecodeFeed([]byte(`{"cursor":"1","changes":[
		{"subscription":{"consumer":"a","api":"x","environment":"e"}},
		{"subscription":{"consumer":"b","api":"x","environment":"e","active":false}}]}`))
	require.NoError(t, err)
	require.True(t, f.Changes[0].Subscription.Active)
	require.False(t, f.Changes[1].Subscription.Active)
}

func TestFeedsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``:                              "EOF",
		`[]`:                            "cannot unmarshal",
		`{"changes":[]}`:                "want a cursor",
		`{"cursor":"1"} {}`:             "data behind the page",
		`{"cursor":"1","chnages":[]}`:   `unknown field "chnages"`,
		`{"cursor":"1","changes":[{}]}`: "/changes/0: want one of plan, subscription and credential, found 0",
		`{"cursor":"1","changes":[{"plan":{"name":"a"},"credential":{"hash":"x"}}]}`:           "/changes/0",
		`{"cursor":"1","changes":[{"credential":{"hash":"the key itself"}}]}`:                  `want "hmac-sha256:" and 64 hexadecimal digits`,
		`{"cursor":"1","changes":[{"plan":{"name":"a","limits":[{"rate":"lots"}]}}]}`:          "want a rate",
		`{"cursor":"1","changes":[{"plan":{"name":"a","limits":[{}]}}]}`:                       "/limits/0: want a rate",
		`{"cursor":"1","changes":[{"subscription":{"consumer":"a","allow_ips":["nowhere"]}}]}`: "nowhere",
	} {
		_, err := registry.DecodeFeed([]byte(raw))
		require.ErrorContains(t, err, want, raw)
		require.NotContains(t, fmt.Sprint(err), "the key itself")
	}
}

func FuzzDecodeFeed(f *testing.F) {
	raw, err := json.Marshal(page())
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"cursor":"1","changes":[{"remove":true,"plan":{"name":"a"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := registry.DecodeFeed(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(got)
		require.NoError(t, err)
		read, err := registry.DecodeFeed(again)
		require.NoError(t, err)
		require.Equal(t, got.Cursor, read.Cursor)
		require.Len(t, read.Changes, len(got.Changes))
	})
}

func BenchmarkDecodeFeed(b *testing.B) {
	large := registry.Feed{Cursor: "1", Changes: make([]registry.Change, 100_000)}
	for i := range large.Changes {
		large.Changes[i].Subscription = &registry.Subscription{
			ID: fmt.Sprint("s", i), Consumer: fmt.Sprint("consumer-", i), API: "users/v2", Environment: "production", Active: true,
		}
	}
	raw, err := json.Marshal(large)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.DecodeFeed(raw); err != nil {
			b.Fatal(err)
		}
	}
}
