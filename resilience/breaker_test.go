package resilience_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

// A guarded is a breaker around a backend that answers as told.
type guarded struct {
	t       testing.TB
	breaker *resilience.Breaker
	came    atomic.Int64 // what reached the backend
}

func guard(t testing.TB, c resilience.BreakerConfig, options ...resilience.BreakerOption) *guarded {
	t.Helper()
	b, err := resilience.NewBreaker("upstream users", c, options...)
	require.NoError(t, err)
	return &guarded{t: t, breaker: b}
}

func (g *guarded) call(next pipeline.Handler) gatewaytest.Result {
	g.t.Helper()
	r := gatewaytest.Run(g.t, g.breaker.Stage("breaker"), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(next))
	g.came.Add(int64(r.Calls))
	return r
}

func (g *guarded) calls(n int, next pipeline.Handler) {
	g.t.Helper()
	for range n {
		g.call(next)
	}
}

func status(code int) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, code, "text/plain", []byte("answer")), nil
	}
}

func failing(err error) pipeline.Handler {
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, err }
}

// after answers when some (virtual) time has passed.
func after(d time.Duration, next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		time.Sleep(d) // virtual
		return next(ctx, x)
	}
}

func TestABreakerOpensAndTriesAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{
			ErrorRatio: 0.5, MinRequests: 10, OpenFor: registry.Duration(5 * time.Second), HalfOpen: 2,
		})
		g.calls(5, status(200))
		g.calls(4, status(503))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "nine are too few to judge by")
		g.call(status(503))
		require.Equal(t, resilience.BreakerOpen, g.breaker.State())

		time.Sleep(1500 * time.Millisecond) // virtual
		r := g.call(status(200))
		require.Zero(t, r.Calls, "an open breaker sends nothing")
		require.Equal(t, 503, r.Status)
		require.Equal(t, "4", r.Header.Get("Retry-After"), "three and a half seconds, rounded up")
		require.True(t, r.Denied(resilience.CodeBreakerOpen))
		require.Equal(t, "open", r.Decisions[0].Rule)
		require.Len(t, r.Decisions, 1)
		var u *pipeline.UpstreamError
		require.ErrorAs(t, r.Err, &u)
		require.Equal(t, pipeline.UpstreamBreakerOpen, u.Kind)
		require.False(t, u.Sent)

		time.Sleep(3500 * time.Millisecond) // virtual
		require.Equal(t, 1, g.call(status(200)).Calls)
		require.Equal(t, resilience.BreakerHalfOpen, g.breaker.State())
		g.call(status(200))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "both trials went well")
		g.calls(9, status(503))
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "what was before is forgotten")
		require.Equal(t, resilience.BreakerCounts{Succeeded: 7, Failed: 14, Refused: 1, Opened: 1}, g.breaker.Counts())
	})
}

func TestATrialThatFailsOpensAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Second), HalfOpen: 3})
		g.call(status(503))
		for range 3 {
			time.Sleep(time.Second) // virtual
			g.call(status(200))
			require.Equal(t, resilience.BreakerHalfOpen, g.breaker.State())
			g.call(status(503))
			require.Equal(t, resilience.BreakerOpen, g.breaker.State())
		}
	})
}

func TestFailuresOfLongAgoAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{MinRequests: 10, Window: registry.Duration(time.Second)})
		for range 10 {
			g.calls(4, status(503))
			time.Sleep(time.Second) // virtual
		}
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
	})
}

func TestFailuresInARowOpen(t *testing.T) {
	t.Parallel()
	g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 3})
	for range 5 {
		g.calls(2, status(503))
		g.call(status(200))
	}
	require.Equal(t, resilience.BreakerClosed, g.breaker.State())
	g.calls(3, status(503))
	require.Equal(t, resilience.BreakerOpen, g.breaker.State())
}

