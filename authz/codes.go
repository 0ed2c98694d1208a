package authz

// Codes of the refusals and decisions of this package. Each is stable. An
// authorizer adds its own by Answer.Code.
const (
	CodeAccessDenied = "access_denied"             // 403: an Answer without a code of its own
	CodeDenied       = "denied"                    // 403: the route is closed by the policy deny
	CodeUnavailable  = "authorization_unavailable" // 503: could not be decided
)
