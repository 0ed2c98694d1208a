package gateway_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// making returns a kind "hostile" whose constructor is f, and its policy.
func making(f func(env *pipeline.Env) ([]pipeline.Stage, error)) (pipeline.AnyKind, registry.Policy) {
	type none struct{}
	kind := pipeline.NewKind("hostile", func(env *pipeline.Env, _ none) ([]pipeline.Stage, error) { return f(env) })
	return kind, registry.NewPolicy("hostile", none{})
}

// madeOf returns a constructor of one stage.
func madeOf(s pipeline.Stage) func(*pipeline.Env) ([]pipeline.Stage, error) {
	return func(*pipeline.Env) ([]pipeline.Stage, error) { return []pipeline.Stage{s}, nil }
}

func TestWhatFailsWhileARouteIsBuiltRefusesTheSnapshotAndNoMore(t *testing.T) {
	t.Parallel()
	pass := func(next pipeline.Handler) pipeline.Handler { return next }
	for name, test := range map[string]struct {
		make func(*pipeline.Env) ([]pipeline.Stage, error)
		want string
	}{
		"a constructor panics":  {func(*pipeline.Env) ([]pipeline.Stage, error) { panic("no steel") }, "panicked while it was made: no steel"},
		"a stage has no name":   {madeOf(pipeline.Stage{Phase: pipeline.Guard, Wrap: pass}), "without a Name or a Wrap"},
		"a stage wraps nothing": {madeOf(pipeline.Stage{Name: "s", Phase: pipeline.Guard}), "without a Name or a Wrap"},
		"Wrap returns nothing": {madeOf(pipeline.Stage{Name: "s", Wrap: func(pipeline.Handler) pipeline.Handler { return nil }}),
			`Wrap of stage "s" returned no handler`},
		"Wrap panics":  {madeOf(pipeline.Stage{Name: "s", Wrap: func(pipeline.Handler) pipeline.Handler { panic("no wrap") }}), "no wrap"},
		"Inner panics": {madeOf(pipeline.Stage{Name: "s", Wrap: pass, Inner: func([]pipeline.Stage) error { panic("no inner") }}), "no inner"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, policy := making(test.make)
			g := newGateway(t, gateway.Kinds(kind), gateway.Upstream("b", text("b")), gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
			err := g.Apply(t.Context(), registry.Update{Snapshot: snapshot("2", public("one", "/one", "b", policy))})
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, `route "one"`)
			edge := snapshot("3", public("one", "/one", "b"))
			edge.Edge = []registry.Policy{policy}
			require.ErrorContains(t, g.Apply(t.Context(), registry.Update{Snapshot: edge}), test.want, "around the router too")
			status, _ := get(g, "/one")
			require.Equal(t, http.StatusOK, status, "what serves goes on")
		})
	}
}

// recording is a Recorder of one function.
type recording func(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary)

func (f recording) For(r *registry.Route) func(*pipeline.Exchange, *pipeline.Summary) { return f(r) }

func TestARecorderThatFailsEndsNothingThatServes(t *testing.T) {
	t.Parallel()
	rec := recording(func(r *registry.Route) func(*pipeline.Exchange, *pipeline.Summary) {
		switch {
		case r != nil && r.Name == "for":
			panic("no encoder")
		case r != nil && r.Name == "none":
			return nil
		}
		return func(*pipeline.Exchange, *pipeline.Summary) { panic("no record") }
	})
	g := newGateway(t, gateway.Recorders(rec), gateway.Upstream("b", text("b")),
		gateway.Snapshot(snapshot("1", public("one", "/one", "b"), public("none", "/none", "b"))))
	err := g.Apply(context.Background(), registry.Update{Snapshot: snapshot("2", public("for", "/one", "b"))})
	require.ErrorContains(t, err, "no encoder")
	for _, path := range []string{"/one", "/none"} {
		status, _ := get(g, path)
		require.Equal(t, http.StatusOK, status, path)
	}
}