func TestWhatCountsAsAFailure(t *testing.T) {
	t.Parallel()
	const counts, not = resilience.BreakerOpen, resilience.BreakerClosed
	kind := func(k string) pipeline.Handler { return failing(&pipeline.UpstreamError{Kind: k}) }
	for _, c := range []struct {
		name     string
		statuses []int
		next     pipeline.Handler
		want     resilience.BreakerState
	}{
		{"an answer", nil, status(200), not},
		{"a fault of the client", nil, status(404), not},
		{"500 unless it is listed", nil, status(500), not},
		{"502", nil, status(502), counts},
		{"503", nil, status(503), counts},
		{"504", nil, status(504), counts},
		{"a status that is listed", []int{429}, status(429), counts},
		{"503 where others are listed", []int{500}, status(503), not},
		{"no connection", nil, kind(pipeline.UpstreamConnect), counts},
		{"a broken connection", nil, kind(pipeline.UpstreamReset), counts},
		{"no HTTP", nil, kind(pipeline.UpstreamMalformed), counts},
		{"no head in time", nil, kind(pipeline.UpstreamTimeout), counts},
		{"a deadline that passed", nil, failing(context.DeadlineExceeded), counts},
		{"an error that nobody explains", nil, failing(errors.New("odd")), counts},
		{"no endpoint to ask", nil, kind(pipeline.UpstreamNoneReady), not},
		{"another breaker", nil, kind(pipeline.UpstreamBreakerOpen), not},
		{"no connection free", nil, kind(pipeline.UpstreamOverloaded), not},
		{"a refusal further inside", nil, failing(pipeline.Refuse(413, "body_too_large", "")), not},
		{"a client that left", nil, failing(context.Canceled), not},
		{"a tunnel", nil, status(101), not},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, Statuses: c.statuses})
			g.call(c.next)
			require.Equal(t, c.want, g.breaker.State())
		})
	}
	t.Run("a timeout that ends with its client", func(t *testing.T) {
		t.Parallel()
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1})
		ctx, leave := context.WithCancel(t.Context())
		leave()
		gatewaytest.Run(t, g.breaker.Stage("breaker"), gatewaytest.NewExchange("GET", "/"), gatewaytest.Context(ctx),
			gatewaytest.Next(failing(&pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Sent: true})))
		require.Equal(t, not, g.breaker.State())
	})
}

func TestSlowAnswersOpen(t *testing.T) {
	t.Parallel()
	slow, quick := after(2*time.Second, status(200)), after(time.Second, status(200))
	config := resilience.BreakerConfig{
		MinRequests: 4, Window: registry.Duration(time.Minute), OpenFor: registry.Duration(time.Second), HalfOpen: 1,
		Slow: resilience.Slow{Over: registry.Duration(time.Second), Ratio: 0.5},
	}
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, config)
		g.calls(8, quick)
		g.calls(7, slow)
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
		g.call(slow)
		require.Equal(t, resilience.BreakerOpen, g.breaker.State(), "half of them are slow")
		require.Equal(t, uint64(8), g.breaker.Counts().Slow)

		time.Sleep(time.Second) // virtual
		g.call(slow)
		require.Equal(t, resilience.BreakerOpen, g.breaker.State(), "a slow trial has failed")
		time.Sleep(time.Second) // virtual
		g.call(quick)
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
		g.calls(3, slow)
		require.Equal(t, resilience.BreakerClosed, g.breaker.State(), "the slow ones of before are forgotten")
		g.call(slow)
		require.Equal(t, resilience.BreakerOpen, g.breaker.State())
	})
}

func TestSlowFailuresInARow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{
			ConsecutiveFailures: 100, MinRequests: 2, Slow: resilience.Slow{Over: registry.Duration(time.Second)},
		})
		g.calls(2, after(2*time.Second, failing(&pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout})))
		require.Equal(t, resilience.BreakerOpen, g.breaker.State())
		require.Equal(t, uint64(2), g.breaker.Counts().Failed)
	})
}

// halfOpen makes a breaker with one trial, which is due.
func halfOpen(t testing.TB) *guarded {
	t.Helper()
	g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Second), HalfOpen: 1})
	g.call(status(503))
	time.Sleep(time.Second) // virtual
	return g
}

