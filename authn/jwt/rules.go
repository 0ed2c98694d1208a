package jwt

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
)

// rules are what a token with a good signature has to keep.
type rules struct {
	audiences   []string
	leeway      time.Duration
	requireType string // in lower case
	idTokens    bool
}

func newRules(c Config) rules {
	return rules{
		audiences: c.audiences(), leeway: c.Leeway.Or(defaultLeeway),
		requireType: mediaType(c.RequireType), idTokens: c.AcceptIDTokens,
	}
}

// judge returns when the token ends, or why it does not hold at now.
func (r *rules) judge(t *jose.Token, now time.Time) (expires time.Time, err error) {
	if expires, err = r.times(t.Claims, now); err != nil {
		return time.Time{}, err
	}
	if err := r.audience(t.Claims["aud"]); err != nil {
		return time.Time{}, err
	}
	if !r.rightType(t) {
		return time.Time{}, typeWrong()
	}
	return expires, nil
}

func (r *rules) times(claims map[string]any, now time.Time) (time.Time, error) {
	expires, ok := instant(claims["exp"])
	if !ok || expires.Unix() <= 0 {
		return time.Time{}, malformed(jose.Fault("exp is missing or no time"))
	}
	for _, name := range [...]string{"nbf", "iat"} {
		value, there := claims[name]
		begins, ok := instant(value)
		switch {
		case !there:
		case !ok:
			return time.Time{}, malformed(jose.Fault("nbf or iat is no time"))
		case now.Add(r.leeway).Before(begins):
			return time.Time{}, refuse(CodeNotYetValid, "The token is not valid yet.")
		}
	}
	if !now.Add(-r.leeway).Before(expires) {
		return time.Time{}, refuse(CodeExpired, "The token has expired.")
	}
	return expires, nil
}

// lastSecond is the end of the year 9999: what lies beyond is no time.
const lastSecond = 253402300799

// instant reads a NumericDate (RFC 7519 section 2).
func instant(value any) (time.Time, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > lastSecond {
		return time.Time{}, false
	}
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9)), true
}

func (r *rules) audience(claim any) error {
	named, err := texts(claim)
	if err != nil {
		return malformed(err)
	}
	for _, audience := range named {
		if slices.Contains(r.audiences, audience) {
			return nil
		}
	}
	return refuse(CodeAudienceWrong, "The token is for another audience.")
}

const accessToken = "at+jwt" // RFC 9068 section 2.1

// rightType tells access tokens from what else an issuer signs with its keys
// (RFC 8725 section 3.11).
func (r *rules) rightType(t *jose.Token) bool {
	kind := mediaType(t.Type)
	switch {
	case r.requireType != "" && kind != r.requireType:
		return false
	case r.requireType == "" && kind != "" && kind != "jwt" && kind != accessToken:
		return false
	case kind == accessToken:
		return true
	}
	return !otherUse(t.Claims) && (r.idTokens || !isIDToken(t.Claims))
}

// mediaType returns a type in lower case and without "application/" (RFC 7515
// section 4.1.9).
func mediaType(s string) string {
	return strings.TrimPrefix(strings.ToLower(s), "application/")
}

// otherUse reports whether a token says that it is no access token: a logout
// token, a security event (RFC 8417), a refresh token.
func otherUse(claims map[string]any) bool {
	if _, ok := claims["events"]; ok {
		return true
	}
	kind, _ := claims["typ"].(string)
	return slices.Contains([]string{"refresh", "offline", "logout"}, strings.ToLower(kind))
}

// isIDToken reports whether a token looks like one of OpenID Connect.
func isIDToken(claims map[string]any) bool {
	for _, name := range [...]string{"nonce", "at_hash", "c_hash", "s_hash"} {
		if _, ok := claims[name]; ok {
			return true
		}
	}
	if kind, _ := claims["typ"].(string); strings.EqualFold(kind, "id") {
		return true
	}
	party, ok := claims["azp"]
	if !ok {
		return false
	}
	audiences, _ := texts(claims["aud"])
	return len(audiences) == 1 && any(audiences[0]) == party
}
