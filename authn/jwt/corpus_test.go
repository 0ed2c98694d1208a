package jwt_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn/jwt"
)

var update = flag.Bool("update", false, "rewrite the corpus of hostile tokens")

// A hostile token is one that has to be refused, as it is constructed: header
// and claims are raw JSON, in which \xFF stands for that byte, signed by the
// key with the algorithm, and bent by the twist.
type hostile struct {
	Name   string `json:"name"`
	Code   string `json:"code"`
	Key    string `json:"key"`
	Sign   string `json:"sign"`
	Header string `json:"header"`
	Claims string `json:"claims"`
	Twist  string `json:"twist,omitempty"`
}

func raw(s string) string { return strings.ReplaceAll(s, `\xFF`, "\xff") }

// token constructs the token.
func (h hostile) token(t testing.TB) string {
	t.Helper()
	parts := []string{b64([]byte(raw(h.Header))), b64([]byte(raw(h.Claims)))}
	twist, ok := twists[h.Twist]
	require.True(t, ok, "twist %q", h.Twist)
	if twist.before != nil {
		parts = twist.before(parts)
	}
	k := vault()[h.Key]
	if h.Key == "published as secret" { // the public key, which all know, as the key of an HMAC
		public, _ := vault()["rsa"].jwk["n"].(string)
		k = key{private: []byte(public)}
	}
	input := strings.Join(parts, ".")
	signature := ""
	if h.Sign != "" {
		signature = b64(sign(k, h.Sign, input))
	}
	if twist.after != nil {
		return twist.after(input, signature)
	}
	return input + "." + signature
}

type twist struct {
	before func(parts []string) []string
	after  func(input, signature string) string
}

func partTwist(i int, f func(string) string) twist {
	return twist{before: func(parts []string) []string {
		parts[i] = f(parts[i])
		return parts
	}}
}

func endTwist(f func(input, signature string) string) twist { return twist{after: f} }

// unusedBits sets a bit behind the last byte; the part has to leave some.
func unusedBits(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + string(alphabet[last|1])
}

var twists = map[string]twist{
	"":                             {},
	"padding behind the header":    partTwist(0, func(s string) string { return s + "=" }),
	"padding behind the claims":    partTwist(1, func(s string) string { return s + "==" }),
	"padding behind the signature": endTwist(func(in, s string) string { return in + "." + s + "==" }),
	"a line end in the header":     partTwist(0, func(s string) string { return s[:8] + "\n" + s[8:] }),
	"a line end in the claims":     partTwist(1, func(s string) string { return s[:8] + "\r\n" + s[8:] }),
	"a line end in the signature":  endTwist(func(in, s string) string { return in + "." + s[:8] + "\r" + s[8:] }),
	"a space in the claims":        partTwist(1, func(s string) string { return s[:8] + " " + s[8:] }),
	"a tab behind the token":       endTwist(func(in, s string) string { return in + "." + s + "\t" }),
	"the standard alphabet": endTwist(func(in, s string) string {
		return in + "." + strings.NewReplacer("-", "+", "_", "/").Replace(s[:9]+"-_"+s[11:])
	}),
	"percent encoding":              endTwist(func(in, s string) string { return strings.ReplaceAll(in, ".", "%2E") + "." + s }),
	"unused bits in the header":     partTwist(0, unusedBits),
	"unused bits in the claims":     partTwist(1, unusedBits),
	"unused bits in the signature":  endTwist(func(in, s string) string { return in + "." + unusedBits(s) }),
	"a character too many":          partTwist(0, func(s string) string { return s + "A" }),
	"no signature and no dot":       endTwist(func(in, _ string) string { return in }),
	"no signature":                  endTwist(func(in, _ string) string { return in + "." }),
	"no header":                     endTwist(func(in, s string) string { return in[strings.IndexByte(in, '.'):] + "." + s }),
	"no claims":                     endTwist(func(in, s string) string { return in[:strings.IndexByte(in, '.')] + ".." + s }),
	"a fourth part":                 endTwist(func(in, s string) string { return in + "." + s + ".AAAA" }),
	"five parts":                    endTwist(func(in, s string) string { return in + "." + s + ".AAAA.AAAA" }),
	"ten thousand dots":             endTwist(func(in, s string) string { return in + "." + s + strings.Repeat(".", 10_000) }),
	"four thousand dots":            endTwist(func(in, _ string) string { return in + strings.Repeat(".", 4_000) }),
	"a comma and the token again":   endTwist(func(in, s string) string { return in + "." + s + "," + in + "." + s }),
	"a signature that is bent":      endTwist(func(in, s string) string { return in + "." + bend(s) }),
	"a signature cut short":         endTwist(func(in, s string) string { return in + "." + s[:40] }),
	"a signature with bytes behind": endTwist(func(in, s string) string { return in + "." + s[:40] + s }),
	"a signature of nothing but 0":  endTwist(func(in, s string) string { return in + "." + strings.Repeat("A", len(s)) }),
	"claims exchanged afterwards": endTwist(func(in, s string) string {
		return in[:strings.IndexByte(in, '.')+1] + b64([]byte(goodClaims(map[string]any{"sub": "root"}))) + "." + s
	}),
	"the header exchanged afterwards": endTwist(func(in, s string) string {
		return b64([]byte(`{"kid":"ed","alg":"EdDSA"}`)) + in[strings.IndexByte(in, '.'):] + "." + s
	}),
	"DER in the signature": endTwist(func(in, _ string) string {
		return in + "." + b64(append([]byte{0x30, 0x44, 0x02, 0x20}, make([]byte, 66)...))
	}),
}

