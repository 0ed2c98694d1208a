package gatewaytest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// TestSource holds a source to the contract of registry.Source. make returns a
// source and a function that gives it something to deliver: a snapshot of this
// version. It runs in real time. A source that is a registry.Contacted is held
// to that as well.
func TestSource(t *testing.T, make func(testing.TB) (source registry.Source, change func(version string))) {
	t.Helper()
	runChecks(t, sourceChecks(), sourceSubject(make))
}

type sourceSubject func(testing.TB) (registry.Source, func(version string))

func sourceChecks() []check[sourceSubject] {
	return []check[sourceSubject]{
		{"what changes is delivered", sourceDelivers},
		{"a refusal is not the end", sourceSurvivesRefusal},
		{"when the context ends, Watch returns nil", sourceEnds},
		{"after Watch has returned, nothing is delivered", sourceIsSilent},
		{"apply is called from one goroutine at a time", sourceIsSerial},
		{"contact goes on where nothing changes", sourceIsInContact},
	}
}

// watched is a source under watch.
type watched struct {
	change   func(version string)
	versions chan string
	end      context.CancelFunc
	ended    chan error
	over     atomic.Bool // Watch has returned
	late     atomic.Bool // something came after that
}

func watch(t testing.TB, make sourceSubject, apply func(version string) error) *watched {
	t.Helper()
	source, change := make(t)
	return watchThis(t, source, change, apply)
}

func watchThis(t testing.TB, source registry.Source, change func(string), apply func(version string) error) *watched {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := newWatched(change, cancel)
	go func() {
		err := source.Watch(ctx, func(u registry.Update) error {
			if w.over.Load() {
				w.late.Store(true)
			}
			if u.Snapshot == nil {
				return nil
			}
			err := apply(u.Snapshot.Version)
			w.versions <- u.Snapshot.Version
			return err
		})
		w.over.Store(true)
		w.ended <- err
	}()
	t.Cleanup(cancel)
	return w
}

func newWatched(change func(string), cancel context.CancelFunc) *watched {
	return &watched{change: change, versions: make(chan string, 1000), end: cancel, ended: make(chan error, 1)}
}

// deliver has the source deliver the versions, and waits for the last one: a
// source may pass over what is out of date already.
func (w *watched) deliver(t testing.TB, versions ...string) {
	t.Helper()
	version := versions[len(versions)-1]
	go func() {
		for _, v := range versions {
			w.change(v)
		}
	}()
	timer := watchdog(t)
	defer timer.Stop()
	for {
		select {
		case got := <-w.versions:
			if got == version {
				return
			}
		case err := <-w.ended:
			t.Fatalf("Watch returned before %q came: %v", version, err)
		case <-timer.C:
			t.Fatalf("%q was not delivered", version)
		}
	}
}

func accept(string) error { return nil }

func sourceDelivers(t testing.TB, make sourceSubject) {
	t.Helper()
	w := watch(t, make, accept)
	for _, version := range []string{"v1", "v2", "v3"} {
		w.deliver(t, version)
	}
}

func sourceSurvivesRefusal(t testing.TB, make sourceSubject) {
	t.Helper()
	w := watch(t, make, func(version string) error {
		if version == "bad" {
			return errors.New("conformance: refused")
		}
		return nil
	})
	w.deliver(t, "v1")
	w.deliver(t, "bad")
	w.deliver(t, "v2")
}

func sourceEnds(t testing.TB, make sourceSubject) {
	t.Helper()
	w := watch(t, make, accept)
	w.deliver(t, "v1")
	w.end()
	timer := watchdog(t)
	defer timer.Stop()
	select {
	case err := <-w.ended:
		if err != nil {
			t.Errorf("Watch returned %v", err)
		}
	case <-timer.C:
		t.Fatal("Watch did not return when its context ended")
	}
}

func sourceIsSilent(t testing.TB, make sourceSubject) {
	t.Helper()
	w := watch(t, make, accept)
	w.deliver(t, "v1")
	w.end()
	if !came(patience(t), w.ended) {
		t.Fatal("Watch did not return when its context ended")
	}
	within(patience(t)/20, func() { w.change("late") }) // it may wait for who watches
	came(patience(t)/20, w.versions)
	if w.late.Load() {
		t.Error("something was delivered after Watch had returned")
	}
}

func sourceIsSerial(t testing.TB, make sourceSubject) {
	t.Helper()
	var inside atomic.Int32
	w := watch(t, make, func(string) error {
		if inside.Add(1) > 1 {
			t.Error("apply was called while it ran")
		}
		defer inside.Add(-1)
		came(min(patience(t)/50, 50*time.Millisecond), (chan struct{})(nil))
		return nil
	})
	w.deliver(t, "v1", "v2", "v3")
	w.end()
	if !came(patience(t), w.ended) {
		t.Fatal("Watch did not return when its context ended")
	}
}

// sourceIsInContact holds a source that tells of its contact to doing so though
// it delivers nothing, and to claiming none before it is watched.
func sourceIsInContact(t testing.TB, make sourceSubject) {
	t.Helper()
	source, change := make(t)
	c, ok := source.(registry.Contacted)
	if !ok {
		return
	}
	if at := c.Contact(); !at.IsZero() {
		t.Errorf("it was in contact at %v, and nobody has watched it", at)
	}
	w := watchThis(t, source, change, accept)
	w.deliver(t, "v1")
	from := time.Now()
	for began := from; !c.Contact().After(from); {
		if time.Since(began) > patience(t) {
			t.Fatalf("in contact last at %v, before nothing changed any more", c.Contact())
		}
		came(patience(t)/1000, (chan struct{})(nil))
	}
	if at := c.Contact(); time.Until(at) > time.Second {
		t.Errorf("in contact at %v, which is to come", at)
	}
}
