package gateway_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// events is a recorder that is told of configurations.
type events struct {
	mu   sync.Mutex
	seen []pipeline.ConfigEvent
	age  func() pipeline.Freshness
}

func (e *events) For(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary) { return nil }

func (e *events) RecordConfig(c pipeline.ConfigEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, c)
}

func (e *events) Freshness(f func() pipeline.Freshness) { e.age = f }

func (e *events) actions() (all []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.seen {
		all = append(all, c.Action)
	}
	return all
}

// A buffer may be written and read from many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestASilentSourceIsWarnedOfThenRefusedAndServedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source, told, log := &gatewaytest.Source{}, &events{}, &lockedBuffer{}
		g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(source), gateway.Recorders(told),
			gateway.Logger(slog.New(slog.NewTextHandler(log, nil))),
			gateway.WhenStale(gateway.Staleness{WarnAfter: time.Minute, RefuseAfter: 10 * time.Minute}))
		require.NoError(t, err)
		end := running(t, g)
		require.NoError(t, source.Push(registry.Update{Snapshot: snapshot("1", public("one", "/", "b"))}))
		synctest.Wait()

		serves := func(want int, state pipeline.FreshnessState) {
			t.Helper()
			status, _ := get(g, "/")
			require.Equal(t, want, status)
			require.Equal(t, want == http.StatusOK, g.Serving())
			require.Equal(t, state, g.Freshness().State)
			require.Equal(t, state, g.Config().Freshness.State)
		}
		time.Sleep(time.Hour) // virtual
		serves(http.StatusOK, pipeline.Fresh)
		require.Zero(t, told.age().Silence)

		source.Silent(true)
		time.Sleep(59 * time.Second)
		serves(http.StatusOK, pipeline.Fresh)
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		serves(http.StatusOK, pipeline.Stale)
		require.InDelta(t, 60, told.age().Silence, 0.1)
		require.Equal(t, 1, strings.Count(log.String(), "the source is silent; "))
		time.Sleep(4 * time.Minute)
		require.InDelta(t, 5, strings.Count(log.String(), "the source is silent; "), 1, "warned of again each minute")

		time.Sleep(5 * time.Minute)
		synctest.Wait()
		serves(http.StatusServiceUnavailable, pipeline.Refusing)
		require.Equal(t, pipeline.CodeConfigStale, code(t, g, "/"))
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.Equal(t, "staleness", explain(g, "/").Decisions[0].Rule)
		served := strings.Count(log.String(), "is served on")
		time.Sleep(3 * time.Minute)
		require.Equal(t, served, strings.Count(log.String(), "is served on"), "what is refused is not said to be served")
		require.InDelta(t, 4, strings.Count(log.String(), "requests are refused"), 1, "told again each minute")

		source.Silent(false)
		serves(http.StatusOK, pipeline.Fresh) // with the first request
		require.Equal(t, []string{"applied", "stale", "refusing", "fresh"}, told.actions())
		require.NoError(t, end())
	})
}

func TestWithoutAPolicyASilentSourceIsServedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &gatewaytest.Source{}
		g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(source))
		require.NoError(t, err)
		end := running(t, g)
		require.NoError(t, source.Push(registry.Update{Snapshot: snapshot("1", public("one", "/", "b"))}))
		source.Silent(true)
		time.Sleep(100 * time.Hour)
		status, _ := get(g, "/")
		require.Equal(t, http.StatusOK, status)
		require.InDelta(t, 360_000, g.Freshness().Silence, 1)
		require.NoError(t, end())
	})
}

// startedFrom runs a gateway whose source says nothing on a last good file.
func startedFrom(t *testing.T, path string, options ...gateway.Option) (*gateway.Gateway, *gatewaytest.Source, func() error) {
	t.Helper()
	source := &gatewaytest.Source{}
	source.Silent(true)
	g, err := gateway.New(append(options, standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(source), gateway.LastGood(path))...)
	require.NoError(t, err)
	end := running(t, g)
	<-g.Ready()
	synctest.Wait()
	return g, source, end
}

func TestTheLastGoodConfigurationIsAsOldAsItSays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "last-good.json")
	synctest.Test(t, func(t *testing.T) {
		source := &gatewaytest.Source{}
		first, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(source), gateway.LastGood(path))
		require.NoError(t, err)
		end := running(t, first)
		require.NoError(t, source.Push(registry.Update{Snapshot: snapshot("1", public("one", "/", "b"))}))
		taken := first.Freshness().Taken
		time.Sleep(time.Hour) // heard all the time, and nothing changes
		require.NoError(t, end())

		time.Sleep(30 * time.Minute) // nothing runs
		stale := gateway.WhenStale(gateway.Staleness{RefuseAfter: 40 * time.Minute})
		g, _, end := startedFrom(t, path, stale)
		f := g.Freshness()
		require.Equal(t, "last_good", f.Origin)
		require.True(t, f.Taken.Equal(taken), "the configuration is as old as it was")
		require.InDelta(t, (30 * time.Minute).Seconds(), f.Silence, 5, "silence counts from when the first one heard")
		status, _ := get(g, "/")
		require.Equal(t, http.StatusOK, status)
		time.Sleep(11 * time.Minute)
		require.Equal(t, pipeline.CodeConfigStale, code(t, g, "/"))
		require.NoError(t, end())

		g, source, end = startedFrom(t, path, stale)
		require.Equal(t, pipeline.CodeConfigStale, code(t, g, "/"), "a start makes nothing younger")
		require.False(t, g.Serving())
		source.Silent(false)
		require.NoError(t, source.Push(registry.Update{Snapshot: snapshot("2", public("one", "/", "b"))}))
		status, _ = get(g, "/")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "source", g.Freshness().Origin)
		require.NoError(t, end())
	})
}