func bend(s string) string {
	other := "A"
	if s[20] == 'A' {
		other = "B"
	}
	return s[:20] + other + s[21:]
}

// members writes an object of members in their order, repeated ones included.
func members(pairs ...string) string { return "{" + strings.Join(pairs, ",") + "}" }

var usual = []string{`"iss":"` + issuer + `"`, `"sub":"alice"`, `"aud":"orders"`, fmt.Sprintf(`"iat":%d`, noon-60), fmt.Sprintf(`"exp":%d`, noon+300)}

// claimsWith returns the usual claims and pairs; claimsWithout those but one.
func claimsWith(pairs ...string) string {
	return members(append(append([]string{}, usual...), pairs...)...)
}

func claimsBut(name string, pairs ...string) string {
	var kept []string
	for _, pair := range usual {
		if !strings.HasPrefix(pair, `"`+name+`"`) {
			kept = append(kept, pair)
		}
	}
	return members(append(kept, pairs...)...)
}

const edHeader = `{"alg":"EdDSA","kid":"ed"}`

// corpus constructs the hostile tokens.
func corpus() []hostile {
	all := hostileForms()
	all = append(all, hostileHeaders()...)
	all = append(all, hostileKeys()...)
	all = append(all, hostileJSON()...)
	all = append(all, hostileTimes()...)
	return append(all, hostileClaims()...)
}

