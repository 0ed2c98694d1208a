package jwt

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Codes of the refusals of this package. Each is stable.
const (
	CodeMalformed        = "token_malformed"         // 401: its form is not sound, or there are several
	CodeAlgorithmRefused = "token_algorithm_refused" // 401: the settings, or the key, do not admit its algorithm
	CodeIssuerWrong      = "token_issuer_wrong"      // 401
	CodeKeyUnknown       = "token_key_unknown"       // 401: the issuer publishes no such key
	CodeSignatureInvalid = "token_signature_invalid" // 401
	CodeExpired          = "token_expired"           // 401
	CodeNotYetValid      = "token_not_yet_valid"     // 401: nbf or iat lies ahead
	CodeAudienceWrong    = "token_audience_wrong"    // 401
	CodeTypeWrong        = "token_type_wrong"        // 401: no access token, or not of the type that is required
	CodeKeysUnavailable  = "keys_unavailable"        // 503: there are no keys, or none fresh enough, to judge by
)

// challenge is RFC 6750 section 3.1. It says nothing more: the code does.
const challenge = `Bearer error="invalid_token"`

func refuse(code, detail string) *pipeline.Problem {
	return pipeline.Refuse(http.StatusUnauthorized, code, detail).With("WWW-Authenticate", challenge)
}

// malformed refuses a token; cause never holds any of it.
func malformed(cause error) *pipeline.Problem {
	return refuse(CodeMalformed, "The token is not well formed.").Because(cause)
}

func algorithmRefused() *pipeline.Problem {
	return refuse(CodeAlgorithmRefused, "The token is signed by an algorithm that is not taken.")
}

// foreign leaves the token to another authenticator of a list.
func foreign() *pipeline.Problem {
	return refuse(CodeIssuerWrong, "The token is of another issuer.").Because(authn.ErrForeign)
}

func keyUnknown() *pipeline.Problem {
	return refuse(CodeKeyUnknown, "The token is signed with a key that its issuer does not publish.")
}

func signatureInvalid() *pipeline.Problem {
	return refuse(CodeSignatureInvalid, "The signature of the token does not hold.")
}

func typeWrong() *pipeline.Problem {
	return refuse(CodeTypeWrong, "The token is not an access token of the required type.")
}

func keysUnavailable(cause error) *pipeline.Problem {
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeKeysUnavailable, "The token cannot be checked at present.").
		With("Retry-After", "1").Because(cause)
}
