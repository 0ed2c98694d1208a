package registry

import "strings"

// Escape returns a member name as one token of a JSON pointer (RFC 6901
// section 3).
func Escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
