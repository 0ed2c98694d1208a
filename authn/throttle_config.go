package authn

import (
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	defaultAddress    = 6000
	defaultCredential = 600
	defaultPer        = time.Minute

	maxFailures = 1_000_000
	minPer      = time.Second
	maxPer      = 24 * time.Hour
)

// ThrottleConfig holds the limits of failed attempts. Whoever reaches one is
// refused with 429, and nothing is judged, for as long as Per from there. All
// policies of equal limits count together, whichever routes they are on.
type ThrottleConfig struct {
	// Address is how many attempts may fail within Per that come from one
	// address: of IPv4, or the /64 of IPv6. 0 means 6000, at most 1000000.
	Address int `json:"address,omitempty"`
	// Credential is how many attempts may fail within Per with one credential,
	// from whichever addresses. 0 means 600, at most 1000000.
	Credential int `json:"credential,omitempty"`
	// Per is how long failures count, from the first one on. 0 means 1m, from 1s
	// to 24h.
	Per registry.Duration `json:"per,omitempty"`
	// Disabled lets attempts fail without limit. Default false.
	Disabled bool `json:"disabled,omitempty"`
}

// Validate reports every fault of the settings.
func (c ThrottleConfig) Validate() error {
	var faults registry.Faults
	for _, n := range [...]struct {
		field string
		value int
	}{{"/address", c.Address}, {"/credential", c.Credential}} {
		if n.value < 0 || n.value > maxFailures {
			faults.Add(n.field, "want 1 to %d", maxFailures)
		}
	}
	if c.Per != 0 && (c.Per.Std() < minPer || c.Per.Std() > maxPer) {
		faults.Add("/per", "want %v to %v", minPer, maxPer)
	}
	if c.Disabled && c != (ThrottleConfig{Disabled: true}) {
		faults.Add("/disabled", "want either limits or disabled")
	}
	return faults.Err()
}

// filled returns c with its defaults in place.
func (c ThrottleConfig) filled() ThrottleConfig {
	if c.Address == 0 {
		c.Address = defaultAddress
	}
	if c.Credential == 0 {
		c.Credential = defaultCredential
	}
	c.Per = registry.Duration(c.Per.Or(defaultPer))
	return c
}
