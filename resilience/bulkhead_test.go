package resilience_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func bulkhead(t testing.TB, c resilience.BulkheadConfig) (*resilience.Bulkhead, pipeline.Stage) {
	t.Helper()
	b, err := resilience.NewBulkhead("api users", c)
	require.NoError(t, err)
	return b, b.Stage("bulkhead")
}

// A guest is an exchange under way in a bulkhead.
type guest struct {
	x    *pipeline.Exchange
	resp *http.Response
	err  error
	done chan struct{}
}

// come sends an exchange in, on a goroutine of its own.
func come(ctx context.Context, x *pipeline.Exchange, stage pipeline.Stage) *guest {
	g := &guest{x: x, done: make(chan struct{})}
	serve := pipeline.Chain(status(200), stage)
	go func() {
		defer close(g.done)
		g.resp, g.err = serve(ctx, x)
	}()
	synctest.Wait()
	return g
}

func (g *guest) leave(t testing.TB) {
	t.Helper()
	require.NoError(t, g.x.Finish(&pipeline.Summary{}))
	synctest.Wait()
}

func (g *guest) inside() bool {
	select {
	case <-g.done:
		return g.err == nil
	default:
		return false
	}
}

func TestAFullBulkheadRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1})
		first := come(t.Context(), request("GET", ""), stage)
		require.True(t, first.inside())
		begun := time.Now()
		r := gatewaytest.Run(t, stage, gatewaytest.NewExchange("GET", "/"))
		require.Equal(t, begun, time.Now())
		require.Zero(t, r.Calls)
		require.Equal(t, 503, r.Status)
		require.Equal(t, "1", r.Header.Get("Retry-After"))
		require.True(t, r.Denied(resilience.CodeBulkheadFull))
		require.Len(t, r.Decisions, 1)
		var u *pipeline.UpstreamError
		require.ErrorAs(t, r.Err, &u)
		require.Equal(t, pipeline.UpstreamOverloaded, u.Kind)
		require.False(t, u.Sent)
		require.Equal(t, 1, b.InFlight())
		require.Equal(t, uint64(1), b.Refused())

		first.leave(t)
		require.Zero(t, b.InFlight())
		require.Equal(t, 1, gatewaytest.Run(t, stage, gatewaytest.NewExchange("GET", "/")).Calls)
		require.Zero(t, b.InFlight())
	})
}

func TestAPlaceIsHeldToTheEnd(t *testing.T) {
	t.Parallel()
	for _, code := range []int{101, 200, 204, 503} {
		b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1})
		x := request("GET", "")
		resp, err := pipeline.Chain(status(code), stage)(t.Context(), x)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 1, b.InFlight(), code)
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Zero(t, b.InFlight(), code)
	}
}

func TestAPlaceIsGivenBackWhereThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1})
	_, err := pipeline.Chain(failing(errSent), stage)(t.Context(), request("GET", ""))
	require.ErrorIs(t, err, errSent)
	require.Zero(t, b.InFlight())
	require.Panics(t, func() {
		_, _ = pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("inside") }, stage)(
			t.Context(), request("GET", ""))
	})
	require.Zero(t, b.InFlight())
}

func TestAForkHasAPlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 2})
	serve := pipeline.Chain(status(200), stage)
	x := request("GET", "")
	lost, won := x.Fork(), x.Fork()
	for _, f := range []*pipeline.Exchange{lost, won} {
		_, err := serve(t.Context(), f)
		require.NoError(t, err)
	}
	require.Equal(t, 2, b.InFlight())
	require.NoError(t, lost.Done())
	require.Equal(t, 1, b.InFlight())
	x.Adopt(won)
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.Zero(t, b.InFlight())
}

func TestWhoWaitsIsServedInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1, MaxWaiting: 2, MaxWait: registry.Duration(time.Second)})
		guests := make([]*guest, 4)
		for i := range guests {
			guests[i] = come(t.Context(), request("GET", ""), stage)
		}
		require.Equal(t, 2, b.Waiting())
		<-guests[3].done
		require.Error(t, guests[3].err, "two may wait, not three")
		for i := range 3 {
			require.True(t, guests[i].inside())
			require.False(t, i < 2 && guests[i+1].inside())
			guests[i].leave(t)
		}
		require.Zero(t, b.InFlight())
	})
}

