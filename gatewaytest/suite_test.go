package gatewaytest

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// double is a testing.TB that notes whether it failed, and fails nobody else.
type double struct {
	*scopedTB
	mu      sync.Mutex
	failed  bool
	skipped bool
	log     bytes.Buffer
}

func (d *double) note(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *double) Helper()                         {}
func (d *double) Log(args ...any)                 { d.note(func() { fmt.Fprintln(&d.log, args...) }) }
func (d *double) Logf(format string, args ...any) { d.Log(fmt.Sprintf(format, args...)) }
func (d *double) Fail()                           { d.note(func() { d.failed = true }) }
func (d *double) FailNow()                        { d.Fail(); runtime.Goexit() }
func (d *double) Error(args ...any)               { d.Log(args...); d.Fail() }
func (d *double) Errorf(format string, a ...any)  { d.Logf(format, a...); d.Fail() }
func (d *double) Fatal(args ...any)               { d.Log(args...); d.FailNow() }
func (d *double) Fatalf(format string, a ...any)  { d.Logf(format, a...); d.FailNow() }
func (d *double) SkipNow()                        { d.note(func() { d.skipped = true }); runtime.Goexit() }
func (d *double) Skip(args ...any)                { d.Log(args...); d.SkipNow() }
func (d *double) Skipf(format string, a ...any)   { d.Logf(format, a...); d.SkipNow() }
func (d *double) Failed() bool                    { d.mu.Lock(); defer d.mu.Unlock(); return d.failed }

// Patience is short: what is broken is so after any time.
func (d *double) Patience() time.Duration { return 100 * time.Millisecond }

// judge runs one check against a subject and returns how it went.
func judge[S any](t testing.TB, c check[S], subject S) *double {
	t.Helper()
	d := &double{scopedTB: &scopedTB{TB: t}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer d.end()
		c.run(d, subject)
	}()
	<-done
	return d
}

// bites holds a suite to refuse a broken subject in the named checks.
func bites[S any](t *testing.T, checks []check[S], subject S, names ...string) {
	t.Helper()
	for _, name := range names {
		i := slices.IndexFunc(checks, func(c check[S]) bool { return c.name == name })
		require.GreaterOrEqual(t, i, 0, "there is no check %q", name)
		require.True(t, judge(t, checks[i], subject).Failed(), "%q lets it pass", name)
	}
}
