package ratelimit

import (
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// InFlightConfig holds the settings of the kind "in_flight".
type InFlightConfig struct {
	// Max is how many exchanges of one caller may be under way at once, each
	// until its answer has been delivered or its tunnel has ended. Without it the
	// plan of the caller's subscription says so, as the directory has it at the
	// time of the request; a plan that says nothing does not bound. At most 1000000.
	Max int `json:"max,omitempty"`
	// Per says whose exchanges are counted together: subscription (the default),
	// consumer, subject, address, api or route, as in rate_limit.
	Per string `json:"per,omitempty" enum:"subscription,consumer,subject,address,api,route"`
	// Scope says which routes are counted together: api (all of the API that have
	// a policy of the same name; the default where the route belongs to one),
	// route (this one alone), or all (all of the gateway that have it).
	Scope string `json:"scope,omitempty" enum:"api,route,all"`
}

const maxInFlight = 1_000_000

// Validate reports every fault of the settings.
func (c InFlightConfig) Validate() error {
	var faults registry.Faults
	like := c.limit()
	oneOf(&faults, "/per", c.Per, perSubscription, perConsumer, perSubject, perAddress, perAPI, perRoute)
	oneOf(&faults, "/scope", c.Scope, scopeAPI, scopeRoute, scopeAll)
	switch {
	case c.Max < 0 || c.Max > maxInFlight:
		faults.Add("/max", "want 1 to %d, not %d", maxInFlight, c.Max)
	case c.Max == 0 && !like.personal():
		faults.Add("/max", "want a number: per: %s has no plan to take it from", c.Per)
	}
	if (c.Per == perAPI || c.Per == perRoute) && c.Scope != "" {
		faults.Add("/scope", "per: %s has a scope of its own", c.Per)
	}
	return faults.Err()
}

// limit returns what the settings have in common with those of rate_limit.
func (c InFlightConfig) limit() Config { return Config{Per: c.Per, Scope: c.Scope} }

func (c InFlightConfig) phase() pipeline.Phase { return c.limit().phase() }
