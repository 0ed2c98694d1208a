package router

import (
	"net/url"
	"strings"
)

// maxQuery bounds the parameters of a query that is read.
const maxQuery = 1000

// queryReadable reports whether a raw query can be read without doubt: every
// escape is whole, and the parameters are not too many.
func queryReadable(raw string) bool {
	if strings.Count(raw, "&") >= maxQuery {
		return false
	}
	for {
		percent := strings.IndexByte(raw, '%')
		if percent < 0 {
			return true
		}
		if raw = raw[percent+1:]; len(raw) < 2 || !isHex(raw[0]) || !isHex(raw[1]) {
			return false
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// queryParameter returns the first value of a parameter of a readable query,
// and how often it occurs. A semicolon separates nothing: it is data (WHATWG
// URL, application/x-www-form-urlencoded).
func queryParameter(raw, name string) (value string, times int) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, encoded, _ := strings.Cut(pair, "=")
		if pair == "" || queryDecoded(key) != name {
			continue
		}
		if times++; times == 1 {
			value = queryDecoded(encoded)
		}
	}
	return value, times
}

func queryDecoded(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return decoded
}
