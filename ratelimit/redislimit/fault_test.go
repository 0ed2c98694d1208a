package redislimit_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// What a caller of two instances may: 100/s, 20 at once.
const (
	faultRate  = 100
	faultBurst = 20
	faultTime  = 800 * time.Millisecond
)

// A fleet is two instances of a gateway with one policy.
type fleet struct {
	limiters [2]*redislimit.Limiter
	stages   [2]pipeline.Stage
}

// newFleet makes the instances, each with a client of its own.
func newFleet(t testing.TB, client func() rueidis.Client, config ratelimit.Config, opts ...redislimit.Option) *fleet {
	t.Helper()
	f := &fleet{}
	for i := range f.limiters {
		f.limiters[i] = redislimit.New(client(), opts...)
		stage, err := ratelimit.New(gatewaytest.Env(t), f.limiters[i], config)
		require.NoError(t, err)
		f.stages[i] = stage
	}
	return f
}

func localConfig() ratelimit.Config {
	return ratelimit.Config{
		Per: "consumer", Rate: registry.Rate{Count: faultRate, Per: time.Second}, Burst: faultBurst, OnError: "local",
	}
}

func (f *fleet) degraded() bool { return f.limiters[0].Degraded() || f.limiters[1].Degraded() }

// send sends one request of the consumer to an instance.
func (f *fleet) send(instance int, consumer string) bool {
	x := gatewaytest.NewExchange(http.MethodGet, "/", gatewaytest.Identity(&pipeline.Identity{Subject: consumer, Consumer: consumer}))
	_, err := f.stages[instance].Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	})(context.Background(), x)
	return err == nil
}

// A load is what a consumer got.
type load struct {
	sent, passed atomic.Int64
	mu           sync.Mutex
	took         []time.Duration
}

// call calls at a pace until stop is closed, on one instance after the other,
// and does not wait for answers.
func (f *fleet) call(consumer string, perSecond int, stop <-chan struct{}) *load {
	l := &load{}
	var calls sync.WaitGroup
	defer calls.Wait()
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return l
		case <-ticker.C:
		}
		calls.Go(func() { l.note(func() bool { return f.send(i%2, consumer) }) })
	}
}

func (l *load) note(send func() bool) {
	begun := time.Now()
	ok := send()
	took := time.Since(begun)
	l.sent.Add(1)
	if ok {
		l.passed.Add(1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
}

// weather sends requests while something happens to Redis, and holds that a
// consumer at a quarter of its limit is never refused nor kept waiting, and
// that one at twice its limit gets at most twice.
func (f *fleet) weather(t *testing.T, happens func()) {
	t.Helper()
	stop := make(chan struct{})
	var quiet, loud *load
	var late time.Duration
	var both sync.WaitGroup
	begun := time.Now()
	both.Go(func() { quiet = f.call("quiet", faultRate/4, stop) })
	both.Go(func() { loud = f.call("loud", faultRate*2, stop) })
	both.Go(func() { late = lateness(stop) })
	<-time.After(faultTime / 2)
	happens()
	<-time.After(faultTime / 2)
	close(stop)
	both.Wait()
	took := time.Since(begun)

	require.Equal(t, quiet.sent.Load(), quiet.passed.Load(), "a consumer at a quarter of its limit was refused")
	all := slices.Sorted(slices.Values(slices.Concat(quiet.took, loud.took)))
	p99 := all[len(all)*99/100]
	most := 2 * (faultBurst + faultRate*took.Seconds())
	t.Logf("quiet %d of %d, loud %d of %d in %v, p99 %v, timers up to %v late", quiet.passed.Load(), quiet.sent.Load(),
		loud.passed.Load(), loud.sent.Load(), took.Round(time.Millisecond), p99, late)
	require.LessOrEqual(t, float64(loud.passed.Load()), most, "a consumer at twice its limit got more than twice")
	require.LessOrEqual(t, p99, 150*time.Millisecond+late, "beside what the machine itself is late")
}

// lateness returns how late this machine wakes whoever waits, at worst.
func lateness(stop <-chan struct{}) (worst time.Duration) {
	const nap = 10 * time.Millisecond
	for {
		begun := time.Now()
		select {
		case <-stop:
			return worst
		case <-time.After(nap):
		}
		worst = max(worst, time.Since(begun)-nap)
	}
}

func TestFaultsOfTheWire(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault fault
	}{
		{"half a second of latency", slow},
		{"a black hole", hole},
		{"connections that are reset", reset},
		{"half of an answer", half},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, miniredis.RunT(t).Addr())
			f := newFleet(t, func() rueidis.Client { return dial(t, p.addr(), impatient) }, localConfig())
			f.weather(t, func() {
				p.set(test.fault)
				<-time.After(faultTime)
				require.True(t, f.degraded(), "Redis is known not to answer")
				p.set(healthy)
			})
			f.recovers(t)
		})
	}
}

// impatient gives up connections on which nothing comes, as Dial does.
func impatient(o *rueidis.ClientOption) { o.ConnWriteTimeout = time.Second }

