package field_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/internal/field"
)

func TestCanonicalIsThatOfNetHTTP(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Age", "Allow", "Authorization", "Cache-Control",
		"Cache-Status", "Connection", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location",
		"Content-Range", "Content-Type", "Cookie", "Date", "Dnt", "Etag", "Expect", "Expires", "Forwarded", "Host",
		"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Last-Modified",
		"Link", "Location", "Origin", "Pragma", "Priority", "Range", "Ratelimit", "Ratelimit-Policy", "Referer", "Retry-After",
		"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Server", "Server-Timing", "Set-Cookie",
		"Strict-Transport-Security", "Te", "Traceparent", "Tracestate", "Trailer", "Transfer-Encoding", "Upgrade",
		"Upgrade-Insecure-Requests", "User-Agent", "Vary", "Via", "Www-Authenticate", "X-Api-Key", "X-Content-Type-Options",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Frame-Options", "X-Ratelimit-Limit",
		"X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Request-Id", "X-Requested-With",
		"", "-", "host", "X-Request-Id", "x-request-id", "X-REQUEST-ID", "Www-Authenticate", "WWW-Authenticate",
		"X--A", "X-1a", "X-1A", "1-A", "1a-B", "Content_Type", "Te", "A b", "A:b", "Ä", "X-\x00", "~-Ab", "Dnt", "Sec-Ch-Ua",
	} {
		require.Equal(t, http.CanonicalHeaderKey(name), field.Canonical(name))
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"X-Request-Id", "etag", "a-B-c", "9a", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		require.Equal(t, http.CanonicalHeaderKey(name), field.Canonical(name))
	})
}

func TestATokenIsWhatRFC9110SaysItIs(t *testing.T) {
	t.Parallel()
	require.False(t, field.Token(""))
	for c := range 256 {
		want := c < 0x80 && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)))
		require.Equal(t, want, field.Token("a"+string([]byte{byte(c)})), "%#x", c)
	}
}

// valid is what Valid has to say, byte by byte.
func valid(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// TestEveryByteAtEveryPlace holds Valid to the plain way of asking, with each
// byte among others of either kind.
func TestEveryByteAtEveryPlace(t *testing.T) {
	t.Parallel()
	for _, around := range []string{"a", " ", "\t", "\xff", "\x80", "~"} {
		for length := range 19 {
			for at := range length {
				for c := range 256 {
					value := strings.Repeat(around, at) + string([]byte{byte(c)}) + strings.Repeat(around, length-at-1)
					require.Equal(t, valid(value), field.Valid(value), "%q", value)
				}
			}
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, seed := range []string{"text/html; charset=utf-8", "a\tb", "\x80\x1f", strings.Repeat("\x7f", 9)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		require.Equal(t, valid(value), field.Valid(value))
	})
}

func BenchmarkCanonical(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		field.Canonical("If-Unmodified-Since")
	}
}

func BenchmarkValid(b *testing.B) {
	token := strings.Repeat("eyJhbGciOi", 70)
	b.ReportAllocs()
	b.SetBytes(int64(len(token)))
	for b.Loop() {
		field.Valid(token)
	}
}
