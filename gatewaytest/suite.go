package gatewaytest

import (
	"testing"
	"time"
)

// A check holds one implementation to one sentence of a contract. It takes a
// testing.TB, so that the suites themselves can be tested.
type check[S any] struct {
	name string
	run  func(t testing.TB, subject S)
}

// runChecks runs each check as a test of its own.
func runChecks[S any](t *testing.T, checks []check[S], subject S) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(t, subject) })
	}
}

// patience is how long a check waits for what must happen at once, before it
// says that it did not: far longer than a loaded machine needs, unless t says
// how long itself.
func patience(t testing.TB) time.Duration {
	if own, ok := t.(interface{ Patience() time.Duration }); ok {
		return own.Patience()
	}
	return 10 * time.Second
}

// within runs f on a goroutine of its own and reports whether it came back in
// time. A panic of f is handed to the caller.
func within(d time.Duration, f func()) bool {
	var panicked any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		f()
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		if panicked != nil {
			panic(panicked)
		}
		return true
	case <-timer.C:
		return false
	}
}

// came reports whether something came from the channel, or it was closed, in
// time.
func came[T any](d time.Duration, c <-chan T) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}
