package authn

// Codes of the refusals and decisions of this package. Each is stable.
const (
	CodeCredentialsMissing  = "credentials_missing"          // 401: the request bears none that the route takes
	CodeWrongEnvironment    = "credential_wrong_environment" // 401: good, but for another environment
	CodeCredentialsMismatch = "credentials_mismatch"         // 401: several that name different consumers
	CodeThrottled           = "authentication_throttled"     // 429: too many attempts have failed, by address or by credential
	CodeUnavailable         = "authentication_unavailable"   // 503: could not be decided
	CodeAnonymous           = "anonymous"                    // passed without credentials, by Optional
)

const (
	schemeAnonymous        = "anonymous"
	fieldChallenge         = "Www-Authenticate"
	detailMissing          = "This route needs credentials."
	detailWrongEnvironment = "The credential belongs to another environment."
	detailMismatch         = "The credentials belong to different consumers."
	detailUnavailable      = "The credentials cannot be checked at present."
)
