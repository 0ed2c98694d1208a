package ratelimit

import (
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the kind "rate_limit".
type Config struct {
	// Per says whose calls are counted together: subscription (the default),
	// consumer, subject, address, api (all callers of the API) or route (all
	// callers of the route). Of IPv6 addresses the network of 64 bits counts.
	// An address is counted before authentication, all others after
	// authorization.
	Per string `json:"per,omitempty" enum:"subscription,consumer,subject,address,api,route"`
	// Rate is how often: "100/s", "5000/minute", "20/10s". Without it, and
	// without Limits, the limits are those of the plan of the caller's
	// subscription, as the directory has it at the time of the request; a plan
	// that has none does not limit.
	Rate registry.Rate `json:"rate,omitzero"`
	// Burst is how many may come at once; 0 means the count of Rate.
	Burst int64 `json:"burst,omitempty"`
	// Limits holds several limits that all have to pass, in place of Rate and
	// Burst: [{rate: 100/s, burst: 200}, {rate: 100000/day}]. At most 8.
	Limits []registry.Limit `json:"limits,omitempty"`
	// Scope says which routes draw from the same bucket: api (all of the API
	// that have the same policy; the default where the route belongs to one),
	// route (this one alone), or all (all of the gateway that have the same
	// policy).
	Scope string `json:"scope,omitempty" enum:"api,route,all"`
	// Store is the limiter that counts. Default: {memory: {}}, within this
	// process.
	Store *registry.Policy `json:"store,omitempty" kind:"ratelimit.Limiter"`
	// Headers tells callers where they stand, in RateLimit, RateLimit-Policy,
	// X-RateLimit-Limit, -Remaining and -Reset: on (the default) or off.
	Headers string `json:"headers,omitempty" enum:"on,off"`
	// OnError says what becomes of requests while the store cannot count:
	// refuse (503, the default), allow, or local: this instance counts by
	// itself, up to its share of each limit.
	OnError string `json:"on_error,omitempty" enum:"refuse,allow,local"`
	// LocalShare is the part of each limit that one instance lets pass under
	// on_error: local, above 0 and at most 1; 0 means 0.5. One over the number
	// of instances keeps all of them together within the limit.
	LocalShare float64 `json:"local_share,omitempty"`
}

const (
	maxLimits    = 8
	defaultShare = 0.5
)

// Values of Config.Per and Config.Scope.
const (
	perSubscription = "subscription"
	perConsumer     = "consumer"
	perSubject      = "subject"
	perAddress      = "address"
	perAPI          = "api"
	perRoute        = "route"

	scopeAPI   = "api"
	scopeRoute = "route"
	scopeAll   = "all"

	onErrorRefuse = "refuse"
	onErrorAllow  = "allow"
	onErrorLocal  = "local"
)

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	oneOf(&faults, "/per", c.Per, perSubscription, perConsumer, perSubject, perAddress, perAPI, perRoute)
	oneOf(&faults, "/scope", c.Scope, scopeAPI, scopeRoute, scopeAll)
	oneOf(&faults, "/headers", c.Headers, "on", "off")
	oneOf(&faults, "/on_error", c.OnError, onErrorRefuse, onErrorAllow, onErrorLocal)
	c.validateShare(&faults)
	c.validateRate(&faults)
	c.validateLimits(&faults)
	if (c.Per == perAPI || c.Per == perRoute) && c.Scope != "" {
		faults.Add("/scope", "per: %s has a scope of its own", c.Per)
	}
	return faults.Err()
}

func (c Config) validateRate(faults *registry.Faults) {
	switch {
	case !c.Rate.IsZero() && (c.Rate.Count <= 0 || c.Rate.Per <= 0):
		faults.Add("/rate", "want a rate of 1 or more per period")
	case !c.Rate.IsZero() && len(c.Limits) > 0:
		faults.Add("/limits", "want either rate or limits")
	case c.Rate.IsZero() && c.Burst != 0:
		faults.Add("/burst", "want a rate beside it")
	case c.fromPlan() && !c.personal():
		faults.Add("/rate", "want rate or limits: per: %s has no plan to take them from", c.Per)
	}
	if c.Burst < 0 {
		faults.Add("/burst", "want 1 or more, or nothing for the count of rate")
	}
}

func (c Config) validateShare(faults *registry.Faults) {
	switch {
	case !(c.LocalShare >= 0 && c.LocalShare <= 1):
		faults.Add("/local_share", "want a share above 0 and at most 1, or nothing for %v", defaultShare)
	case c.LocalShare != 0 && c.OnError != onErrorLocal:
		faults.Add("/local_share", "want on_error: local beside it")
	}
}

func (c Config) validateLimits(faults *registry.Faults) {
	if len(c.Limits) > maxLimits {
		faults.Add("/limits", "want at most %d limits", maxLimits)
	}
	for i, l := range c.Limits {
		at := "/limits/" + itoa(i)
		if l.Rate.Count <= 0 || l.Rate.Per <= 0 {
			faults.Add(at+"/rate", "want a rate such as 100/s")
		}
		if l.Burst < 0 {
			faults.Add(at+"/burst", "want 1 or more, or nothing for the count of rate")
		}
	}
}

func oneOf(faults *registry.Faults, field, value string, valid ...string) {
	if value != "" && !slices.Contains(valid, value) {
		*faults = append(*faults, &registry.Fault{Field: field, Err: registry.Unknown("value", value, valid)})
	}
}

// fromPlan reports whether the limits are those of the caller's plan.
func (c Config) fromPlan() bool { return c.Rate.IsZero() && len(c.Limits) == 0 }

// personal reports whether each caller has buckets of its own, that can be
// as wide as its plan says.
func (c Config) personal() bool {
	switch c.per() {
	case perSubscription, perConsumer, perSubject:
		return true
	}
	return false
}

func (c Config) per() string {
	if c.Per == "" {
		return perSubscription
	}
	return c.Per
}

// limits returns the limits that are written down.
func (c Config) limits() []registry.Limit {
	if !c.Rate.IsZero() {
		return []registry.Limit{{Rate: c.Rate, Burst: c.Burst}}
	}
	return c.Limits
}

func (c Config) share() float64 {
	if c.LocalShare == 0 {
		return defaultShare
	}
	return c.LocalShare
}

func (c Config) phase() pipeline.Phase {
	if c.Per == perAddress {
		return pipeline.Guard
	}
	return pipeline.Limit
}
