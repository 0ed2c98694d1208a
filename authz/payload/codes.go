package payload

// Codes of the refusals of this package. Each is stable.
const (
	CodeMalformed       = "payload_malformed"        // 400: not well-formed
	CodeTooDeep         = "payload_too_deep"         // 422
	CodeTooMany         = "payload_too_many"         // 413: more of something than may be
	CodeTooLong         = "payload_too_long"         // 413: one thing is longer than may be
	CodeDuplicateKey    = "payload_duplicate_key"    // 422: two members of one name
	CodeForbidden       = "payload_forbidden"        // 422: XML that is never taken
	CodeTypeRefused     = "payload_type_refused"     // 415
	CodeCharsetRefused  = "payload_charset_refused"  // 415: not UTF-8
	CodeEncodingRefused = "payload_encoding_refused" // 415: compressed
)
