package jose

import (
	"slices"
	"strings"
)

// unambiguous refuses an object with a name that another reader may take for
// one of the registered ones, or for another of the object: names that are
// alike but for their case, as Unicode folds it (encoding/json takes "i\u017fs"
// for iss).
func unambiguous(object map[string]any, registered []string) error {
	var folded map[string]bool
	for name := range object {
		low := fold(name)
		if low == name {
			continue
		}
		if _, both := object[low]; both || folded[low] || slices.Contains(registered, low) {
			return Fault("two names differ only in case")
		}
		if folded == nil {
			folded = map[string]bool{}
		}
		folded[low] = true
	}
	return nil
}

// fold maps names that are alike but for their case to one.
func fold(name string) string {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' || c >= 0x80 {
			return strings.ToLower(strings.ToUpper(name))
		}
	}
	return name
}
