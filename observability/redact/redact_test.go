package redact_test

import (
	"math"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/observability/redact"
	"github.com/stretchr/testify/require"
)

const (
	jwt  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
	key  = "gw_live_0123456789abcdefghij"
	card = "4111111111111111"
)

// texts holds what goes in and what comes out.
func texts() []struct{ name, in, want string } {
	return []struct{ name, in, want string }{
		{"plain text stays", "dial tcp 10.0.0.1:9001: connection refused", "dial tcp 10.0.0.1:9001: connection refused"},
		{"a path stays", "/users/42/orders.json", "/users/42/orders.json"},
		{"a user agent stays", "Mozilla/5.0 (X11; Linux x86_64; rv:138.0)", "Mozilla/5.0 (X11; Linux x86_64; rv:138.0)"},
		{"a code of our own stays", "401 token_expired: at 12:30:00", "401 token_expired: at 12:30:00"},
		{"a bearer token goes", "got Bearer abc.DEF-1~2+3/4== twice", "got Bearer *** twice"},
		{"basic credentials go in any case", "basic YTpi", "basic ***"},
		{"a field of credentials goes to the end of its line", "Authorization: Digest a=1, b=2\nnext", "Authorization: ***\nnext"},
		{"cookies go, all of them", "Set-Cookie: a=1; b=2", "Set-Cookie: ***"},
		{"a token goes wherever it stands", "parse " + jwt + ": bad", "parse ***: bad"},
		{"a token goes as part of a path", "/reset/" + jwt, "/reset/***"},
		{"an API key goes", "no such key " + key, "no such key ***"},
		{"an API key behind another word goes", "x." + key + "!", "x.***!"},
		{"a password goes", "password=hunter2 user=bob", "password=*** user=bob"},
		{"a password with space around the sign goes", "password : hunter2, user", "password : ***, user"},
		{"a quoted password goes whole", `passwd="hunter 2" x`, `passwd="***" x`},
		{"a quoted password may hold quotes", `{"password":"a\"b","x":1}`, `{"password":"***","x":1}`},
		{"a member of a quoted document goes", `bad body "{\"secret\":\"a b\",\"x\":1}"`, `bad body "{\"secret\":\"***\",\"x\":1}"`},
		{"a quote that never ends hides the rest", `token="abc def`, `token="***`},
		{"parameters go by their names", "?a=1&access_token=xyz&b=2", "?a=1&access_token=***&b=2"},
		{"the user of a URL goes", "dial redis://user:p%40ss@cache:6379/0", "dial redis://***@cache:6379/0"},
		{"a card number goes", "card " + card + ".", "card ***."},
		{"a card number in groups goes", "card 4111 1111-1111 1111, 12", "card ***, 12"},
		{"a card number behind other digits goes", "12 4111 1111 1111 1111 99", "12 *** 99"},
		{"a number that fails its check stays", "4111111111111112", "4111111111111112"},
		{"a time in nanoseconds stays", "1764022392123456789", "1764022392123456789"},
		{"an empty text stays", "", ""},
		{"a name at the end stays", "no password:", "no password:"},
	}
}

func TestTextHidesSecretsAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, tt := range texts() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rules redact.Rules
			require.Equal(t, tt.want, rules.Text(tt.in, 1000))
			require.Equal(t, tt.in == tt.want, rules.Clean(tt.in))
		})
	}
}

// TestEveryPlaceOfASecretIsSeen: what is judged at first sight is looked at
// here and there.
func TestEveryPlaceOfASecretIsSeen(t *testing.T) {
	t.Parallel()
	var rules redact.Rules
	const filler = "/one/two/three/four/five/six/seven/eight"
	for _, secret := range []string{
		card, "4111 1111 1111 1111", "4111-1111-1111-1111", "4222222222222", "Bearer x", "basic x", "DPoP x", "dpop\tx", key, jwt, "token=x", "pin: x",
		"a://u@h",
	} {
		for at := range len(filler) {
			require.False(t, rules.Clean(filler[:at]+"/"+secret+"/"+filler[at:]), "%q at %d", secret, at)
		}
		require.True(t, rules.Clean(filler))
	}
}

func TestQueryHidesTheValuesOfSecretParameters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain parameters stay as they are", "b=2&a=%41;c&d=", "b=2&a=%41;c&d="},
		{"a secret goes by its name", "api_key=1&X-Amz-Signature=2&q=3", "api_key=***&X-Amz-Signature=***&q=3"},
		{"an encoded name hides nothing", "%61pi%5Fkey=1", "%61pi%5Fkey=***"},
		{"the code of OAuth goes", "code=abc&state=x", "code=***&state=x"},
		{"a secret goes by its shape, encoded or not", "a=Bearer%20x&b=" + key + "&c=bearer+x", "a=***&b=***&c=***"},
		{"a secret without a name goes", key + "&x", "***&x"},
		{"a secret as a name goes with its value", key + "=1", "***=***"},
		{"what cannot be decoded goes", "a=%zz&b=1", "a=***&b=1"},
		{"an empty secret stays empty", "token=&a=1", "token=&a=1"},
		{"a further name counts", "Badge-Number=7", "Badge-Number=***"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, string(redact.New("badge_number").AppendQuery(nil, tt.in, 1000)))
		})
	}
}

func TestNamesCountWithoutCaseAndSeparators(t *testing.T) {
	t.Parallel()
	rules := redact.New("Badge_Number")
	for _, name := range []string{
		"password", "DB_PASSWORD", "client-secret", "X-API-Key", "apikey", "key", "Authorization", "sessionId",
		"access.token", "badgenumber", "BADGE-NUMBER", strings.Repeat("x", 100) + "_token",
	} {
		require.True(t, rules.Sensitive(name), name)
	}
	for _, name := range []string{"", "user", "monkey", "keyboard", "path", "status", "author"} {
		require.False(t, rules.Sensitive(name), name)
	}
}

func TestWhatComesOutIsBounded(t *testing.T) {
	t.Parallel()
	var rules redact.Rules
	require.Equal(t, "aé", rules.Text("aéé", 4), "cut between characters")
	require.Equal(t, "token=**", rules.Text("token=x", 8))
	require.Empty(t, rules.Text("abc", 0))
	require.Empty(t, rules.AppendText(nil, "abc", -1))
	require.Equal(t, "kept", string(rules.AppendText([]byte("kept"), "abc", -1)))
	require.Equal(t, "abc", rules.Text("abc", math.MaxInt))
	require.Equal(t, "x token=***", string(rules.AppendText([]byte("x "), "token=a", math.MaxInt)))
	require.Equal(t, "x a=1", string(rules.AppendQuery([]byte("x "), "a=1", math.MaxInt)))
	require.LessOrEqual(t, cap(rules.AppendText(nil, strings.Repeat("x", 1<<20), 100)), 256, "nor does memory grow beyond")
	require.Equal(t, "a=", string(rules.AppendQuery(nil, "a=1", 2)))
}

func TestPlainTextCostsNoAllocation(t *testing.T) {
	var rules redact.Rules // AllocsPerRun allows no parallel test
	require.Zero(t, testing.AllocsPerRun(100, func() {
		rules.Text("dial tcp 10.0.0.1:9001: user=bob monkey=1 connection refused", 1000)
	}))
}

func BenchmarkClean(b *testing.B) {
	var rules redact.Rules
	b.ReportAllocs()
	for b.Loop() {
		rules.Clean("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
	}
}

func BenchmarkText(b *testing.B) {
	var rules redact.Rules
	b.ReportAllocs()
	for b.Loop() {
		rules.Text("dial tcp 10.0.0.1:9001: password=hunter2", 1024)
	}
}
