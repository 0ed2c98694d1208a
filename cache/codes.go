package cache

// Codes of the decisions and refusals of this package. Each is stable.
const (
	CodeHit         = "cache_hit"         // answered with a fresh entry
	CodeStale       = "cache_stale"       // answered with an entry that is no longer fresh
	CodeRevalidated = "cache_revalidated" // answered with an entry that the backend confirmed
	CodeCoalesced   = "cache_coalesced"   // answered with what another request fetched meanwhile
	CodeMiss        = "cache_miss"        // the backend answered
	CodeBypass      = "cache_bypass"      // the cache did not look
	CodeUnavailable = "cache_unavailable" // the store failed; the backend answered
	CodeNotCached   = "not_cached"        // 504: only-if-cached, and there is nothing
)
