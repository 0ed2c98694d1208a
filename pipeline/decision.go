package pipeline

import "time"

// A Decision is one verdict of one stage.
type Decision struct {
	Stage   string        `json:"stage"`
	Rule    string        `json:"rule,omitempty"` // the rule that decided, where there are several
	Verdict Verdict       `json:"verdict"`
	Code    string        `json:"code,omitempty"` // stable and machine-readable: "token_expired"
	At      time.Duration `json:"at"`             // since the start of the exchange; Decide fills it in
}

// Verdict is what a stage decided. Its zero value is no decision.
type Verdict uint8

// Verdicts.
const (
	Undecided Verdict = iota
	Pass
	Deny
	Warn
	Hit
	Miss
	Alter
)

// String returns the verdict in lower case.
func (v Verdict) String() string {
	names := [...]string{"undecided", "pass", "deny", "warn", "hit", "miss", "alter"}
	if int(v) < len(names) {
		return names[v]
	}
	return "undecided"
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// An Attempt is one send to one endpoint.
type Attempt struct {
	Endpoint string
	Status   int
	Err      error
	Took     time.Duration // to the response head
}
