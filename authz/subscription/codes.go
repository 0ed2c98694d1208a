package subscription

// Codes of the refusals and decisions of this package. Each is stable. Those
// of status 403 are answered as 404 where the settings hide the route.
const (
	CodeIdentityMissing      = "identity_missing"      // 403: nobody, or somebody without a consumer
	CodeMissing              = "subscription_missing"  // 403
	CodeInactive             = "subscription_inactive" // 403
	CodeExpired              = "subscription_expired"  // 403
	CodeAddressNotAllowed    = "address_not_allowed"   // 403: not from this network
	CodeDirectoryUnavailable = "directory_unavailable" // 503: could not be looked up
)
