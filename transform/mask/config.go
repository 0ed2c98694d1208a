package mask

import (
	"fmt"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
	"github.com/seed-f9645bd3/gateway/transform/internal/judge"
)

// A Config holds the settings of the policy mask.
type Config struct {
	// Fields lists the paths of what is masked. A bare name ("ssn") is the member
	// of this name at any depth; names with dots between ("card.number") begin at
	// the root, as does a bare name behind "$." ("$.id"). "*" is each member of
	// an object, "[]" behind a name each item of an array ("tags[]"). Arrays on
	// the way are passed through: "cards.number" is found in a list of cards. A
	// backslash makes one of . [ ] * $ \ part of a name. Names are compared
	// exactly, after their escapes were undone. Required.
	Fields []string `json:"fields"`
	// UnlessScope is the scope of the caller's grant that lifts the mask. Default:
	// none does.
	UnlessScope string `json:"unless_scope,omitempty"`
	// UnlessPII lifts the mask for callers whose grant allows personal data.
	// Default false. With UnlessScope, either lifts it.
	UnlessPII bool `json:"unless_pii,omitempty"`
	// With says what stands in the place of a masked value, be it text, number,
	// object or array: redact (the default) writes "***", null writes null,
	// remove takes the member or item away. In YAML, null is written in quotes.
	With string `json:"with,omitempty" enum:"redact,null,remove"`
	// KeepLast keeps so many characters at the end of a text or number behind
	// "***", at most 16, if it has at least twice as many. Only where With is
	// redact. Default 0.
	KeepLast int `json:"keep_last,omitempty"`
	// OtherTypes says what becomes of answers that are no JSON by their type:
	// refuse (the default) withholds them with 502, pass passes them on as they
	// are.
	OtherTypes string `json:"other_types,omitempty" enum:"refuse,pass"`
}

// What With may be.
const (
	redact = "redact"
	null   = "null"
	remove = "remove"
)

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	paths(c.Fields, &faults)
	choices := []string{redact, null, remove}
	switch c.With {
	case "", redact:
		if c.KeepLast < 0 || c.KeepLast > jsonstream.MaxKeep {
			faults.Add("/keep_last", "want 0 to %d characters, not %d", jsonstream.MaxKeep, c.KeepLast)
		}
	case null, remove:
		if c.KeepLast != 0 {
			faults.Add("/keep_last", "nothing is kept where with is %s", c.With)
		}
	default:
		faults.Add("/with", "%w", registry.Unknown("choice", c.With, choices))
	}
	judge.ValidateOthers(&faults, c.OtherTypes)
	return faults.Err()
}

func paths(fields []string, faults *registry.Faults) []jsonstream.Path {
	if len(fields) == 0 {
		faults.Add("/fields", "want at least one path")
	}
	parsed, steps := make([]jsonstream.Path, 0, len(fields)), 0
	for i, f := range fields {
		p, err := jsonstream.ParsePath(f)
		if err != nil {
			faults.Add(fmt.Sprintf("/fields/%d", i), "%w", err)
			continue
		}
		parsed, steps = append(parsed, p), steps+p.Steps()
	}
	if steps > jsonstream.MaxAllSteps {
		faults.Add("/fields", "want at most %d steps in all paths, not %d", jsonstream.MaxAllSteps, steps)
	}
	return parsed
}
