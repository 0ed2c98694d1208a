package jose_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
)

// FuzzParse holds, for any header and claims: what Parse takes, encoding/json
// reads alike.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"alg":"ES256"}`, `{}`},
		{`{"alg":"ES256","kid":"k","typ":"JWT"}`, `{"sub":"a\u00e9\ud83d\ude00\n","exp":1.5e9,"a":[1,{"b":null}],"c":true,"d":-0.0}`},
		{`{"alg":"none","alg":"ES256"}`, `{"a":01}`},
		{`{"alg":"ES256","crit":[]}`, `{"Exp":1,"exp":2}`},
		{"{\"alg\":\"ES256\"}\x00", `{"a":"\ud800"}`},
		{`[]`, `[[[[[[[[[[[[[[[[[[[[`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		token, err := jose.Parse(b64([]byte(header)) + "." + b64([]byte(claims)) + ".AAAA")
		if err != nil {
			return
		}
		read := func(text string) map[string]any {
			d := json.NewDecoder(strings.NewReader(text))
			d.UseNumber()
			var object map[string]any
			require.NoError(t, d.Decode(&object))
			require.False(t, d.More())
			return object
		}
		require.Equal(t, read(claims), token.Claims)
		alg, _ := read(header)["alg"].(string)
		require.Equal(t, alg, token.Algorithm)
	})
}

// FuzzToken holds that no text upsets Parse.
func FuzzToken(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiJ9.e30.AAAA")
	f.Add("..")
	f.Add(strings.Repeat(".", 9000))
	f.Add("eyJhbGciOiJFUzI1NiJ9.e30.AAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := jose.Parse(text)
		require.Equal(t, err == nil, token != nil)
		if err == nil {
			require.Equal(t, 2, strings.Count(text, "."))
			require.LessOrEqual(t, len(text), jose.MaxToken)
		}
	})
}

// FuzzParseSet holds, for any text: a set that is taken has keys, and jwx finds
// at least as many.
func FuzzParseSet(f *testing.F) {
	for name := range signers() {
		f.Add(keySet(f, member(f, signers()[name].Public(), map[string]any{"kid": name, "alg": name, "use": "sig"})))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","key_ops":["verify"]}]}`))
	f.Add([]byte(`{"keys":[],"keys":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := jose.ParseSet(bytes.Clone(raw))
		if err != nil {
			require.Nil(t, set)
			return
		}
		require.Positive(t, set.Len())
		all, err := jwk.Parse(raw, jwk.WithIgnoreParseError(true))
		require.NoError(t, err)
		require.GreaterOrEqual(t, all.Len(), set.Len())
	})
}
