package resilience

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds and defaults of breaker.
const (
	defaultErrorRatio  = 0.5
	leastRatio         = 0.01
	defaultMinRequests = 20
	maxMinRequests     = 1_000_000
	defaultWindow      = 10 * time.Second
	leastWindow        = 100 * time.Millisecond
	maxWindow          = time.Hour
	maxConsecutive     = 10_000
	defaultOpenFor     = 10 * time.Second
	maxOpenFor         = time.Hour
	defaultHalfOpen    = 3
	maxHalfOpen        = 1000
)

// BreakerConfig holds the settings of breaker.
type BreakerConfig struct {
	// ErrorRatio is the share of failures among the requests of the window at
	// which the breaker opens, from 0.01 to 1; 0 means 0.5.
	ErrorRatio float64 `json:"error_ratio,omitempty"`
	// MinRequests is how many requests the window has to hold before a ratio
	// counts; 0 means 20.
	MinRequests int `json:"min_requests,omitempty"`
	// Window is the time over which requests are counted, of 100ms to 1h, in
	// ten slices; 0 means 10s.
	Window registry.Duration `json:"window,omitempty"`
	// ConsecutiveFailures opens the breaker after so many failures in a row,
	// in place of ErrorRatio; at most 10000.
	ConsecutiveFailures int `json:"consecutive_failures,omitempty"`
	// OpenFor is how long an open breaker refuses before it lets a trial pass;
	// 0 means 10s, at most 1h.
	OpenFor registry.Duration `json:"open_for,omitempty"`
	// HalfOpen is how many trials are let pass after that, and have to succeed
	// all of them to close the breaker; 0 means 3, at most 1000. One that
	// fails opens it again.
	HalfOpen int `json:"half_open,omitempty"`
	// Slow opens the breaker for answers that come too late. Default: no answer
	// is too slow.
	Slow Slow `json:"slow,omitzero"`
	// Statuses lists the statuses that count as failures, of 500 to 599, or
	// 429; none means 502, 503 and 504.
	Statuses []int `json:"statuses,omitempty"`
	// Scope says which routes share one breaker, of those that have the same
	// settings for it: upstream (all that lead to the same upstream; the default
	// where the route names one), api (all of the API) or route (this one alone).
	Scope string `json:"scope,omitempty" enum:"upstream,api,route"`
}

// Slow says when a backend is too slow to be asked on.
type Slow struct {
	// Over is the time to the response head beyond which an answer is slow.
	Over registry.Duration `json:"over,omitempty"`
	// Ratio is the share of slow answers among the requests of the window at
	// which the breaker opens, from 0.01 to 1; 0 means 0.5.
	Ratio float64 `json:"ratio,omitempty"`
}

// Validate reports every fault.
func (c BreakerConfig) Validate() error {
	var faults registry.Faults
	checkRatio(&faults, "/error_ratio", c.ErrorRatio)
	checkCount(&faults, "/min_requests", c.MinRequests, maxMinRequests)
	checkCount(&faults, "/consecutive_failures", c.ConsecutiveFailures, maxConsecutive)
	checkCount(&faults, "/half_open", c.HalfOpen, maxHalfOpen)
	if w := c.Window.Std(); w != 0 && (w < leastWindow || w > maxWindow) {
		faults.Add("/window", "want %v to %v, not %v", leastWindow, maxWindow, w)
	}
	if o := c.OpenFor.Std(); o < 0 || o > maxOpenFor {
		faults.Add("/open_for", "want a duration of at most %v, not %v", maxOpenFor, o)
	}
	for i, s := range c.Statuses {
		if s != http.StatusTooManyRequests && (s < 500 || s > 599) {
			faults.Add(fmt.Sprintf("/statuses/%d", i), "want 429 or a status of 500 to 599, not %d", s)
		}
	}
	c.checkSlow(&faults)
	c.checkMode(&faults)
	checkScope(&faults, c.Scope)
	return faults.Err()
}

func (c BreakerConfig) checkSlow(faults *registry.Faults) {
	checkRatio(faults, "/slow/ratio", c.Slow.Ratio)
	if c.Slow.Over < 0 {
		faults.Add("/slow/over", "want a duration of 0 or more")
	}
	if c.Slow.Ratio != 0 && c.Slow.Over == 0 {
		faults.Add("/slow/over", "want the time beyond which an answer is slow")
	}
}

// checkMode refuses settings that would have no effect.
func (c BreakerConfig) checkMode(faults *registry.Faults) {
	if c.ConsecutiveFailures == 0 {
		return
	}
	if c.ErrorRatio != 0 {
		faults.Add("/error_ratio", "want either this or consecutive_failures")
	}
	if c.Slow.Over != 0 {
		return // whose ratio needs the window
	}
	if c.MinRequests != 0 {
		faults.Add("/min_requests", "has no effect beside consecutive_failures")
	}
	if c.Window != 0 {
		faults.Add("/window", "has no effect beside consecutive_failures")
	}
}

func checkRatio(faults *registry.Faults, field string, ratio float64) {
	if ratio != 0 && !(ratio >= leastRatio && ratio <= 1) {
		faults.Add(field, "want a share from %v to 1, not %v", leastRatio, ratio)
	}
}

func checkCount(faults *registry.Faults, field string, n, most int) {
	if n < 0 || n > most {
		faults.Add(field, "want at most %d, not %d", most, n)
	}
}

// defaults returns c with every setting that was left out.
func (c BreakerConfig) defaults() BreakerConfig {
	if c.ErrorRatio == 0 {
		c.ErrorRatio = defaultErrorRatio
	}
	if c.MinRequests == 0 {
		c.MinRequests = defaultMinRequests
	}
	if c.HalfOpen == 0 {
		c.HalfOpen = defaultHalfOpen
	}
	if c.Slow.Ratio == 0 {
		c.Slow.Ratio = defaultErrorRatio
	}
	c.Window = registry.Duration(c.Window.Or(defaultWindow))
	c.OpenFor = registry.Duration(c.OpenFor.Or(defaultOpenFor))
	c.Statuses = slices.Clone(c.Statuses)
	if len(c.Statuses) == 0 {
		c.Statuses = []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	}
	return c
}
