package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A feed delivers what is sent to it, and answers with the refusal.
type feed struct {
	updates  chan registry.Update
	refusals chan error
}

func newFeed() *feed {
	return &feed{make(chan registry.Update), make(chan error)}
}

func (f *feed) Watch(ctx context.Context, apply func(registry.Update) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case u := <-f.updates:
			f.refusals <- apply(u)
		}
	}
}

func (f *feed) send(u registry.Update) error {
	f.updates <- u
	return <-f.refusals
}

func (f *feed) snapshot(s *registry.Snapshot) error { return f.send(registry.Update{Snapshot: s}) }

// merging runs two feeds merged into a sink that validates.
func merging(t *testing.T, test func(a, b *feed, applied func() []string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := newFeed(), newFeed()
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- registry.Merge(a, b).Watch(ctx, func(u registry.Update) error {
				if u.Snapshot != nil {
					if err := registry.Validate(u.Snapshot); err != nil {
						return err
					}
				}
				got = append(got, describe(u))
				return nil
			})
		}()
		test(a, b, func() []string {
			synctest.Wait()
			now := got
			got = nil
			return now
		})
		cancel()
		require.NoError(t, <-done)
	})
}

func describe(u registry.Update) string {
	var b strings.Builder
	if s := u.Snapshot; s != nil {
		b.WriteString(s.Version + ":")
		for _, r := range s.Routes {
			b.WriteString(" " + r.Name)
		}
		for _, up := range s.Upstreams {
			b.WriteString(" " + up.Name)
		}
	}
	fmt.Fprintf(&b, " +%d", len(u.Directory))
	return b.String()
}

func routes(version, name, to string) *registry.Snapshot {
	return &registry.Snapshot{Version: version, Routes: []registry.Route{{Name: name, Match: registry.Match{Path: "/"}, Upstream: to}}}
}

func upstreams(version string, names ...string) *registry.Snapshot {
	s := &registry.Snapshot{Version: version}
	for _, n := range names {
		s.Upstreams = append(s.Upstreams, upstream(n))
	}
	return s
}

func changes(n int) []registry.Change { return make([]registry.Change, n) }

func TestMergeServesNothingInPart(t *testing.T) {
	t.Parallel()
	merging(t, func(a, b *feed, applied func() []string) {
		require.NoError(t, a.send(registry.Update{Snapshot: routes("1", "r", "u"), Directory: changes(2)}))
		require.Empty(t, applied())
		require.NoError(t, b.snapshot(upstreams("2", "u")))
		require.Equal(t, []string{"1+2: r u +2"}, applied())
	})
}

func TestMergeTakesASourceThatHasNoSnapshot(t *testing.T) {
	t.Parallel()
	merging(t, func(a, b *feed, applied func() []string) {
		require.NoError(t, a.snapshot(upstreams("1", "u")))
		require.NoError(t, b.send(registry.Update{Directory: changes(3)}))
		require.Equal(t, []string{"1: u +3"}, applied())
		require.NoError(t, b.send(registry.Update{Directory: changes(1)}))
		require.Equal(t, []string{" +1"}, applied())
	})
}

func TestMergeRefusesANameOfAnotherSourceToWhoBringsIt(t *testing.T) {
	t.Parallel()
	merging(t, func(a, b *feed, applied func() []string) {
		require.NoError(t, a.snapshot(upstreams("1", "u")))
		require.NoError(t, b.snapshot(upstreams("2", "v")))
		require.Len(t, applied(), 1)
		require.ErrorContains(t, b.snapshot(upstreams("3", "v", "u")), `upstream "u" is given twice`)
		require.Empty(t, applied())
		require.NoError(t, a.snapshot(upstreams("4", "u", "w")), "what another source got wrong is not this one's fault")
		require.Equal(t, []string{"4+2: u w v +0"}, applied())
	})
}

func TestMergeTriesAgainWhatAnotherSourceMakesWhole(t *testing.T) {
	t.Parallel()
	merging(t, func(a, b *feed, applied func() []string) {
		require.NoError(t, a.snapshot(routes("1", "r", "u")))
		require.NoError(t, b.snapshot(upstreams("2", "u")))
		require.Len(t, applied(), 1)
		require.ErrorContains(t, a.send(registry.Update{Snapshot: routes("3", "r", "new"), Directory: changes(1)}), "unknown upstream")
		require.NoError(t, b.snapshot(upstreams("4", "new")))
		require.Equal(t, []string{"3+4: r new +1"}, applied())
	})
}

func TestMergeRefusesEnvironmentsThatDiffer(t *testing.T) {
	t.Parallel()
	merging(t, func(a, b *feed, applied func() []string) {
		require.NoError(t, a.snapshot(&registry.Snapshot{Environment: "test"}))
		require.ErrorContains(t, b.snapshot(&registry.Snapshot{Environment: "production"}), `one source states "test", another "production"`)
		require.Empty(t, applied())
		require.NoError(t, b.snapshot(&registry.Snapshot{Version: "2", Environment: "test"}))
		require.Len(t, applied(), 1)
	})
}

type failing struct{}

func (failing) Watch(context.Context, func(registry.Update) error) error {
	return errors.New("the tree is gone")
}

func TestMergeEndsWhenASourceFails(t *testing.T) {
	t.Parallel()
	err := registry.Merge(newFeed(), failing{}).Watch(t.Context(), func(registry.Update) error { return nil })
	require.EqualError(t, err, "the tree is gone")
}

func ExampleMerge() {
	fixed := func(s *registry.Snapshot) registry.Source { return constant{s} }
	source := registry.Merge(
		fixed(&registry.Snapshot{Version: "routes-1", Routes: []registry.Route{{Name: "get-user"}}}),
		fixed(&registry.Snapshot{Version: "backends-7", Upstreams: []registry.Upstream{{Name: "users"}}}),
	)
	err := source.Watch(context.Background(), func(u registry.Update) error {
		fmt.Println(len(u.Snapshot.Routes), len(u.Snapshot.Upstreams), u.Snapshot.Version)
		return nil
	})
	fmt.Println(err)
	// Output:
	// 1 1 routes-1+backends-7
	// <nil>
}

// constant delivers one snapshot.
type constant struct{ *registry.Snapshot }

func (c constant) Watch(_ context.Context, apply func(registry.Update) error) error {
	return apply(registry.Update{Snapshot: c.Snapshot})
}

// panicking is a source that is broken.
type panicking struct{}

func (panicking) Watch(context.Context, func(registry.Update) error) error { panic("no registry") }

func TestASourceThatPanicsEndsTheWatchOfAllAndNoMore(t *testing.T) {
	t.Parallel()
	err := registry.Merge(newFeed(), panicking{}).Watch(t.Context(), func(registry.Update) error { return nil })
	require.ErrorContains(t, err, "no registry")
}
