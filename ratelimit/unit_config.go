package ratelimit

import (
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit/internal/units"
	"github.com/seed-f9645bd3/gateway/registry"
)

// UnitConfig holds the settings of the kind "unit_limit".
type UnitConfig struct {
	// Unit is what answers are counted in: bytes of the body; events of an event
	// stream, or lines of NDJSON, any other answer being one; or tokens, a number
	// that the answer states in its JSON. Required.
	Unit string `json:"unit" enum:"bytes,events,tokens"`
	// Per says whose answers are counted together: subscription (the default),
	// consumer, subject, address, api or route, as in rate_limit.
	Per string `json:"per,omitempty" enum:"subscription,consumer,subject,address,api,route"`
	// Rate is how many units: "100000/minute", "2000000/day". Without it, and
	// without Limits, the limits are those of the plan of the caller's
	// subscription for this unit; a plan that has none does not limit.
	Rate registry.Rate `json:"rate,omitzero"`
	// Burst is how many units may be used at once; 0 means the count of Rate.
	Burst int64 `json:"burst,omitempty"`
	// Limits holds several limits that all have to pass, in place of Rate and
	// Burst. At most 8.
	Limits []registry.Limit `json:"limits,omitempty"`
	// Scope says which routes draw from the same bucket: api (the default where
	// the route belongs to one), route or all, as in rate_limit.
	Scope string `json:"scope,omitempty" enum:"api,route,all"`
	// Reserve is how many units are spent before an exchange is let pass, and
	// given back where the answer comes to less; 0 means 1. Of several exchanges
	// at once, each has its own.
	Reserve int64 `json:"reserve,omitempty"`
	// Over says what becomes of an answer that uses more than there is: finish
	// (the default) lets it come to its end, and the caller owes the rest; cut
	// breaks it off.
	Over string `json:"over,omitempty" enum:"finish,cut"`
	// Every is how often a long answer is charged for what it came to so far; 0
	// means 1s, 100ms at the least.
	Every registry.Duration `json:"every,omitempty"`
	// Paths are where answers state how many tokens they came to: names of
	// members with dots between, in the JSON of the body, or of the data of each
	// event, or of each line. Of each path the last number counts, and those of
	// several paths are added. For tokens alone; none means usage.total_tokens. At
	// most 8.
	Paths []string `json:"paths,omitempty"`
	// Estimate says what counts as tokens of an answer that has stated none. For
	// tokens alone.
	Estimate *Estimate `json:"estimate,omitempty"`
	// Store is the limiter that counts, which has to be able to charge. Default:
	// {memory: {}}, within this process.
	Store *registry.Policy `json:"store,omitempty" kind:"ratelimit.Limiter"`
	// Headers tells callers where they stand, as in rate_limit: on (the default)
	// or off.
	Headers string `json:"headers,omitempty" enum:"on,off"`
	// OnError says what becomes of requests while the store cannot count:
	// refuse (503, the default), allow, or local, as in rate_limit.
	OnError string `json:"on_error,omitempty" enum:"refuse,allow,local"`
	// LocalShare is the part of each limit that one instance lets pass under
	// on_error: local, above 0 and at most 1; 0 means 0.5.
	LocalShare float64 `json:"local_share,omitempty"`
}

// An Estimate is what an answer comes to that has stated nothing.
type Estimate struct {
	// PerEvent is how many tokens each event of a stream, or line of NDJSON,
	// counts as; 0 means 1.
	PerEvent int64 `json:"per_event,omitempty"`
	// BytesPerToken is how many bytes of any other answer count as one token; 0
	// means 4. Of an answer that is encoded each byte counts as one.
	BytesPerToken int64 `json:"bytes_per_token,omitempty"`
	// PerAnswer is how many tokens each answer counts as, in place of the others.
	PerAnswer int64 `json:"per_answer,omitempty"`
}

// Values of UnitConfig.Unit and UnitConfig.Over.
const (
	unitBytes  = "bytes"
	unitEvents = "events"
	unitTokens = "tokens"

	overFinish = "finish"
	overCut    = "cut"
)

