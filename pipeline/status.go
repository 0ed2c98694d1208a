package pipeline

import (
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A RouteStatus describes one route as it is served now, for people and the
// admin API. It holds no secret: settings carry references only.
type RouteStatus struct {
	Name     string         `json:"name"`
	API      string         `json:"api,omitempty"`
	Protocol string         `json:"protocol,omitempty"`
	Match    registry.Match `json:"match"`
	Rewrite  string         `json:"rewrite,omitempty"`
	Upstream string         `json:"upstream,omitempty"`
	Stages   []StageStatus  `json:"stages"` // the effective chain, from the outside in
	Hash     string         `json:"hash"`   // of what the route was compiled from
	InFlight int64          `json:"in_flight"`
	Served   uint64         `json:"served"`
	Since    time.Time      `json:"since"` // when this form of it came into force
}

// A StageStatus is one step of an effective chain.
type StageStatus struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
}

// An UpstreamStatus describes one upstream as it is used now.
type UpstreamStatus struct {
	Name      string           `json:"name"`
	Ready     bool             `json:"ready"` // an exchange would find an endpoint
	Endpoints []EndpointStatus `json:"endpoints"`
}

// An EndpointStatus describes one endpoint as it is used now.
type EndpointStatus struct {
	URL      string `json:"url"`
	Weight   int    `json:"weight"`
	Zone     string `json:"zone,omitempty"`
	Version  string `json:"version,omitempty"`
	InFlight int64  `json:"in_flight"`
	Client   string `json:"client,omitempty"` // direct or net_http: what speaks with it

	Ready        bool      `json:"ready"`                  // it gets attempts
	Health       string    `json:"health,omitempty"`       // healthy or unhealthy, as probes say; empty where there are none
	Probed       time.Time `json:"probed,omitzero"`        // the last probe
	Reason       string    `json:"reason,omitempty"`       // why it failed
	Failures     int64     `json:"failures,omitempty"`     // attempts in a row that failed
	EjectedUntil time.Time `json:"ejected_until,omitzero"` // for failing attempts
}

// A ConfigStatus describes the configuration in force and the last refusal.
type ConfigStatus struct {
	Version     string             `json:"version"`
	Environment string             `json:"environment"`
	Applied     time.Time          `json:"applied"`
	Pinned      bool               `json:"pinned"` // by a rollback, until the source delivers a new version
	Origin      string             `json:"origin"` // source, code, last_good or rollback
	Snapshot    *registry.Snapshot `json:"snapshot,omitempty"`
	History     []Version          `json:"history"` // newest first
	Refused     *Refusal           `json:"refused,omitempty"`
	Retiring    int                `json:"retiring"` // routes of earlier versions that still have exchanges
	Freshness   *Freshness         `json:"freshness,omitempty"`
}

// A Version names one configuration that was in force.
type Version struct {
	Version string    `json:"version"`
	Applied time.Time `json:"applied"`
}

// A Refusal tells of the last update that was refused.
type Refusal struct {
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Faults  []string  `json:"faults"`
}
