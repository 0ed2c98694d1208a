// Package resilience keeps an exchange well where a backend is not: its
// stages bound the wait for an answer and try again.
//
// [NewTimeout] bounds the time to the response head, in all and for one try.
// [NewRetry] sends again what may be sent again, within a budget, so that a
// failing backend is not buried under retries:
//
//	policies := []registry.Policy{
//		resilience.RetryPolicy(resilience.RetryConfig{Attempts: 3}),
//		resilience.TimeoutPolicy(resilience.TimeoutConfig{
//			Total:  registry.Duration(2 * time.Second),
//			PerTry: registry.Duration(800 * time.Millisecond),
//		}),
//	}
//
// Neither touches a body that streams: what they bound and repeat ends with
// the response head.
package resilience
