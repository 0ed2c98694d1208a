package apikey

import "strings"

// cookies calls f with each name and value of Cookie fields (RFC 6265 section
// 4.2.1), spaces around them cut off, and the pair as it stands.
func cookies(lines []string, f func(name, value, pair string)) {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.Trim(pair, " \t")
			name, value, _ := strings.Cut(pair, "=")
			f(strings.TrimRight(name, " \t"), strings.TrimLeft(value, " \t"), pair)
		}
	}
}

// withoutCookie returns the Cookie fields as one line, without the named one.
func withoutCookie(lines []string, name string) string {
	var kept []string
	cookies(lines, func(n, _, pair string) {
		if n != name && pair != "" {
			kept = append(kept, pair)
		}
	})
	return strings.Join(kept, "; ")
}