func hostileForms() []hostile {
	var all []hostile
	add := func(twist, code string) {
		all = append(all, hostile{Name: "form: " + twist, Code: code, Key: "ed", Sign: "EdDSA", Header: edHeader, Claims: claimsWith(), Twist: twist})
	}
	for _, twist := range []string{
		"padding behind the header", "padding behind the claims", "padding behind the signature", "a line end in the header",
		"a line end in the claims", "a line end in the signature", "a space in the claims", "a tab behind the token",
		"the standard alphabet", "percent encoding", "unused bits in the signature", "a character too many",
		"no signature and no dot", "no signature", "no header", "no claims", "a fourth part", "five parts",
		"ten thousand dots", "four thousand dots", "a comma and the token again",
	} {
		add(twist, jwt.CodeMalformed)
	}
	for _, twist := range []string{
		"a signature that is bent", "a signature cut short", "a signature with bytes behind", "a signature of nothing but 0",
		"claims exchanged afterwards", "the header exchanged afterwards", "DER in the signature",
	} {
		add(twist, jwt.CodeSignatureInvalid)
	}
	// 27 and 28 bytes leave four and two unused bits.
	all = append(all,
		hostile{Name: "form: unused bits in the header", Code: jwt.CodeMalformed, Key: "ed", Sign: "EdDSA", Header: edHeader + "  ", Claims: claimsWith(), Twist: "unused bits in the header"},
		hostile{Name: "form: unused bits in the claims", Code: jwt.CodeMalformed, Key: "ed", Sign: "EdDSA", Header: edHeader, Claims: padTo(claimsWith(), 1), Twist: "unused bits in the claims"},
		hostile{Name: "form: longer than 8 KiB", Code: jwt.CodeMalformed, Key: "ed", Sign: "EdDSA", Header: edHeader, Claims: claimsWith(`"x":"` + strings.Repeat("x", 8192) + `"`)},
		hostile{Name: "form: a signature of ES256 as DER", Code: jwt.CodeSignatureInvalid, Key: "ec", Sign: "ES256", Header: `{"alg":"ES256","kid":"ec"}`, Claims: claimsWith(), Twist: "DER in the signature"},
		hostile{Name: "form: r and s are 0", Code: jwt.CodeSignatureInvalid, Key: "ec", Sign: "ES256", Header: `{"alg":"ES256","kid":"ec"}`, Claims: claimsWith(), Twist: "a signature of nothing but 0"},
		hostile{Name: "form: an RSA signature of 0", Code: jwt.CodeSignatureInvalid, Key: "rsa", Sign: "RS256", Header: `{"alg":"RS256","kid":"rsa"}`, Claims: claimsWith(), Twist: "a signature of nothing but 0"},
	)
	return all
}

// padTo adds spaces until the length leaves that rest by three.
func padTo(s string, rest int) string {
	for len(s)%3 != rest {
		s += " "
	}
	return s
}