// TestAFileThatIsFromTheFuture was written while the clock ran a year ahead.
// Each bubble of synctest begins at the same time.
func TestAFileThatIsFromTheFuture(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "last-good.json")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(365 * 24 * time.Hour)
		ahead, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.LastGood(path))
		require.NoError(t, err)
		require.NoError(t, ahead.Apply(t.Context(), registry.Update{Snapshot: snapshot("1", public("one", "/", "b"))}))
		require.NoError(t, ahead.Close())
	})
	synctest.Test(t, func(t *testing.T) {
		g, _, end := startedFrom(t, path, gateway.WhenStale(gateway.Staleness{RefuseAfter: 40 * time.Minute}))
		status, _ := get(g, "/")
		require.Equal(t, http.StatusOK, status)
		time.Sleep(41 * time.Minute)
		require.Equal(t, pipeline.CodeConfigStale, code(t, g, "/"))
		require.NoError(t, end())
	})
}

func TestAGatewayThatWasKilledHasSavedWhenItHeard(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "last-good.json")
	synctest.Test(t, func(t *testing.T) {
		source := &gatewaytest.Source{}
		stale := gateway.WhenStale(gateway.Staleness{RefuseAfter: 4 * time.Minute})
		killed, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(source), gateway.LastGood(path), stale)
		require.NoError(t, err)
		endKilled := running(t, killed)
		require.NoError(t, source.Push(registry.Update{Snapshot: snapshot("1", public("one", "/", "b"))}))
		time.Sleep(time.Hour)
		g, _, end := startedFrom(t, path, stale) // the first one was not asked to save
		require.Less(t, g.Freshness().Silence, 70.0)
		require.NoError(t, end())
		require.NoError(t, endKilled())
	})
}

// mute is a source that cannot tell of its contact.
type mute struct{ registry.Source }

func TestStalenessIsSetSoThatItMeansSomething(t *testing.T) {
	t.Parallel()
	source := &gatewaytest.Source{}
	for name, options := range map[string][]gateway.Option{
		"no source":                   {gateway.WhenStale(gateway.Staleness{WarnAfter: 1})},
		"a source that cannot tell":   {gateway.Source(mute{source}), gateway.WhenStale(gateway.Staleness{RefuseAfter: 1})},
		"one of several cannot tell":  {gateway.Source(registry.Merge(source, mute{source})), gateway.WhenStale(gateway.Staleness{RefuseAfter: 1})},
		"a negative time":             {gateway.Source(source), gateway.WhenStale(gateway.Staleness{RefuseAfter: -1})},
		"a warning after the refusal": {gateway.Source(source), gateway.WhenStale(gateway.Staleness{RefuseAfter: 1, WarnAfter: 2})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gateway.New(options...)
			require.ErrorContains(t, err, "WhenStale")
		})
	}
	_, err := gateway.New(gateway.Source(registry.Merge(source, source)), gateway.WhenStale(gateway.Staleness{RefuseAfter: 1}))
	require.NoError(t, err)
	_, err = gateway.New(gateway.Source(mute{source}))
	require.NoError(t, err, "without a policy any source will do")
}

func TestRecordersAreToldWhatBecomesOfConfigurations(t *testing.T) {
	t.Parallel()
	told := &events{}
	g := newGateway(t, gateway.Recorders(told, panicky{}), gateway.Upstream("b", text("b")), gateway.Logger(slog.New(slog.DiscardHandler)))
	apply(t, g, snapshot("1", public("one", "/", "b")))
	apply(t, g, snapshot("2", public("one", "/", "b")))
	require.Error(t, g.Apply(t.Context(), registry.Update{Snapshot: snapshot("3", public("one", "no-slash", "nowhere"))}))
	require.NoError(t, g.Rollback(context.Background()))
	require.Equal(t, []string{"applied", "applied", "refused", "rolled_back"}, told.actions())
	refused, back := told.seen[2], told.seen[3]
	require.Equal(t, "3", refused.Version)
	require.Equal(t, "2", refused.Before)
	require.NotEmpty(t, refused.Faults)
	require.Equal(t, []string{"1", "2", "rollback", "test"}, []string{back.Version, back.Before, back.Origin, back.Environment})
}

// panicky is a recorder that is told and panics.
type panicky struct{}

func (panicky) For(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary) { return nil }
func (panicky) RecordConfig(pipeline.ConfigEvent)                               { panic("told") }