func TestATrialThatCameToNothingIsAnothers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		next pipeline.Handler
	}{
		{"the client left", failing(context.Canceled)},
		{"nobody was asked", failing(&pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady})},
		{"a stage inside refused", failing(pipeline.Refuse(400, "bad", ""))},
		{"a stage inside panicked", func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("inside") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := halfOpen(t)
				for range 5 {
					require.Equal(t, 1, g.call(c.next).Calls)
					require.Equal(t, resilience.BreakerHalfOpen, g.breaker.State())
				}
				g.call(status(200))
				require.Equal(t, resilience.BreakerClosed, g.breaker.State())
			})
		})
	}
}

func TestTrialsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := halfOpen(t)
		done := make(chan gatewaytest.Result)
		go func() { done <- g.call(after(time.Minute, status(200))) }()
		synctest.Wait()
		r := g.call(status(200))
		require.Zero(t, r.Calls, "the only trial is under way")
		require.Equal(t, "half_open", r.Decisions[0].Rule)
		require.Equal(t, "1", r.Header.Get("Retry-After"))
		require.Equal(t, 200, (<-done).Status)
		require.Equal(t, resilience.BreakerClosed, g.breaker.State())
	})
}

func TestAnOutcomeCountsInItsOwnStateOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		late pipeline.Handler
	}{
		{"a late success is no trial", status(200)},
		{"a late failure is no trial", status(503)},
		{"nor is a client that left late", failing(context.Canceled)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := guard(t, resilience.BreakerConfig{
					ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Second), HalfOpen: 2,
				})
				done := make(chan gatewaytest.Result)
				go func() { done <- g.call(after(90*time.Second, c.late)) }()
				synctest.Wait()
				g.call(status(503))
				time.Sleep(time.Minute) // virtual
				trial := make(chan gatewaytest.Result)
				go func() { trial <- g.call(after(time.Hour, status(200))) }()
				<-done
				require.Equal(t, resilience.BreakerHalfOpen, g.breaker.State())
				go func() { done <- g.call(after(time.Minute, status(200))) }()
				synctest.Wait()
				require.Zero(t, g.call(status(200)).Calls, "two trials, not three")
				<-done
				<-trial
				require.Equal(t, resilience.BreakerClosed, g.breaker.State())
			})
		})
	}
}

func TestATrialThatIsGivenBackCountsInItsOwnStateOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		back time.Duration // when, of two trials, the first is given back; the other fails after a second
	}{{"before the other fails", time.Millisecond}, {"when others are on trial", time.Minute}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := guard(t, resilience.BreakerConfig{
					ConsecutiveFailures: 1, OpenFor: registry.Duration(time.Second), HalfOpen: 2,
				})
				g.call(status(503))
				time.Sleep(time.Second) // virtual
				done := make(chan gatewaytest.Result, 4)
				go func() { done <- g.call(after(c.back, failing(context.Canceled))) }()
				go func() { done <- g.call(after(time.Second, status(503))) }()
				time.Sleep(10 * time.Second) // virtual
				require.Equal(t, resilience.BreakerOpen, g.breaker.State())
				for range 2 {
					go func() { done <- g.call(after(time.Hour, status(200))) }()
				}
				time.Sleep(2 * time.Minute) // virtual
				require.Zero(t, g.call(status(200)).Calls, "two trials, not three")
				for range 4 {
					<-done
				}
				require.Equal(t, resilience.BreakerClosed, g.breaker.State())
			})
		})
	}
}

func TestRetryDoesNotSpinAroundAnOpenBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 2})
		retry, err := resilience.NewRetry(resilience.RetryConfig{Attempts: 10})
		require.NoError(t, err)
		stages := append(retry, g.breaker.Stage("breaker"))
		r := gatewaytest.RunChain(t, stages, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(503)))
		require.Equal(t, 2, r.Calls, "the second failure opened the breaker")
		require.Equal(t, resilience.CodeBreakerOpen, r.Code)
		begun := time.Now()
		r = gatewaytest.RunChain(t, stages, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(status(503)))
		require.Zero(t, r.Calls)
		require.Equal(t, begun, time.Now(), "nothing is waited for")
		require.Len(t, r.Decisions, 1)
	})
}