// recovers waits until both instances count in Redis again.
func (f *fleet) recovers(t testing.TB) {
	t.Helper()
	until(t, "Redis is asked again", func() bool { return !f.degraded() })
	for i, l := range f.limiters {
		before := l.Stats().Decisions
		until(t, "Redis decides again", func() bool {
			f.send(i, "after")
			return l.Stats().Decisions > before
		})
	}
}

func TestFaultsOfTheServer(t *testing.T) {
	t.Parallel()
	says := func(text string) func(*miniredis.Miniredis) { return func(m *miniredis.Miniredis) { m.SetError(text) } }
	well := func(m *miniredis.Miniredis) { m.SetError("") }
	tests := []struct {
		name        string
		fault, heal func(*miniredis.Miniredis)
	}{
		{"killed and started again", (*miniredis.Miniredis).Close, func(m *miniredis.Miniredis) { _ = m.Restart() }},
		{"a replica that cannot be written", says("READONLY You can't write against a read only replica."), well},
		{"out of memory", says("OOM command not allowed when used memory > 'maxmemory'."), well},
		{"loading its data", says("LOADING Redis is loading the dataset in memory"), well},
		{"busy with a script", says("BUSY Redis is busy running a script."), well},
		{"a password that was changed", says("NOAUTH Authentication required."), well},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := miniredis.RunT(t)
			f := newFleet(t, func() rueidis.Client { return dial(t, m.Addr(), impatient) }, localConfig())
			f.weather(t, func() {
				test.fault(m)
				<-time.After(faultTime)
				require.True(t, f.degraded(), "Redis is known not to answer")
				test.heal(m)
			})
			f.recovers(t)
		})
	}
}

func TestAFlushIsOneBurstMore(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	client := dial(t, m.Addr())
	l := redislimit.New(client, redislimit.Timeout(patient))
	asked := ask("a", 10, time.Hour)
	require.Equal(t, 10, passes(t, l, 15, asked))
	m.FlushAll()
	require.NoError(t, client.Do(t.Context(), client.B().ScriptFlush().Build()).Error())
	require.Equal(t, 10, passes(t, l, 15, asked), "a script that is gone is sent again")
	require.False(t, l.Degraded())
}

func passes(t testing.TB, l ratelimit.Limiter, n int, asks ...ratelimit.Ask) int {
	t.Helper()
	passed := 0
	for range n {
		if take(t, l, asks...)[0].Allowed {
			passed++
		}
	}
	return passed
}

func TestNobodyWaitsForARedisThatIsKnownNotToAnswer(t *testing.T) {
	t.Parallel()
	p := newProxy(t, miniredis.RunT(t).Addr())
	l := redislimit.New(dial(t, p.addr(), impatient))
	asked := ask("a", 10, time.Hour)
	until(t, "Redis answers", func() bool { _, err := try(l, asked); return err == nil })
	p.set(hole)
	until(t, "Redis is given up on", func() bool { _, _ = try(l, asked); return l.Degraded() })

	var took []time.Duration
	for range 1001 {
		begun := time.Now()
		results, err := try(l, asked)
		took = append(took, time.Since(begun))
		require.ErrorIs(t, err, redislimit.ErrUnavailable)
		require.Equal(t, ratelimit.Result{}, results[0])
	}
	slices.Sort(took)
	require.Less(t, took[len(took)/2], 5*time.Millisecond)
	stats := l.Stats()
	require.True(t, stats.Degraded)
	require.EqualValues(t, 1, stats.Outages)
	require.GreaterOrEqual(t, stats.Fallbacks, uint64(1001))
	require.GreaterOrEqual(t, stats.Errors, uint64(3))

	p.set(healthy)
	until(t, "Redis is asked again without a request", func() bool { return !l.Degraded() })
	until(t, "Redis answers again", func() bool { _, err := try(l, asked); return err == nil })
}

func TestFailModes(t *testing.T) {
	t.Parallel()
	config := localConfig()
	tests := []struct {
		name    string
		onError string
		verdict pipeline.Verdict
		code    string
		status  int
	}{
		{"closed", "refuse", pipeline.Deny, ratelimit.CodeUnavailable, http.StatusServiceUnavailable},
		{"open", "allow", pipeline.Warn, ratelimit.CodeUnavailable, http.StatusOK},
		{"its share", "local", pipeline.Warn, ratelimit.CodeDegraded, http.StatusOK},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := config
			config.OnError = test.onError
			stage, err := ratelimit.New(gatewaytest.Env(t), redislimit.New(nil), config)
			require.NoError(t, err)
			x := gatewaytest.NewExchange(http.MethodGet, "/", gatewaytest.Identity(&pipeline.Identity{Consumer: "acme"}))
			r := gatewaytest.Run(t, stage, x)
			require.Equal(t, test.status, r.Status)
			if test.verdict == pipeline.Warn {
				require.Equal(t, test.verdict, r.Decisions[0].Verdict)
				require.Equal(t, test.code, r.Decisions[0].Code)
			} else {
				require.Equal(t, test.code, r.Code)
			}
		})
	}
}