const (
	defaultPath  = "usage.total_tokens"
	defaultEvery = time.Second
	leastEvery   = 100 * time.Millisecond
	maxEvery     = time.Hour

	defaultPerEvent      = 1
	defaultBytesPerToken = 4
	maxEstimate          = 1 << 30
)

// Validate reports every fault of the settings.
func (c UnitConfig) Validate() error {
	var faults registry.Faults
	if c.Unit == "" {
		faults.Add("/unit", "want bytes, events or tokens")
	}
	oneOf(&faults, "/unit", c.Unit, unitBytes, unitEvents, unitTokens)
	oneOf(&faults, "/over", c.Over, overFinish, overCut)
	faults = append(faults, registry.AsFaults(c.limit().Validate())...)
	c.validateReserve(&faults)
	if e := c.Every.Std(); e != 0 && (e < leastEvery || e > maxEvery) {
		faults.Add("/every", "want %v to %v, not %v", leastEvery, maxEvery, e)
	}
	c.validateTokens(&faults)
	return faults.Err()
}

// validateReserve refuses a reserve that no bucket can hold.
func (c UnitConfig) validateReserve(faults *registry.Faults) {
	if c.Reserve < 0 {
		faults.Add("/reserve", "want 1 or more, or nothing for 1")
	}
	for _, l := range c.limit().limits() {
		if burst := max(l.Burst, 0); c.Reserve > 0 && c.Reserve > burstOf(l.Rate, burst) {
			faults.Add("/reserve", "no more than %d are ever there at once", burstOf(l.Rate, burst))
		}
	}
}

func burstOf(rate registry.Rate, burst int64) int64 {
	if burst == 0 {
		return rate.Count
	}
	return burst
}

func (c UnitConfig) validateTokens(faults *registry.Faults) {
	if c.Unit != unitTokens {
		if len(c.Paths) > 0 {
			faults.Add("/paths", "want unit: tokens beside it")
		}
		if c.Estimate != nil {
			faults.Add("/estimate", "want unit: tokens beside it")
		}
		return
	}
	if len(c.Paths) > units.MaxPaths {
		faults.Add("/paths", "want at most %d paths", units.MaxPaths)
	}
	for i, p := range c.Paths {
		if _, err := units.ParsePath(p); err != nil {
			faults.Add("/paths/"+itoa(i), "%w", err)
		}
	}
	if c.Estimate != nil {
		c.Estimate.validate(faults)
	}
}

func (e *Estimate) validate(faults *registry.Faults) {
	for _, n := range [...]struct {
		field string
		value int64
	}{{"per_event", e.PerEvent}, {"bytes_per_token", e.BytesPerToken}, {"per_answer", e.PerAnswer}} {
		if n.value < 0 || n.value > maxEstimate {
			faults.Add("/estimate/"+n.field, "want 1 to %d, or nothing for the default", maxEstimate)
		}
	}
	if e.PerAnswer != 0 && (e.PerEvent != 0 || e.BytesPerToken != 0) {
		faults.Add("/estimate/per_answer", "counts in place of per_event and bytes_per_token")
	}
}

// limit returns what the settings have in common with those of rate_limit.
func (c UnitConfig) limit() Config {
	return Config{
		Per: c.Per, Rate: c.Rate, Burst: c.Burst, Limits: c.Limits, Scope: c.Scope,
		Headers: c.Headers, OnError: c.OnError, LocalShare: c.LocalShare,
	}
}

// paths returns where answers state their tokens; none of other units.
func (c UnitConfig) paths() ([]units.Path, error) {
	if c.Unit != unitTokens {
		return nil, nil
	}
	texts := c.Paths
	if len(texts) == 0 {
		texts = []string{defaultPath}
	}
	var all []units.Path
	for _, text := range texts {
		p, err := units.ParsePath(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// estimate returns the estimate with its defaults.
func (c UnitConfig) estimate() Estimate {
	e := Estimate{}
	if c.Estimate != nil {
		e = *c.Estimate
	}
	if e.PerEvent == 0 {
		e.PerEvent = defaultPerEvent
	}
	if e.BytesPerToken == 0 {
		e.BytesPerToken = defaultBytesPerToken
	}
	return e
}
