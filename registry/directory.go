package registry

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// ErrUnknown says that the Directory holds nothing under what was asked for.
var ErrUnknown = errors.New("registry: unknown")

// A Subscription entitles a consumer to one version of an API in one environment.
// It is shared and never altered.
type Subscription struct {
	ID, Consumer, API, Environment string
	Plan                           *Plan // resolved by the Directory, so a plan changes without a reload
	Scopes                         []string
	AllowIPs                       []netip.Prefix // none allows every address that DenyIPs does not hold
	DenyIPs                        []netip.Prefix // whatever AllowIPs says
	Active                         bool
	NotAfter                       time.Time // zero: no end
}

// A Plan is a tier: limits and priority.
type Plan struct {
	// Name is what subscriptions call it. Required.
	Name string `json:"name"`
	// Priority is critical, normal (the default) or low: for policies that shed
	// load.
	Priority string `json:"priority,omitempty" enum:"critical,normal,low"`
	// Limits are the rates that all have to pass; none does not limit.
	Limits []Limit `json:"limits,omitempty"`
	// Units are the rates of bytes, events and tokens of answers, for policies
	// unit_limit that have none of their own.
	Units Units `json:"units,omitzero"`
	// InFlight is how many exchanges of one caller may be under way at once, for
	// policies in_flight that have no number of their own; 0 does not bound.
	InFlight int `json:"in_flight,omitempty"`

	// Pos is where the plan stands in its document.
	Pos Pos `json:"-"`
}

// A Limit is one rate of a plan.
type Limit struct {
	// Rate is how often: "100/s", "5000/minute", "20/10s". Required.
	Rate Rate `json:"rate"`
	// Burst is how many may come at once; 0 means the count of Rate.
	Burst int64 `json:"burst,omitempty"`
}

// A Credential is an API key as the registry knows it: never the key itself.
type Credential struct {
	ID          string
	Consumer    string
	Environment string    // empty: any
	NotAfter    time.Time // zero: no end
}

// A Directory answers, on the request path, who may call what. Both methods
// are called for each request, from many goroutines at once, and return what
// is shared and never altered. Any error but ErrUnknown means that the
// question could not be answered, and the request is refused.
type Directory interface {
	// Subscription returns ErrUnknown when the consumer holds none for the API.
	Subscription(ctx context.Context, consumer, api, environment string) (*Subscription, error)
	// Credential looks an API key up by its keyed hash.
	Credential(ctx context.Context, sum [32]byte) (*Credential, error)
}

// A Change sets or removes one plan, subscription or credential: the one
// pointer that is not nil says which.
type Change struct {
	Plan         *Plan         // removed by Name
	Subscription *Subscription // removed by Consumer, API and Environment; its Plan needs a Name only
	Credential   *Credential   // set and removed under Sum
	Sum          [32]byte
	Remove       bool
}
