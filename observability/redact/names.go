package redact

import (
	"bytes"
	"strings"
)

// Rules says which names mark a secret. Its zero value knows the usual ones.
type Rules struct {
	more map[string]bool
}

// New makes rules that know further names besides the usual ones. Names count
// without case, "-", "_" and ".".
func New(names ...string) *Rules {
	r := &Rules{more: make(map[string]bool, len(names))}
	for _, n := range names {
		var room [maxName]byte
		r.more[string(fold(room[:0], n))] = true
	}
	return r
}

// maxName bounds the names that are looked at; a longer one is looked at in
// its last bytes, where its noun stands.
const maxName = 64

// Sensitive reports whether a field, parameter or member of this name holds a
// secret.
func (r *Rules) Sensitive(name string) bool {
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	var room [maxName]byte
	return r.sensitive(fold(room[:0], name))
}

func (r *Rules) sensitive(folded []byte) bool {
	switch string(folded) {
	case "key", "sig", "pwd", "pass", "auth", "jwt", "sid", "otp", "pin", "cvv", "cvc", "ssn", "pan",
		"samlresponse", "assertion", "clientassertion", "hmac":
		return true
	}
	for _, part := range [...]string{
		"password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "signingkey",
		"credential", "authorization", "cookie", "session", "signature", "cardnumber",
	} {
		if bytes.Contains(folded, []byte(part)) {
			return true
		}
	}
	return r != nil && r.more[string(folded)]
}

// sensitiveParameter is Sensitive for queries, where OAuth's code is a secret.
func (r *Rules) sensitiveParameter(name string) bool {
	return strings.EqualFold(name, "code") || r.Sensitive(name)
}

// fold appends name in lower case without "-", "_" and ".".
func fold(dst []byte, name string) []byte {
	for i := 0; i < len(name) && len(dst) < maxName; i++ {
		switch c := name[i]; {
		case c == '-' || c == '_' || c == '.':
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c|0x20)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