func TestTheWaitEnds(t *testing.T) {
	t.Parallel()
	const wait = time.Second
	for _, c := range []struct {
		name     string
		deadline time.Duration // 0 is none
		leave    time.Duration // of the client
		config   registry.Duration
		want     time.Duration
		code     string
	}{
		{"after its time", 0, 0, registry.Duration(wait), wait, resilience.CodeBulkheadFull},
		{"after a time that is not written down", 0, 0, 0, 100 * time.Millisecond, resilience.CodeBulkheadFull},
		{"at the deadline", 300 * time.Millisecond, 0, registry.Duration(wait), 300 * time.Millisecond, resilience.CodeBulkheadFull},
		{"before a deadline of later", time.Minute, 0, registry.Duration(wait), wait, resilience.CodeBulkheadFull},
		{"with the client", 0, 200 * time.Millisecond, registry.Duration(wait), 200 * time.Millisecond, pipeline.CodeClientGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1, MaxWaiting: 1, MaxWait: c.config})
				come(t.Context(), request("GET", ""), stage)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				x := request("GET", "")
				if c.deadline > 0 {
					x.Deadline = time.Now().Add(c.deadline)
				}
				if c.leave > 0 {
					time.AfterFunc(c.leave, leave)
				}
				begun := time.Now()
				_, err := pipeline.Chain(status(200), stage)(ctx, x)
				_, code := gatewaytest.Outcome(err)
				require.Equal(t, c.code, code)
				require.Equal(t, c.want, time.Since(begun))
				require.Zero(t, b.Waiting())
			})
		})
	}
}

func TestAnExchangeKeepsItsPlaceFromTryToTry(t *testing.T) {
	t.Parallel()
	b, stage := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1})
	retry, err := resilience.NewRetry(resilience.RetryConfig{Attempts: 3, Backoff: resilience.Backoff{Base: 1, Max: 1}})
	require.NoError(t, err)
	r := gatewaytest.RunChain(t, append(retry, stage), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(503)))
	require.Equal(t, 3, r.Calls)
	require.Zero(t, b.Refused())
	require.Zero(t, b.InFlight())
}

func TestWhichRoutesShareABulkhead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		config string
		route  registry.Route
		shared bool
	}{
		{"of the same API", `{"max_concurrent":1}`, registry.Route{Name: "b", API: "users/v1"}, true},
		{"of another API", `{"max_concurrent":1}`, registry.Route{Name: "a", API: "users/v2"}, false},
		{"with other settings", `{"max_concurrent":2}`, registry.Route{Name: "a", API: "users/v1"}, false},
		{"of no API", `{"max_concurrent":1}`, registry.Route{Name: "a"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			a, end := h.build(resilience.BulkheadKind(), `{"max_concurrent":1}`, registry.Route{Name: "a", API: "users/v1"})
			defer end()
			b, end := h.build(resilience.BulkheadKind(), c.config, c.route)
			defer end()
			x := request("GET", "")
			_, err := pipeline.Chain(status(200), a)(t.Context(), x)
			require.NoError(t, err)
			r := gatewaytest.Run(t, b, gatewaytest.NewExchange("GET", "/"))
			require.Equal(t, c.shared, r.Denied(resilience.CodeBulkheadFull))
			require.NoError(t, x.Finish(&pipeline.Summary{}))
		})
	}
}

func TestEveryFaultOfBulkheadIsReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config string
		fields       []string
	}{
		{"no bound", `{}`, []string{"/max_concurrent"}},
		{"what is out of bounds", `{"max_concurrent":1000001,"max_waiting":-1,"max_wait":"2m","scope":"gateway"}`,
			[]string{"/max_concurrent", "/max_waiting", "/max_wait", "/scope"}},
		{"a wait of nobody", `{"max_concurrent":1,"max_wait":"1s"}`, []string{"/max_wait"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, f := range registry.AsFaults(registry.Decode([]byte(c.config), &resilience.BulkheadConfig{})) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, c.fields, fields)
		})
	}
	_, err := resilience.NewBulkhead("x", resilience.BulkheadConfig{})
	require.Error(t, err)
}

func BenchmarkBulkheadWithRoom(b *testing.B) {
	room, stage := bulkhead(b, resilience.BulkheadConfig{MaxConcurrent: 10})
	x := request("GET", "")
	serve := pipeline.Chain(always(x, http.NoBody), stage)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: x.In}
		_, _ = serve(ctx, x)
		room.End(x)
	}
}
