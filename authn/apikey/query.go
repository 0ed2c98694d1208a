package apikey

import (
	"net/url"
	"strings"
)

// parameters calls f with the name of each parameter of a raw query, decoded,
// its value, still encoded, and the pair as it stands. It reports false for
// what two parsers may read in two ways: a broken escape in a name, or a
// semicolon, which separates parameters for some of them.
func parameters(query string, f func(name, value, pair string)) bool {
	for pair := range strings.SplitSeq(query, "&") {
		if strings.Contains(pair, ";") {
			return false
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(name, "%+") {
			decoded, err := url.QueryUnescape(name)
			if err != nil {
				return false
			}
			name = decoded
		}
		f(name, value, pair)
	}
	return true
}

// withoutParameter returns the target without the named parameter, and the
// others as they stood.
func withoutParameter(target, name string) string {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return target
	}
	var kept []string
	parameters(query, func(n, _, pair string) {
		if n != name {
			kept = append(kept, pair)
		}
	})
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}
