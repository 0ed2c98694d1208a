package registry

import (
	"errors"
	"strings"
)

// maxFaults bounds how many faults of one document are listed: nobody reads
// more, and a hostile document must not make a list without end.
const maxFaults = 200

// A collector gathers faults up to the bound.
type collector struct{ list Faults }

func (c *collector) add(f *Fault) {
	switch {
	case len(c.list) < maxFaults:
		c.list = append(c.list, f)
	case len(c.list) == maxFaults:
		c.list = append(c.list, &Fault{Err: errors.New("there are further faults, which are not listed")})
	}
}

func (c *collector) addAll(fs Faults) {
	for _, f := range fs {
		c.add(f)
	}
}

func (c *collector) err() error { return c.list.Err() }

// covers reports whether there is a fault of the field already, or of a value
// that it lies within.
func (c *collector) covers(field string) bool {
	for _, f := range c.list {
		if f.Field != "" && (f.Field == field || strings.HasPrefix(field, f.Field+"/")) {
			return true
		}
	}
	return false
}
