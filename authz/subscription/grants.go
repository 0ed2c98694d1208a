package subscription

import "slices"

// allowed returns the scopes of the subscription that the caller holds too. A
// caller whose credential knows no scopes (nil), such as an API key, is not
// bounded by them; one whose token names none holds none. Nothing is made where
// one list holds the other.
func allowed(scopes, held []string) []string {
	switch {
	case held == nil, within(held, scopes):
		return scopes
	case within(scopes, held):
		return held
	}
	both := make([]string, 0, min(len(scopes), len(held)))
	for _, scope := range scopes {
		if slices.Contains(held, scope) {
			both = append(both, scope)
		}
	}
	return both
}

// within reports whether all holds each of some.
func within(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}
