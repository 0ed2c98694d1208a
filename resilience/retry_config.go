package resilience

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds and defaults of retry.
const (
	defaultAttempts = 2
	maxAttempts     = 10
	defaultBudget   = 0.2
	defaultBase     = 25 * time.Millisecond
	defaultMax      = 250 * time.Millisecond
	defaultMaxBody  = 64 << 10
	maxMaxBody      = 16 << 20
)

// RetryConfig holds the settings of retry.
type RetryConfig struct {
	// Attempts is how often a request is sent at most, the first time included;
	// 0 means 2, at most 10.
	Attempts int `json:"attempts,omitempty"`
	// Statuses lists the statuses, of 500 to 599, after which a request is sent
	// again; none means 502, 503 and 504.
	Statuses []int `json:"statuses,omitempty"`
	// Methods lists the methods that may be repeated though the backend may
	// have acted on the first request; none means GET, HEAD, OPTIONS, PUT and
	// DELETE. A request with Idempotency-Key may always be repeated, and so may
	// one that did not reach the backend.
	Methods []string `json:"methods,omitempty"`
	// Budget bounds the retries of the route as a share of its requests of the
	// last ten seconds; 0 means 0.2, at most 1. Three retries a second are free.
	Budget float64 `json:"budget,omitempty"`
	// Backoff is the wait before each retry.
	Backoff Backoff `json:"backoff,omitzero"`
	// MaxBody is how many bytes of a request body are kept to send it again; 0
	// means 65536, at most 16 MiB. Requests of a longer body, or one of unknown
	// length, stream and are not repeated.
	MaxBody int64 `json:"max_body,omitempty"`
}

// A Backoff is a wait that doubles from try to try, of which a random part is
// waited: retries that were caused by one event come apart.
type Backoff struct {
	// Base bounds the first wait; 0 means 25ms.
	Base registry.Duration `json:"base,omitempty"`
	// Max bounds every wait; 0 means 250ms, or Base where that is longer.
	Max registry.Duration `json:"max,omitempty"`
}

// Validate reports every fault.
func (c RetryConfig) Validate() error {
	var faults registry.Faults
	if c.Attempts < 0 || c.Attempts > maxAttempts {
		faults.Add("/attempts", "want 1 to %d, not %d", maxAttempts, c.Attempts)
	}
	for i, s := range c.Statuses {
		if s < 500 || s > 599 {
			faults.Add(fmt.Sprintf("/statuses/%d", i), "want a status of 500 to 599, not %d", s)
		}
	}
	for i, m := range c.Methods {
		if !isMethod(m) {
			faults.Add(fmt.Sprintf("/methods/%d", i), "want a method in capitals, not %q", m)
		}
	}
	if !(c.Budget >= 0 && c.Budget <= 1) {
		faults.Add("/budget", "want a share from 0 to 1, not %v", c.Budget)
	}
	if c.Backoff.Base < 0 {
		faults.Add("/backoff/base", "want a duration of 0 or more")
	}
	if c.Backoff.Max < 0 || c.Backoff.Max > 0 && c.Backoff.Max < c.Backoff.Base {
		faults.Add("/backoff/max", "want at least the base of %v, not %v", c.Backoff.Base, c.Backoff.Max)
	}
	if c.MaxBody < 0 || c.MaxBody > maxMaxBody {
		faults.Add("/max_body", "want 0 to %d bytes, not %d", maxMaxBody, c.MaxBody)
	}
	return faults.Err()
}

func isMethod(m string) bool {
	for _, r := range m {
		if (r < 'A' || r > 'Z') && r != '-' {
			return false
		}
	}
	return m != ""
}

// defaults returns c with every setting that was left out.
func (c RetryConfig) defaults() RetryConfig {
	if c.Attempts == 0 {
		c.Attempts = defaultAttempts
	}
	if len(c.Statuses) == 0 {
		c.Statuses = []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	}
	if len(c.Methods) == 0 {
		c.Methods = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete}
	}
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	c.Backoff.Base = registry.Duration(c.Backoff.Base.Or(defaultBase))
	c.Backoff.Max = registry.Duration(c.Backoff.Max.Or(max(defaultMax, c.Backoff.Base.Std())))
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	c.Statuses, c.Methods = slices.Clone(c.Statuses), slices.Clone(c.Methods)
	return c
}

// RetryKind returns the kind retry.
func RetryKind(options ...RetryOption) pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind("retry", func(_ *pipeline.Env, c RetryConfig) ([]pipeline.Stage, error) {
		return NewRetry(c, options...)
	})
}

// RetryPolicy returns a policy of kind retry.
func RetryPolicy(c RetryConfig) registry.Policy { return registry.NewPolicy("retry", c) }
