package resilience

import (
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds and defaults of bulkhead.
const (
	maxMaxConcurrent = 1_000_000
	maxMaxWait       = time.Minute
	defaultMaxWait   = 100 * time.Millisecond
)

// BulkheadConfig holds the settings of bulkhead.
type BulkheadConfig struct {
	// MaxConcurrent is how many exchanges may be under way at once, each until
	// its response has been delivered or its tunnel has ended. Required; at most
	// 1000000.
	MaxConcurrent int `json:"max_concurrent"`
	// MaxWaiting is how many more may wait for a place, in turn; 0 means none:
	// what finds no place is refused at once.
	MaxWaiting int `json:"max_waiting,omitempty"`
	// MaxWait bounds the wait for a place, within the deadline; 0 means 100ms,
	// at most 1m.
	MaxWait registry.Duration `json:"max_wait,omitempty"`
	// Scope says which routes share one bulkhead, of those that have the same
	// settings for it: api (all of the API; the default where the route belongs
	// to one), upstream (all that lead to the same upstream) or route (this one
	// alone).
	Scope string `json:"scope,omitempty" enum:"upstream,api,route"`
}

// Validate reports every fault.
func (c BulkheadConfig) Validate() error {
	var faults registry.Faults
	if c.MaxConcurrent < 1 || c.MaxConcurrent > maxMaxConcurrent {
		faults.Add("/max_concurrent", "want 1 to %d, not %d", maxMaxConcurrent, c.MaxConcurrent)
	}
	checkCount(&faults, "/max_waiting", c.MaxWaiting, maxMaxConcurrent)
	if w := c.MaxWait.Std(); w < 0 || w > maxMaxWait {
		faults.Add("/max_wait", "want a duration of at most %v, not %v", maxMaxWait, w)
	}
	if c.MaxWait > 0 && c.MaxWaiting == 0 {
		faults.Add("/max_wait", "has no effect without max_waiting")
	}
	checkScope(&faults, c.Scope)
	return faults.Err()
}
