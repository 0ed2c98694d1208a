// Package field says which header fields settings may name, and which values
// may be put into them.
package field

import (
	"errors"
	"fmt"
	"net/http"
)

// Editable reports, as an error, why settings may not set or remove the field:
// its name is no token (RFC 9110 section 5.6.2), or it belongs to the
// connection or the message and not to whoever configures.
func Editable(name string) error {
	if !Token(name) {
		return fmt.Errorf("want the name of a field, not %q", name)
	}
	switch http.CanonicalHeaderKey(name) {
	case "Host":
		return errors.New("the field Host is what the host setting of the upstream says; set that")
	case "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
		return fmt.Errorf("%s belongs to the message and follows from its body", name)
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Upgrade", "Http2-Settings",
		"Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info":
		return fmt.Errorf("%s belongs to one connection and is never passed on (RFC 9110 section 7.6.1)", name)
	}
	return nil
}

// Token reports whether s is a token of RFC 9110 section 5.6.2.
func Token(s string) bool {
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

// ValidValue reports whether s may be the value of a field: no controls but
// the tab (RFC 9110 section 5.5).
func ValidValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
