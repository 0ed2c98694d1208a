package cors

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// An origin is what settings hold: one origin, or a pattern of one more label.
type origin struct {
	exact          string // where it is no pattern; "*" for all
	prefix, suffix string // of a pattern: "https://" and ".example.com:8443"
}

// parseOrigin reads one origin of the settings, as browsers write it: lower
// case, without path and without the port that the scheme implies.
func parseOrigin(s string) (origin, error) {
	switch {
	case s == "*":
		return origin{exact: s}, nil
	case s == "null":
		return origin{}, errors.New(`"null" is the origin of every sandboxed page, and of none in particular`)
	}
	o := origin{exact: s}
	plain := s
	if before, after, found := strings.Cut(s, "://*."); found {
		o = origin{prefix: before + "://", suffix: "." + after}
		plain = before + "://" + after
		if tooWide(after) {
			return origin{}, fmt.Errorf("%q would take sites of everybody; name at least two labels behind the wildcard", s)
		}
	}
	return o, checkOrigin(s, plain)
}

// tooWide reports whether a host has a single label: no one's own, but for
// localhost.
func tooWide(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return !strings.Contains(name, ".") && name != "localhost"
}

// checkOrigin holds plain, the origin s without its wildcard, to what a
// browser would send.
func checkOrigin(s, plain string) error {
	u, err := url.Parse(plain)
	if err != nil || u.Scheme == "" || u.Host == "" || strings.Contains(plain, "*") {
		return fmt.Errorf(`want an origin such as https://app.example.com, https://*.example.com or "*", not %q`, s)
	}
	if want := strings.ToLower(u.Scheme + "://" + host(u)); plain != want {
		if s != plain {
			want = strings.Replace(want, "://", "://*.", 1)
		}
		return fmt.Errorf("browsers write this origin as %q", want)
	}
	for i := range len(plain) {
		if plain[i] <= ' ' || plain[i] > '~' {
			return fmt.Errorf("want the name of the host in its ASCII form (xn--...), not %q", s)
		}
	}
	return nil
}

func host(u *url.URL) string {
	h, port := u.Host, u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" || strings.HasSuffix(h, ":") {
		return strings.TrimSuffix(strings.TrimSuffix(h, port), ":")
	}
	return h
}

// matches reports whether a pattern takes the origin that a browser sent.
func (o origin) matches(sent string) bool {
	rest, ok := strings.CutPrefix(sent, o.prefix)
	if !ok {
		return false
	}
	label, ok := strings.CutSuffix(rest, o.suffix)
	return ok && isLabel(label)
}

// isLabel reports whether s is one label of a host name.
func isLabel(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}