func hostileHeaders() []hostile {
	tests := []struct{ name, code, header string }{
		{"crit is empty", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","crit":[]}`},
		{"crit names an extension", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","crit":["x"],"x":1}`},
		{"crit names b64", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","crit":["b64"],"b64":false}`},
		{"crit is null", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","crit":null}`},
		{"b64 without crit", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","b64":false}`},
		{"zip", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","zip":"DEF"}`},
		{"enc", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","enc":"A256GCM"}`},
		{"alg is missing", jwt.CodeMalformed, `{"kid":"ed"}`},
		{"alg is empty", jwt.CodeMalformed, `{"alg":"","kid":"ed"}`},
		{"alg is a list", jwt.CodeMalformed, `{"alg":["EdDSA"],"kid":"ed"}`},
		{"alg is null", jwt.CodeMalformed, `{"alg":null,"kid":"ed"}`},
		{"alg twice", jwt.CodeMalformed, `{"alg":"none","alg":"EdDSA","kid":"ed"}`},
		{"alg twice, once by an escape", jwt.CodeMalformed, `{"\u0061lg":"none","alg":"EdDSA","kid":"ed"}`},
		{"ALG beside alg", jwt.CodeMalformed, `{"ALG":"none","alg":"EdDSA","kid":"ed"}`},
		{"Alg alone", jwt.CodeMalformed, `{"Alg":"EdDSA","kid":"ed"}`},
		{"kid twice", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"other","kid":"ed"}`},
		{"kid by the Kelvin sign", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","\u212aid":"other"}`},
		{"kid is a number", jwt.CodeMalformed, `{"alg":"EdDSA","kid":1}`},
		{"kid is empty", jwt.CodeMalformed, `{"alg":"EdDSA","kid":""}`},
		{"kid is very long", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"` + strings.Repeat("k", 300) + `"}`},
		{"typ is a number", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","typ":1}`},
		{"the header is a list", jwt.CodeMalformed, `[{"alg":"EdDSA","kid":"ed"}]`},
		{"the header is a string", jwt.CodeMalformed, `"alg"`},
		{"the header is null", jwt.CodeMalformed, `null`},
		{"bytes behind the header", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed"}{}`},
		{"a comma behind the last member", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed",}`},
		{"a comment in the header", jwt.CodeMalformed, `{"alg":"EdDSA",/* */"kid":"ed"}`},
		{"single quotes", jwt.CodeMalformed, `{'alg':'EdDSA','kid':'ed'}`},
		{"invalid UTF-8 in the header", jwt.CodeMalformed, `{"alg":"EdDSA","kid":"ed","x":"\xFF"}`},
		{"a byte order mark", jwt.CodeMalformed, "\ufeff" + edHeader},
		{"none", jwt.CodeAlgorithmRefused, `{"alg":"none"}`},
		{"None", jwt.CodeAlgorithmRefused, `{"alg":"None","kid":"ed"}`},
		{"nOnE", jwt.CodeAlgorithmRefused, `{"alg":"nOnE","kid":"ed"}`},
		{"an alg in lower case", jwt.CodeAlgorithmRefused, `{"alg":"eddsa","kid":"ed"}`},
		{"an alg with a space", jwt.CodeAlgorithmRefused, `{"alg":"EdDSA ","kid":"ed"}`},
		{"an alg that is known, but not taken", jwt.CodeAlgorithmRefused, `{"alg":"ES384","kid":"p384"}`},
		{"an alg of encryption", jwt.CodeAlgorithmRefused, `{"alg":"RSA-OAEP","kid":"rsa"}`},
		{"a type of security events", jwt.CodeTypeWrong, `{"alg":"EdDSA","kid":"ed","typ":"secevent+jwt"}`},
		{"a type of logout tokens", jwt.CodeTypeWrong, `{"alg":"EdDSA","kid":"ed","typ":"logout+jwt"}`},
		{"a type of proofs", jwt.CodeTypeWrong, `{"alg":"EdDSA","kid":"ed","typ":"dpop+jwt"}`},
		{"the type JOSE", jwt.CodeTypeWrong, `{"alg":"EdDSA","kid":"ed","typ":"JOSE"}`},
	}
	var all []hostile
	for _, tt := range tests {
		all = append(all, hostile{Name: "header: " + tt.name, Code: tt.code, Key: "ed", Sign: "EdDSA", Header: tt.header, Claims: claimsWith()})
	}
	return append(all, hostile{
		Name: "header: none without a signature", Code: jwt.CodeMalformed, Key: "ed", Header: `{"alg":"none"}`, Claims: claimsWith(), Twist: "no signature",
	})
}

func hostileKeys() []hostile {
	own := `{"kty":"OKP","crv":"Ed25519","x":"` + vaultX("other") + `"}`
	tests := []struct{ name, code, key, sign, header string }{
		{"HMAC under the public key", jwt.CodeAlgorithmRefused, "published as secret", "HS256", `{"alg":"HS256","kid":"rsa"}`},
		{"HMAC of 512 under the public key", jwt.CodeAlgorithmRefused, "published as secret", "HS512", `{"alg":"HS512","kid":"rsa"}`},
		{"HMAC under a published secret", jwt.CodeAlgorithmRefused, "oct", "HS256", `{"alg":"HS256","kid":"oct"}`},
		{"a published secret, by another alg", jwt.CodeKeyUnknown, "oct", "HS256", `{"alg":"RS256","kid":"oct"}`},
		{"a key for encryption", jwt.CodeKeyUnknown, "enc", "RS256", `{"alg":"RS256","kid":"enc"}`},
		{"a key that may not verify", jwt.CodeKeyUnknown, "ops", "EdDSA", `{"alg":"EdDSA","kid":"ops"}`},
		{"RSA of 1024 bits", jwt.CodeKeyUnknown, "weak", "RS256", `{"alg":"RS256","kid":"weak"}`},
		{"an unknown key", jwt.CodeKeyUnknown, "other", "EdDSA", `{"alg":"EdDSA","kid":"other"}`},
		{"a key id that is a path", jwt.CodeKeyUnknown, "ed", "EdDSA", `{"alg":"EdDSA","kid":"../../dev/null"}`},
		{"a key id that is a query", jwt.CodeKeyUnknown, "ed", "EdDSA", `{"alg":"EdDSA","kid":"ed' OR '1'='1"}`},
		{"a key id with NUL", jwt.CodeKeyUnknown, "ed", "EdDSA", `{"alg":"EdDSA","kid":"ed\u0000"}`},
		{"a key id in another case", jwt.CodeKeyUnknown, "ed", "EdDSA", `{"alg":"EdDSA","kid":"ED"}`},
		{"a key of another under a known id", jwt.CodeSignatureInvalid, "other", "EdDSA", `{"alg":"EdDSA","kid":"ed"}`},
		{"no key id, where several keys fit", jwt.CodeKeyUnknown, "rsa", "PS256", `{"alg":"PS256"}`},
		{"no key id, signed by another", jwt.CodeSignatureInvalid, "other", "EdDSA", `{"alg":"EdDSA"}`},
		{"jwk holds the key", jwt.CodeSignatureInvalid, "other", "EdDSA", `{"alg":"EdDSA","kid":"ed","jwk":` + own + `}`},
		{"jwk holds the key, and no key id", jwt.CodeSignatureInvalid, "other", "EdDSA", `{"alg":"EdDSA","jwk":` + own + `}`},
		{"jwk holds the key, and its own id", jwt.CodeKeyUnknown, "other", "EdDSA", `{"alg":"EdDSA","kid":"mine","jwk":` + own + `}`},
		{"jku says where the key is", jwt.CodeKeyUnknown, "other", "EdDSA", `{"alg":"EdDSA","kid":"other","jku":"https://evil.example/jwks"}`},
		{"x5u says where the key is", jwt.CodeSignatureInvalid, "other", "EdDSA", `{"alg":"EdDSA","kid":"ed","x5u":"https://evil.example/c.pem"}`},
		{"x5c holds the key", jwt.CodeSignatureInvalid, "other", "EdDSA", `{"alg":"EdDSA","kid":"ed","x5c":["MIIB"]}`},
		{"RS256 with a key for PS256", jwt.CodeAlgorithmRefused, "ps", "RS256", `{"alg":"RS256","kid":"ps"}`},
		{"PS256 named, RS256 signed", jwt.CodeSignatureInvalid, "rsa", "RS256", `{"alg":"PS256","kid":"rsa"}`},
		{"RS256 named, PS256 signed", jwt.CodeSignatureInvalid, "rsa", "PS256", `{"alg":"RS256","kid":"rsa"}`},
		{"PS256 with a salt of 20 bytes", jwt.CodeSignatureInvalid, "ps", "PS20-256", `{"alg":"PS256","kid":"ps"}`},
		{"RS256 over another hash", jwt.CodeSignatureInvalid, "rsa", "RS512", `{"alg":"RS256","kid":"rsa"}`},
		{"ES256 with a key of another curve", jwt.CodeAlgorithmRefused, "p384", "ES256", `{"alg":"ES256","kid":"p384"}`},
		{"ES256 with an RSA key", jwt.CodeAlgorithmRefused, "ec", "ES256", `{"alg":"ES256","kid":"rsa"}`},
		{"RS256 with an elliptic key", jwt.CodeAlgorithmRefused, "rsa", "RS256", `{"alg":"RS256","kid":"ec"}`},
		{"EdDSA with an elliptic key", jwt.CodeAlgorithmRefused, "ed", "EdDSA", `{"alg":"EdDSA","kid":"ec"}`},
		{"ES256 with an Edwards key", jwt.CodeAlgorithmRefused, "ec", "ES256", `{"alg":"ES256","kid":"ed"}`},
	}
	var all []hostile
	for _, tt := range tests {
		all = append(all, hostile{Name: "key: " + tt.name, Code: tt.code, Key: tt.key, Sign: tt.sign, Header: tt.header, Claims: claimsWith()})
	}
	return all
}

func vaultX(id string) string {
	x, _ := vault()[id].jwk["x"].(string)
	return x
}

func signedClaims(prefix string, tests []struct{ name, code, claims string }) []hostile {
	var all []hostile
	for _, tt := range tests {
		all = append(all, hostile{Name: prefix + tt.name, Code: tt.code, Key: "ed", Sign: "EdDSA", Header: edHeader, Claims: tt.claims})
	}
	return all
}

func hostileJSON() []hostile {
	return signedClaims("json: ", []struct{ name, code, claims string }{
		{"bytes behind the claims", jwt.CodeMalformed, claimsWith() + `{"sub":"root"}`},
		{"a letter behind the claims", jwt.CodeMalformed, claimsWith() + "x"},
		{"NUL behind the claims", jwt.CodeMalformed, claimsWith() + "\x00"},
		{"claims that are a list", jwt.CodeMalformed, "[" + claimsWith() + "]"},
		{"claims that are empty", jwt.CodeMalformed, ""},
		{"claims that are null", jwt.CodeMalformed, "null"},
		{"claims that have no end", jwt.CodeMalformed, strings.TrimSuffix(claimsWith(), "}")},
		{"sub twice", jwt.CodeMalformed, claimsWith(`"sub":"root"`)},
		{"iss twice", jwt.CodeMalformed, claimsWith(`"iss":"https://evil.example"`)},
		{"exp twice", jwt.CodeMalformed, claimsWith(`"exp":9999999999`)},
		{"aud twice, once by an escape", jwt.CodeMalformed, claimsWith(`"\u0061ud":"admin"`)},
		{"a member of an inner object twice", jwt.CodeMalformed, claimsWith(`"realm":{"a":1,"a":2}`)},
		{"Exp beside exp", jwt.CodeMalformed, claimsWith(`"Exp":9999999999`)},
		{"AUD beside aud", jwt.CodeMalformed, claimsWith(`"AUD":"admin"`)},
		{"Sub beside sub", jwt.CodeMalformed, claimsWith(`"Sub":"root"`)},
		{"iss with a long s", jwt.CodeMalformed, claimsWith(`"i\u017fs":"https://evil.example"`)},
		{"iss with a long s, as it is", jwt.CodeMalformed, claimsWith(`"iſs":"https://evil.example"`)},
		{"SCOPE alone", jwt.CodeMalformed, claimsWith(`"SCOPE":"admin"`)},
		{"two names of one's own that differ in case", jwt.CodeMalformed, claimsWith(`"Team":"a"`, `"TEAM":"b"`)},
		{"invalid UTF-8", jwt.CodeMalformed, claimsWith(`"x":"\xFF"`)},
		{"invalid UTF-8 in a name", jwt.CodeMalformed, claimsWith(`"\xFF":1`)},
		{"half a character", jwt.CodeMalformed, claimsWith(`"x":"\ud800"`)},
		{"the second half of a character", jwt.CodeMalformed, claimsWith(`"x":"\udc00"`)},
		{"a line end in a string", jwt.CodeMalformed, claimsWith("\"x\":\"a\nb\"")},
		{"NaN", jwt.CodeMalformed, claimsWith(`"x":NaN`)},
		{"a number with a leading zero", jwt.CodeMalformed, claimsWith(`"x":01`)},
		{"a number with a plus", jwt.CodeMalformed, claimsWith(`"x":+1`)},
		{"a number in hexadecimal", jwt.CodeMalformed, claimsWith(`"x":0x1`)},
		{"nesting a thousand deep", jwt.CodeMalformed, claimsWith(`"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000))},
		{"a thousand members", jwt.CodeMalformed, claimsWith(manyMembers(1000)...)},
		{"True", jwt.CodeMalformed, claimsWith(`"x":True`)},
	})
}

func manyMembers(n int) []string {
	pairs := make([]string, n)
	for i := range pairs {
		pairs[i] = fmt.Sprintf(`"%x":0`, i)
	}
	return pairs
}

func hostileTimes() []hostile {
	at := func(name string, when int) string { return fmt.Sprintf(`%q:%d`, name, when) }
	return signedClaims("time: ", []struct{ name, code, claims string }{
		{"no exp", jwt.CodeMalformed, claimsBut("exp")},
		{"exp of 0", jwt.CodeMalformed, claimsBut("exp", `"exp":0`)},
		{"exp below 0", jwt.CodeMalformed, claimsBut("exp", `"exp":-1`)},
		{"exp of half a second", jwt.CodeMalformed, claimsBut("exp", `"exp":0.5`)},
		{"exp as a string", jwt.CodeMalformed, claimsBut("exp", fmt.Sprintf(`"exp":"%d"`, noon+300))},
		{"exp as a date", jwt.CodeMalformed, claimsBut("exp", `"exp":"2099-01-01T00:00:00Z"`)},
		{"exp of null", jwt.CodeMalformed, claimsBut("exp", `"exp":null`)},
		{"exp of true", jwt.CodeMalformed, claimsBut("exp", `"exp":true`)},
		{"exp as a list", jwt.CodeMalformed, claimsBut("exp", fmt.Sprintf(`"exp":[%d]`, noon+300))},
		{"exp in milliseconds", jwt.CodeMalformed, claimsBut("exp", fmt.Sprintf(`"exp":%d000`, noon+300))},
		{"exp beyond numbers", jwt.CodeMalformed, claimsBut("exp", `"exp":1e999`)},
		{"exp beyond time", jwt.CodeMalformed, claimsBut("exp", `"exp":18446744073709551617`)},
		{"expired an hour ago", jwt.CodeExpired, claimsBut("exp", at("exp", noon-3600))},
		{"expired as the leeway ends", jwt.CodeExpired, claimsBut("exp", at("exp", noon-30))},
		{"nbf in an hour", jwt.CodeNotYetValid, claimsWith(at("nbf", noon+3600))},
		{"nbf past the leeway", jwt.CodeNotYetValid, claimsWith(at("nbf", noon+31))},
		{"nbf as a string", jwt.CodeMalformed, claimsWith(fmt.Sprintf(`"nbf":"%d"`, noon-60))},
		{"nbf of null", jwt.CodeMalformed, claimsWith(`"nbf":null`)},
		{"nbf below 0", jwt.CodeMalformed, claimsWith(`"nbf":-1`)},
		{"nbf in milliseconds", jwt.CodeMalformed, claimsWith(fmt.Sprintf(`"nbf":%d000`, noon-60))},
		{"iat in an hour", jwt.CodeNotYetValid, claimsBut("iat", at("iat", noon+3600))},
		{"iat as a string", jwt.CodeMalformed, claimsBut("iat", fmt.Sprintf(`"iat":"%d"`, noon-60))},
		{"iat as a date", jwt.CodeMalformed, claimsBut("iat", `"iat":"2020-01-01"`)},
	})
}

func hostileClaims() []hostile {
	return signedClaims("claims: ", []struct{ name, code, claims string }{
		{"no iss", jwt.CodeIssuerWrong, claimsBut("iss")},
		{"another iss", jwt.CodeIssuerWrong, claimsBut("iss", `"iss":"https://evil.example"`)},
		{"iss with a slash behind", jwt.CodeIssuerWrong, claimsBut("iss", `"iss":"`+issuer+`/"`)},
		{"iss in another case", jwt.CodeIssuerWrong, claimsBut("iss", `"iss":"https://IDP.example"`)},
		{"iss as a list", jwt.CodeIssuerWrong, claimsBut("iss", `"iss":["`+issuer+`"]`)},
		{"iss as an object", jwt.CodeIssuerWrong, claimsBut("iss", `"iss":{"a":"`+issuer+`"}`)},
		{"no aud", jwt.CodeAudienceWrong, claimsBut("aud")},
		{"another aud", jwt.CodeAudienceWrong, claimsBut("aud", `"aud":"users"`)},
		{"aud that begins alike", jwt.CodeAudienceWrong, claimsBut("aud", `"aud":"orders2"`)},
		{"aud with several in one", jwt.CodeAudienceWrong, claimsBut("aud", `"aud":"users orders"`)},
		{"aud in another case", jwt.CodeAudienceWrong, claimsBut("aud", `"aud":"Orders"`)},
		{"aud of an empty list", jwt.CodeAudienceWrong, claimsBut("aud", `"aud":[]`)},
		{"aud of null", jwt.CodeAudienceWrong, claimsBut("aud", `"aud":null`)},
		{"aud as an object", jwt.CodeMalformed, claimsBut("aud", `"aud":{"orders":1}`)},
		{"aud with a number", jwt.CodeMalformed, claimsBut("aud", `"aud":["orders",1]`)},
		{"aud within a list of lists", jwt.CodeMalformed, claimsBut("aud", `"aud":[["orders"]]`)},
		{"aud as a number", jwt.CodeMalformed, claimsBut("aud", `"aud":1`)},
		{"no sub", jwt.CodeMalformed, claimsBut("sub")},
		{"sub is empty", jwt.CodeMalformed, claimsBut("sub", `"sub":""`)},
		{"sub is a number", jwt.CodeMalformed, claimsBut("sub", `"sub":1`)},
		{"sub is a list", jwt.CodeMalformed, claimsBut("sub", `"sub":["alice"]`)},
		{"sub with a line end", jwt.CodeMalformed, claimsBut("sub", `"sub":"alice\r\nX-Admin: 1"`)},
		{"client_id is a list", jwt.CodeMalformed, claimsWith(`"client_id":["acme"]`)},
		{"scope is an object", jwt.CodeMalformed, claimsWith(`"scope":{"admin":true}`)},
		{"scope with a line end", jwt.CodeMalformed, claimsWith(`"scope":"a\nb"`)},
		{"scp with a space", jwt.CodeMalformed, claimsWith(`"scp":["read admin"]`)},
		{"roles with a number", jwt.CodeMalformed, claimsWith(`"roles":["a",1]`)},
		{"an ID token, by nonce", jwt.CodeTypeWrong, claimsWith(`"nonce":"n"`)},
		{"an ID token, by at_hash", jwt.CodeTypeWrong, claimsWith(`"at_hash":"h"`)},
		{"an ID token, by c_hash", jwt.CodeTypeWrong, claimsWith(`"c_hash":"h"`)},
		{"an ID token, by azp", jwt.CodeTypeWrong, claimsWith(`"azp":"orders"`)},
		{"an ID token, by typ", jwt.CodeTypeWrong, claimsWith(`"typ":"ID"`)},
		{"a refresh token, by typ", jwt.CodeTypeWrong, claimsWith(`"typ":"Refresh"`)},
		{"a logout token, by events", jwt.CodeTypeWrong, claimsWith(`"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`)},
	})
}

var corpusFile = filepath.Join("testdata", "hostile.json")

func TestTheCorpusIsWrittenDown(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(corpus()))
	if *update {
		require.NoError(t, os.WriteFile(corpusFile, []byte(b.String()), 0o644))
	}
	kept, err := os.ReadFile(corpusFile)
	require.NoError(t, err)
	require.Equal(t, string(kept), b.String(), "go test ./authn/jwt -update writes it anew")
}

func readCorpus(t testing.TB) []hostile {
	t.Helper()
	kept, err := os.ReadFile(corpusFile)
	require.NoError(t, err)
	var all []hostile
	require.NoError(t, json.Unmarshal(kept, &all))
	return all
}

func TestHostileTokensAreRefused(t *testing.T) {
	t.Parallel()
	all := readCorpus(t)
	require.GreaterOrEqual(t, len(all), 100)
	a := authenticator(t, jwt.Config{})
	_, err := a.Authenticate(t.Context(), bearer(goodToken(nil)))
	require.NoError(t, err, "what is not hostile is taken")
	names := map[string]bool{}
	for _, h := range all {
		require.False(t, names[h.Name], "%q is there twice", h.Name)
		names[h.Name] = true
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			id, err := a.Authenticate(t.Context(), bearer(h.token(t)))
			require.Nil(t, id)
			require.Equal(t, h.Code, codeOf(t, err), "%v", err)
		})
	}
}
