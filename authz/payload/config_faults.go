package payload

import (
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// faults collects what is wrong with settings whose zero value is a default.
type faults struct{ registry.Faults }

func (f *faults) number(at string, n, most int) {
	if n < 0 || n > most {
		f.Add(at, "want 1 to %d, not %d", most, n)
	}
}

func (f *faults) size(at string, s, most registry.Size) {
	if s < 0 || s > most {
		f.Add(at, "want at most %v, not %v", most, s)
	}
}

func (f *faults) choice(at, s string, choices ...string) {
	if s != "" && !slices.Contains(choices, s) {
		f.Add(at, "%w", registry.Unknown("choice", s, choices))
	}
}
