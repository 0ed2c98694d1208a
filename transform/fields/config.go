package fields

import (
	"fmt"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
	"github.com/seed-f9645bd3/gateway/transform/internal/judge"
)

// A Config holds the settings of the policy select.
type Config struct {
	// Fields lists the paths of what is passed on, with all that stands in it:
	// "id", "card.number", "items[].email", "users.*.name". Every path begins at
	// the root, or in each item of a root that is an array. "*" is each member of
	// an object, "[]" behind a name each item of an array; arrays on the way are
	// passed through. A backslash makes one of . [ ] * $ \ part of a name. Names
	// are compared exactly, after their escapes were undone.
	Fields []string `json:"fields,omitempty"`
	// By is grant where the caller's grant lists the fields; one that allows all
	// fields is not cut. Without a grant nothing is passed on. Either Fields or By
	// is required.
	By string `json:"by,omitempty" enum:"grant"`
	// UnlessScope is the scope of the caller's grant with which all is passed on.
	// Default: none.
	UnlessScope string `json:"unless_scope,omitempty"`
	// OtherTypes says what becomes of answers that are no JSON by their type:
	// refuse (the default) withholds them with 502, pass passes them on as they
	// are.
	OtherTypes string `json:"other_types,omitempty" enum:"refuse,pass"`
}

const byGrant = "grant"

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	switch {
	case c.By != "" && c.By != byGrant:
		faults.Add("/by", "%w", registry.Unknown("choice", c.By, []string{byGrant}))
	case c.By == "" && len(c.Fields) == 0:
		faults.Add("/fields", "want at least one path, or by: grant")
	case c.By != "" && len(c.Fields) > 0:
		faults.Add("/fields", "want either fields or by, not both")
	}
	steps := 0
	for i, f := range c.Fields {
		p, err := jsonstream.ParsePath(f)
		if err != nil {
			faults.Add(fmt.Sprintf("/fields/%d", i), "%w", err)
		}
		steps += p.Steps()
	}
	if steps > jsonstream.MaxAllSteps {
		faults.Add("/fields", "want at most %d steps in all paths, not %d", jsonstream.MaxAllSteps, steps)
	}
	judge.ValidateOthers(&faults, c.OtherTypes)
	return faults.Err()
}
