package wire

import (
	"strings"
	"testing"
)

// lanes is how many gateways are started, each with a backend of its own: so
// many cases are played at a time.
const lanes = 6

// A Choice leaves cases out of a run.
type Choice func(Case) bool

// Groups chooses the cases of these groups.
func Groups(names ...string) Choice {
	return func(c Case) bool {
		for _, n := range names {
			if c.Group == n {
				return true
			}
		}
		return false
	}
}

// Run plays the suite in parallel subtests, named by group and case, against
// gateways that start makes: one in front of each of several backends, given by
// host and port. A choice leaves cases out; with several, all have to want a
// case.
func Run(t *testing.T, start func(t testing.TB, backend string) Target, choices ...Choice) {
	t.Helper()
	free := make(chan lane, lanes)
	for range lanes {
		b, err := NewBackend()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		free <- lane{start(t, b.Addr()), b}
	}
	for _, c := range Cases() {
		if !chosen(c, choices) {
			continue
		}
		t.Run(c.Group+"/"+c.Name, func(t *testing.T) {
			t.Parallel()
			l := <-free
			defer func() { free <- l }()
			if c.Stream != nil && l.target.HTTP2 == "" {
				t.Skip("the target has no HTTP/2")
			}
			if m := Play(l.target, l.backend, c).Misses(true); len(m) > 0 {
				t.Error(strings.Join(m, "\n"))
			}
		})
	}
}

type lane struct {
	target  Target
	backend *Backend
}

func chosen(c Case, choices []Choice) bool {
	for _, choice := range choices {
		if !choice(c) {
			return false
		}
	}
	return true
}
