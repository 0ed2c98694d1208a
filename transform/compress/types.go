package compress

import (
	"fmt"
	"strings"

	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

const eventStream = "text/event-stream"

// A pattern takes media types: one, all of a main type ("text/*"), or all of a
// main type with a suffix ("application/*+json").
type pattern struct {
	prefix, suffix string
	exact          bool
}

func parseType(s string) (pattern, error) {
	main, sub, found := strings.Cut(s, "/")
	plain := strings.Replace(sub, "*", "x", 1)
	wild := strings.HasPrefix(sub, "*")
	if !found || !field.Token(main) || !field.Token(plain) || strings.Contains(main+plain, "*") ||
		strings.ToLower(s) != s || (strings.Contains(sub, "*") && !wild) {
		return pattern{}, fmt.Errorf(`want a media type in lower case such as application/json, text/* or application/*+json, not %q`, s)
	}
	if !wild {
		return pattern{prefix: s, exact: true}, nil
	}
	return pattern{prefix: main + "/", suffix: sub[1:]}, nil
}

func (p pattern) takes(mediaType string) bool {
	if p.exact {
		return mediaType == p.prefix
	}
	return mediaType != eventStream && len(mediaType) >= len(p.prefix)+len(p.suffix) &&
		strings.HasPrefix(mediaType, p.prefix) && strings.HasSuffix(mediaType, p.suffix)
}

// mediaType returns type and subtype of a Content-Type, in lower case.
func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}
