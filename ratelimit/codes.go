package ratelimit

// Codes of the refusals and decisions of this package. Each is stable.
const (
	CodeLimited     = "rate_limited"        // 429
	CodeSpent       = "units_spent"         // 429, or the answer was cut
	CodeUncharged   = "units_uncharged"     // passed: the limiter did not take all that was used
	CodeUncountable = "units_uncountable"   // 502: the answer cannot be counted
	CodeInFlight    = "in_flight_exceeded"  // 429
	CodeUnlimited   = "unlimited"           // passed: the plan has no limits
	CodeKeyMissing  = "limit_key_missing"   // 403: nobody to count for
	CodeUnavailable = "limiter_unavailable" // 503, or passed where on_error allows it
	CodeDegraded    = "limiter_degraded"    // passed: counted locally while the store cannot count
)
