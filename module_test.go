package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// stamp returns a stage that sets a field of every answer.
func stamp(name string, phase pipeline.Phase) pipeline.Stage {
	return pipeline.Stage{Name: name, Phase: phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.SetReply("X-"+name, "yes")
			return next(ctx, x)
		}
	}}
}

func TestBothWaysOfBuildingMakeTheSameChains(t *testing.T) {
	t.Parallel()
	c := newCounting()
	options := []gateway.Option{
		standardKinds(), gateway.Upstream("b", text("b")),
		gateway.Snapshot(snapshot("1", public("one", "/one/{id}", "b", c.policy("x")), public("two", "/two", "b"))),
	}
	plain := newGateway(t, gateway.Upstream("b", text("b")), gateway.Kinds(c.kind()),
		gateway.Stages(stamp("zeta", pipeline.Observe), stamp("alpha", pipeline.Observe), stamp("late", pipeline.Protect)),
		gateway.Snapshot(snapshot("1", public("one", "/one/{id}", "b", c.policy("x")), public("two", "/two", "b"))))

	var built *gateway.Gateway
	app := fx.New(fx.NopLogger,
		gateway.Module(options...),
		gateway.Provide(
			func() pipeline.Stage { return stamp("late", pipeline.Protect) },
			func() (pipeline.Stage, error) { return stamp("zeta", pipeline.Observe), nil },
			func() pipeline.AnyKind { return c.kind() },
			func() gateway.Option { return gateway.Stages(stamp("alpha", pipeline.Observe)) },
		),
		fx.Populate(&built),
	)
	require.NoError(t, app.Start(t.Context()))
	require.Equal(t, chains(plain), chains(built))
	require.Equal(t, []string{"alpha", "zeta", "options", "counting", "public", "late"}, chains(built)["one"])
	status, body := get(built, "/two")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "b", body)
	require.NoError(t, app.Stop(t.Context()))
	require.False(t, built.Serving())
}

func chains(g *gateway.Gateway) map[string][]string {
	all := map[string][]string{}
	for _, r := range g.Routes() {
		for _, s := range r.Stages {
			all[r.Name] = append(all[r.Name], s.Name)
		}
	}
	return all
}

func TestWhatBelongsNowhereIsRefused(t *testing.T) {
	t.Parallel()
	base := gateway.Module(standardKinds(), gateway.Upstream("b", text("b")), gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	for name, c := range map[string]struct {
		option fx.Option
		want   string
	}{
		"a constructor of something else": {gateway.Provide(func() int { return 1 }), "int belongs nowhere in a gateway"},
		"no constructor at all":           {gateway.Provide(stamp("x", pipeline.Observe)), "want a constructor"},
		"a stage given to fx itself": {
			fx.Provide(func() pipeline.Stage { return stamp("x", pipeline.Observe) }), "use gateway.Provide",
		},
		"two stages of one name": {
			gateway.Provide(func() pipeline.Stage { return stamp("x", pipeline.Observe) }, func() pipeline.Stage { return stamp("x", pipeline.Guard) }),
			`stage "x" is given twice`,
		},
		"a constructor that fails": {
			gateway.Provide(func() (gateway.Option, error) { return nil, errors.New("no such thing") }), "no such thing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, fx.New(fx.NopLogger, base, c.option).Err(), c.want)
		})
	}
}

func TestTwoGatewaysInOneApplication(t *testing.T) {
	t.Parallel()
	var both struct {
		fx.In
		First  *gateway.Gateway
		Second *gateway.Gateway `name:"second"`
	}
	app := fx.New(fx.NopLogger,
		gateway.Module(standardKinds(), gateway.Upstream("b", text("first")), gateway.Snapshot(snapshot("1", public("one", "/one", "b")))),
		gateway.Named("second", standardKinds(), gateway.Upstream("b", text("second")), gateway.Snapshot(snapshot("1", public("one", "/one", "b")))),
		gateway.ProvideTo("second", func() pipeline.Stage { return stamp("Only", pipeline.Observe) }),
		fx.Invoke(func(first *gateway.Gateway) { both.First = first }),
		fx.Invoke(fx.Annotate(func(second *gateway.Gateway) { both.Second = second }, fx.ParamTags(`name:"second"`))),
	)
	require.NoError(t, app.Start(t.Context()))
	_, one := get(both.First, "/one")
	_, two := get(both.Second, "/one")
	require.Equal(t, []string{"first", "second"}, []string{one, two})
	require.NotContains(t, chains(both.First)["one"], "Only")
	require.Contains(t, chains(both.Second)["one"], "Only")
	require.NoError(t, app.Stop(t.Context()))
}

func TestAnFxStartReportsTheFirstRefusal(t *testing.T) {
	t.Parallel()
	source := make(updates)
	app := fx.New(fx.NopLogger, gateway.Module(standardKinds(), gateway.Source(source)))
	started := make(chan error, 1)
	go func() { started <- app.Start(context.Background()) }()
	require.Error(t, source.send(snapshot("1", public("one", "/one", "nowhere"))))
	select {
	case err := <-started:
		require.ErrorContains(t, err, `route "one"`)
	case <-time.After(10 * time.Second):
		t.Fatal("Start did not return")
	}
}

func TestOptionsAreRefusedWhereTheyAreGivenTwice(t *testing.T) {
	t.Parallel()
	_, err := gateway.New(gateway.LastGood("a"), gateway.LastGood("b"), gateway.History(1), gateway.Upstream("x", nil))
	require.ErrorContains(t, err, "option LastGood is given twice")
	require.ErrorContains(t, err, "History wants 2")
	require.ErrorContains(t, err, `upstream "x"`)
	_, err = gateway.New(gateway.Kinds(newCounting().kind(), newCounting().kind()))
	require.ErrorContains(t, err, `kind "counting"`)
}

func TestExplainTellsHowOneExchangeWasDecided(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gateway.Upstream("b", text("b")), gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	e := explain(g, "/one")
	require.Equal(t, "1", e.Version)
	require.Equal(t, "one", e.Route)
	require.Equal(t, 200, e.Status)
	require.Equal(t, "public", e.Decisions[0].Stage)
	require.Len(t, e.Attempts, 1)
	e = explain(g, "/nothing")
	require.Equal(t, 404, e.Status)
	require.Equal(t, "route_unknown", e.Code)
	require.Empty(t, e.Route)
}
