package pipeline

import "time"

// Identity is who the caller proved to be. Once it is given to an exchange it
// is shared and never altered.
type Identity struct {
	Subject     string
	Consumer    string // whose subscriptions count
	Issuer      string
	Scheme      string   // "jwt", "mtls", "api_key", ...
	Environment string   // that the credential is good for; empty: any
	Scopes      []string // nil where the credential says nothing of scopes
	Roles       []string
	Claims      map[string]any
	Expires     time.Time
	Forwarded   bool // the backend gets the credential, too, in whichever field
}

// Grant is what the caller may see and do on this route. Its zero value grants nothing.
type Grant struct {
	Scopes    []string
	AllFields bool
	Fields    []string
	PII       bool
}
