package pipeline

// Codes of the refusals that the core makes. Each is stable, and appears alike
// in Problems, decisions, logs and metrics.
const (
	CodeRequestMalformed = "request_malformed"  // 400
	CodePathRefused      = "path_refused"       // 400
	CodeHostRefused      = "host_refused"       // 400
	CodeFieldRefused     = "field_refused"      // 400
	CodeBodyMalformed    = "body_malformed"     // 400
	CodeQueryMalformed   = "query_malformed"    // 400
	CodeRouteUnknown     = "route_unknown"      // 404
	CodeMethodRefused    = "method_not_allowed" // 405
	CodeBodyTimeout      = "body_timeout"       // 408
	CodeBodyTooLarge     = "body_too_large"     // 413
	CodeClientGone       = "client_gone"        // 499, recorded only
	CodeInternal         = "internal"           // 500
	CodeUpstreamFailed   = "upstream_failed"    // 502
	CodeUpstreamNotReady = "upstream_not_ready" // 503
	CodeDraining         = "draining"           // 503
	CodeConfigStale      = "config_stale"       // 503
	CodeUpstreamTimeout  = "upstream_timeout"   // 504
	CodeLoopDetected     = "loop_detected"      // 508
)