func TestATaskThatNeverEndsHoldsUpNeitherCloseNorOtherRoutes(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	defer close(free)
	kind, stuck := making(func(env *pipeline.Env) ([]pipeline.Stage, error) {
		env.Go(func(context.Context) { <-free })
		return nil, nil
	})
	type none struct{}
	balancer := pipeline.NewKind("stuck", func(env *pipeline.Env, _ none) (upstream.Balancer, error) {
		env.Go(func(context.Context) { <-free })
		return last{}, nil
	})
	first := snapshot("1", public("one", "/one", "b", stuck), public("events", "/events", "b"))
	policy := registry.NewPolicy("stuck", none{})
	first.Upstreams = []registry.Upstream{{Name: "u", Balancer: &policy, Endpoints: []registry.Endpoint{{URL: "http://127.0.0.1:1"}}}}
	g := newGateway(t, gateway.Kinds(kind, balancer), gateway.Upstream("b", streaming(nil)),
		gateway.Draining(gateway.Drain{Delay: time.Millisecond, Deadline: 50 * time.Millisecond}), gateway.Snapshot(first))
	streamed := make(chan struct{})
	go func() { defer close(streamed); get(g, "/events") }()
	require.Eventually(t, func() bool { return g.Routes()[1].InFlight == 1 }, 5*time.Second, time.Millisecond)

	next := snapshot("2", public("two", "/two", "b"))
	next.Upstreams = first.Upstreams
	apply(t, g, next)
	<-streamed
	require.NoError(t, g.Close())
}

func TestNothingIsRefusedWhereSomethingIsWanted(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]gateway.Option{
		"a nil option":          nil,
		"a nil option of many":  gateway.Options(gateway.History(2), nil),
		"a nil kind":            gateway.Kinds(nil),
		"a nil recorder":        gateway.Recorders(nil),
		"a stage without parts": gateway.Stages(pipeline.Stage{}),
		"a nil upstream":        gateway.Upstream("b", nil),
	} {
		_, err := gateway.New(option)
		require.Error(t, err, name)
	}
	g := newGateway(t)
	require.Error(t, g.Check(t.Context(), nil))
	require.NoError(t, g.Apply(t.Context(), registry.Update{}), "an update of nothing changes nothing")
}

func TestALastGoodFileThatHoldsNothingStartsNothing(t *testing.T) {
	t.Parallel()
	away := sourceFunc(func(context.Context, func(registry.Update) error) error { return errors.New("registry is away") })
	for _, content := range []string{`{}`, `null`, `{"directory":[]}`} {
		path := filepath.Join(t.TempDir(), "last-good.json")
		sum := sha256.Sum256([]byte(content))
		file := fmt.Sprintf(`{"format":"gateway-last-good/2","sha256":"%x","content":%s}`, sum, content)
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
		g, err := gateway.New(gateway.LastGood(path), gateway.Source(away))
		require.NoError(t, err)
		require.ErrorIs(t, g.Run(t.Context()), gateway.ErrLastGood, content)
	}
	g, err := gateway.New(gateway.LastGood(t.TempDir()), gateway.Source(away))
	require.NoError(t, err)
	require.ErrorIs(t, g.Run(t.Context()), gateway.ErrLastGood, "a folder")
}

func TestASourceThatPanicsOrNeverEndsEndsNothing(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	defer close(free)
	for name, after := range map[string]func(){
		"panics":     func() { panic("no registry") },
		"never ends": func() { <-free },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := sourceFunc(func(_ context.Context, apply func(registry.Update) error) error {
				defer after()
				return apply(registry.Update{Snapshot: snapshot("1", public("one", "/one", "b"))})
			})
			g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(source),
				gateway.Recorders(endless{after}), gateway.Draining(gateway.Drain{Deadline: 20 * time.Millisecond}))
			require.NoError(t, err)
			end := running(t, g)
			<-g.Ready()
			status, _ := get(g, "/one")
			require.Equal(t, http.StatusOK, status)
			require.NoError(t, end())
		})
	}
	panics := sourceFunc(func(context.Context, func(registry.Update) error) error { panic("no registry") })
	g, err := gateway.New(gateway.Source(panics))
	require.NoError(t, err)
	require.ErrorContains(t, g.Run(t.Context()), "no registry")
}

// endless is a Recorder whose Run does not end in order.
type endless struct {
	run func()
}

func (endless) For(*registry.Route) func(*pipeline.Exchange, *pipeline.Summary) { return nil }

func (e endless) Run(context.Context) error { e.run(); return nil }
