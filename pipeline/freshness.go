package pipeline

import "time"

// A FreshnessState is what a gateway makes of how long its source has been
// silent.
type FreshnessState string

// States of freshness.
const (
	Fresh    FreshnessState = "fresh"    // heard lately, or nobody asks
	Stale    FreshnessState = "stale"    // silent for longer than one is to be warned of
	Refusing FreshnessState = "refusing" // silent for so long that requests are refused
)

// Freshness tells how old what a gateway serves may be.
type Freshness struct {
	State   FreshnessState `json:"state"`
	Version string         `json:"version"` // of the configuration in force
	Origin  string         `json:"origin"`  // source, code, last_good or rollback
	// Taken is when the configuration in force came from where it comes from,
	// by whichever gateway: older than this process where it was started from
	// the last good one.
	Taken time.Time `json:"taken,omitzero"`
	// Contact is when the source was heard last, whether or not anything had
	// changed: until it is heard for the first time, when the gateway began, or
	// what its last good configuration says. The zero time where the source cannot
	// tell.
	Contact time.Time `json:"contact,omitzero"`
	// Silence is how long ago that is, in seconds.
	Silence float64 `json:"silence_seconds"`
}

// Actions of a ConfigEvent.
const (
	ConfigApplied    = "applied"
	ConfigRefused    = "refused"
	ConfigRolledBack = "rolled_back"
	ConfigStale      = "stale"    // the source is silent for longer than one is to be warned of
	ConfigRefusing   = "refusing" // and for so long that requests are refused
	ConfigFresh      = "fresh"    // the source is heard again
)

// A ConfigEvent tells what became of the configuration of a gateway. It goes to
// the recorders with a method RecordConfig(ConfigEvent), one event at a time and
// in order; they must not block, and must not keep Faults.
type ConfigEvent struct {
	At          time.Time
	Action      string
	Version     string // that it is about
	Before      string // that was in force until then; empty for the first
	Environment string
	Origin      string   // source, code, last_good or rollback
	Faults      []string // why it was refused, each with its place
}
