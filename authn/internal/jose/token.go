package jose

import (
	"encoding/base64"
	"strings"
)

// MaxToken bounds a token in bytes.
const MaxToken = 8 << 10

const maxKeyID = 256

// A Token is a JWS in the compact serialization whose form is good. Nothing
// that it says has been proven: see Key.Verify.
type Token struct {
	Algorithm string
	KeyID     string // empty where there is none
	Type      string // empty where there is none
	// Claims holds the payload. Numbers are json.Number.
	Claims map[string]any

	signed    string
	signature []byte
}

// Parse takes a token apart. Its size, dots and characters are judged before
// anything is decoded. Parameters that name, hold or fetch a key (jku, x5u,
// jwk, x5c) are read by nobody; those that change how the rest is read (crit,
// b64, zip, enc) are refused. Any error is a Fault.
func Parse(token string) (*Token, error) {
	head, payload, signature, err := split(token)
	if err != nil {
		return nil, err
	}
	t := &Token{signed: token[:len(head)+1+len(payload)]}
	if err := t.readHeader(head); err != nil {
		return nil, err
	}
	if t.Claims, err = readPart(payload, registeredClaims); err != nil {
		return nil, err
	}
	t.signature, err = encoding.DecodeString(signature)
	if err != nil || len(t.signature) == 0 {
		return nil, Fault("the signature is not base64url")
	}
	return t, nil
}

// split cuts a token at its two dots.
func split(token string) (head, payload, signature string, err error) {
	if len(token) > MaxToken {
		return "", "", "", Fault("the token is too long")
	}
	if strings.Count(token, ".") != 2 {
		return "", "", "", Fault("the token has not three parts")
	}
	for i := range len(token) {
		if c := token[i]; !urlChar[c] && c != '.' {
			return "", "", "", Fault("the token holds a character that base64url has not")
		}
	}
	head, rest, _ := strings.Cut(token, ".")
	payload, signature, _ = strings.Cut(rest, ".")
	return head, payload, signature, nil
}

func (t *Token) readHeader(part string) error {
	header, err := readPart(part, registeredParameters)
	if err != nil {
		return err
	}
	for _, name := range [...]string{"crit", "b64", "zip", "enc"} {
		if _, ok := header[name]; ok {
			return Fault("the header asks for an extension")
		}
	}
	if t.Algorithm, err = text(header, "alg"); err == nil && t.Algorithm == "" {
		err = Fault("the header names no algorithm")
	}
	if err == nil {
		t.KeyID, err = text(header, "kid")
	}
	if err == nil {
		t.Type, err = text(header, "typ")
	}
	if len(t.KeyID) > maxKeyID {
		return Fault("the key id is too long")
	}
	return err
}

// text returns a member that is a string and not empty, or "" where there is none.
func text(object map[string]any, name string) (string, error) {
	value, ok := object[name]
	if !ok {
		return "", nil
	}
	s, ok := value.(string)
	if !ok || s == "" {
		return "", Fault("a header parameter is not a string")
	}
	return s, nil
}

func readPart(part string, registered []string) (map[string]any, error) {
	raw, err := encoding.DecodeString(part)
	if err != nil {
		return nil, Fault("a part is not base64url")
	}
	object, err := parseObject(string(raw))
	if err != nil {
		return nil, err
	}
	return object, unambiguous(object, registered)
}

// encoding refuses bits behind the last byte. It would pass over line ends,
// which split has refused.
var encoding = base64.RawURLEncoding.Strict()

var urlChar = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		table[c] = true
	}
	return table
}()

var registeredParameters = []string{
	"alg", "b64", "crit", "cty", "enc", "jku", "jwk", "kid", "typ", "x5c", "x5t", "x5t#s256", "x5u", "zip",
}

var registeredClaims = []string{
	"aud", "azp", "at_hash", "c_hash", "client_id", "cnf", "events", "exp", "iat", "iss", "jti", "nbf", "nonce",
	"roles", "scope", "scp", "sub", "typ",
}
