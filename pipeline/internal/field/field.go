// Package field judges names and values of header fields as each request has
// it done dozens of times.
package field

import "net/http"

// Canonical returns the canonical spelling of a name: it is
// http.CanonicalHeaderKey, and faster for names in use that have it already.
func Canonical(name string) string {
	switch name {
	case "Accept", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Age", "Allow", "Authorization", "Cache-Control",
		"Cache-Status", "Connection", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location",
		"Content-Range", "Content-Type", "Cookie", "Date", "Dnt", "Etag", "Expect", "Expires", "Forwarded", "Host",
		"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Last-Modified",
		"Link", "Location", "Origin", "Pragma", "Priority", "Range", "Ratelimit", "Ratelimit-Policy", "Referer", "Retry-After",
		"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Server", "Server-Timing", "Set-Cookie",
		"Strict-Transport-Security", "Te", "Traceparent", "Tracestate", "Trailer", "Transfer-Encoding", "Upgrade",
		"Upgrade-Insecure-Requests", "User-Agent", "Vary", "Via", "Www-Authenticate", "X-Api-Key", "X-Content-Type-Options",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Frame-Options", "X-Ratelimit-Limit",
		"X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Request-Id", "X-Requested-With":
		return name
	}
	return http.CanonicalHeaderKey(name)
}

// tokenBytes are the bytes of a token (RFC 9110 section 5.6.2).
var tokenBytes = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// Token reports whether s is a token, as a name has to be.
func Token(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// Valid reports whether a value is free of control characters other than HTAB.
func Valid(value string) bool {
	i := 0
	for ; i+8 <= len(value); i += 8 {
		if suspect(eight(value[i:])) && !plainText(value[i:i+8]) {
			return false
		}
	}
	return plainText(value[i:])
}

func plainText(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// eight returns the first eight bytes of s as one number.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// suspect reports whether one of eight bytes is a control character. A byte
// borrows from the next one only where it is one itself.
func suspect(b uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	del := b ^ ones*0x7f
	return ((b-ones*' ')&^b|(del-ones)&^del)&highs != 0
}
