package apikey

// Codes of the refusals and decisions of this package. Each is stable.
// CodeExpired appears in decisions only: the caller is told CodeUnknown, which
// does not say whether the key was ever good.
const (
	CodeMalformed            = "api_key_malformed"     // 401: no key can look like this, or there are several
	CodeUnknown              = "api_key_unknown"       // 401
	CodeExpired              = "api_key_expired"       // decisions only
	CodeDirectoryUnavailable = "directory_unavailable" // 503: the key could not be looked up
)
