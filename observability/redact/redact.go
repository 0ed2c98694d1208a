package redact

import "bytes"

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

// Sensitive reports whether a parameter, field or member of this name holds a
// secret.
func (r *Rules) Sensitive(name string) bool {
	var room [maxName]byte
	folded := foldLast(room[:0], name)
	return r.named(folded) || string(folded) == "code" || contains(folded, nouns()) // code is OAuth's
}

// inText is Sensitive for a word of running text, where token_expired is what
// happened, and only what ends in the noun has a secret behind it.
func (r *Rules) inText(name string) bool {
	var room [maxName]byte
	folded := foldLast(room[:0], name)
	if r.named(folded) {
		return true
	}
	for _, noun := range nouns() {
		if bytes.HasSuffix(folded, []byte(noun)) {
			return true
		}
	}
	return false
}

// named reports whether the whole name is known, or has a part that stands for
// a secret wherever it is.
func (r *Rules) named(folded []byte) bool {
	switch string(folded) {
	case "key", "sig", "pwd", "pass", "auth", "jwt", "sid", "otp", "pin", "cvv", "cvc", "ssn", "pan",
		"samlresponse", "assertion", "clientassertion", "hmac":
		return true
	}
	parts := [...]string{"password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential"}
	return contains(folded, parts[:]) || r != nil && r.more[string(folded)]
}

// nouns returns what stands for a secret at the end of a name.
func nouns() []string {
	return []string{
		"token", "tokens", "authorization", "cookie", "cookies", "session", "sessionid", "signature", "signingkey",
		"cardnumber",
	}
}

func contains(folded []byte, parts []string) bool {
	for _, part := range parts {
		if bytes.Contains(folded, []byte(part)) {
			return true
		}
	}
	return false
}

// foldLast folds the last bytes of a name that is too long.
func foldLast(dst []byte, name string) []byte {
	return fold(dst, name[max(len(name)-maxName, 0):])
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
