package resilience

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// answerFieldFault says why an answer cannot have the field.
func answerFieldFault(name, value string) error {
	switch {
	case http.CanonicalHeaderKey(name) == "Content-Type":
		return errors.New("set content_type instead")
	case !isFieldValue(value):
		return errors.New("want no control characters in the value of a field (RFC 9110 section 5.5)")
	}
	return fieldFault(name)
}

// fieldFault says why a field of the name is not for a configuration to set.
func fieldFault(name string) error {
	switch {
	case !isToken(name):
		return fmt.Errorf("want the name of a field (RFC 9110 section 5.1), not %q", name)
	case ofTheMessage(name):
		return fmt.Errorf("%s belongs to the connection or the message", http.CanonicalHeaderKey(name))
	}
	return nil
}

// ofTheMessage reports whether the field is written by who sends the message.
func ofTheMessage(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// isToken reports whether s can be the name of a field (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
