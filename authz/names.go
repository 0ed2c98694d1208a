package authz

import (
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// CheckNames reports what is wrong with names that a check asks for, scopes or
// roles: none at all, or an empty one. The fields are /all and /any.
func CheckNames(what string, all, any []string) error {
	var faults registry.Faults
	if len(all) == 0 && len(any) == 0 {
		faults.Add("", "want a %s in all, in any or in both", what)
	}
	if slices.Contains(all, "") {
		faults.Add("/all", "nobody has an empty %s", what)
	}
	if slices.Contains(any, "") {
		faults.Add("/any", "nobody has an empty %s", what)
	}
	return faults.Err()
}

// MissingName returns the first of all that is not held; else, where nothing of
// any is held, the first of any.
func MissingName(held, all, any []string) (name string, missing bool) {
	for _, n := range all {
		if !slices.Contains(held, n) {
			return n, true
		}
	}
	if len(any) > 0 && !slices.ContainsFunc(any, func(n string) bool { return slices.Contains(held, n) }) {
		return any[0], true
	}
	return "", false
}
