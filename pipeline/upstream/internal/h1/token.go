package h1

import "github.com/seed-f9645bd3/gateway/pipeline/internal/field"

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool { return field.Token(s) }

// isText reports whether s may stand in a line: no control character but HTAB.
func isText(s string) bool { return field.Valid(s) }

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// trim removes the spaces and tabs around a value, and nothing else.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
