// Package resilience keeps an exchange well where a backend is not. From the
// outside in:
//
//   - [NewFallback] answers in place of a backend that failed.
//   - [NewTimeout] bounds the time to the response head, in all and for one
//     try, and tells the backend what is left of it.
//   - [Bulkhead] bounds how many exchanges are under way at once.
//   - [NewRetry] sends again what may be sent again, within a budget.
//   - [Breaker] spares a backend that fails, and finds out when it is well.
//
// So a failing backend is neither buried under retries nor takes more than
// its share of the gateway down with it:
//
//	policies := []registry.Policy{
//		resilience.FallbackPolicy(resilience.FallbackConfig{
//			Respond: resilience.FallbackAnswer{Body: `{"items":[]}`},
//		}),
//		resilience.TimeoutPolicy(resilience.TimeoutConfig{
//			Total:  registry.Duration(2 * time.Second),
//			PerTry: registry.Duration(800 * time.Millisecond),
//			Send:   "X-Request-Timeout",
//		}),
//		resilience.BulkheadPolicy(resilience.BulkheadConfig{MaxConcurrent: 200}),
//		resilience.RetryPolicy(resilience.RetryConfig{Attempts: 3}),
//		resilience.BreakerPolicy(resilience.BreakerConfig{ErrorRatio: 0.5}),
//	}
//
// None of them bounds or repeats a body that streams; the breaker counts one
// that the backend breaks off as a failure.
package resilience
