package resilience

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// A Breaker spares a backend that fails: it counts how requests go and, where
// too many fail or are slow, refuses them for a while, then lets a few pass on
// trial. Its methods may be called from many goroutines at once.
//
// Who passes holds a permit, and settles it once: as a success, a failure, or
// as neither. A permit belongs to the state in which it was given; settled in a
// later one, it says nothing of that. So a request that began before the
// breaker opened is no trial, and what is on its way cannot open it twice.
type Breaker struct {
	name   string
	config BreakerConfig
	log    *slog.Logger
	tell   []func(BreakerTransition)
	set    *Breakers

	era     atomic.Uint64 // the permit of now; changed under mu
	refused atomic.Uint64

	mu     sync.Mutex
	engine circuitbreaker.CircuitBreaker[any] // has the state
	slow   circuitbreaker.CircuitBreaker[any] // counts slow answers; nil where none is too slow
	spare  int                                // trials that were given back unused
	owed   int                                // see cut
	owedAt time.Time
	counts BreakerCounts
}

// A permit is the era it was given in: the state in the lower two bits, above
// them the count of transitions.
type permit uint64

const stateBits = 2

func (p permit) state() BreakerState { return BreakerState(p & (1<<stateBits - 1)) }

// A BreakerOption is what a breaker may be given beside its settings.
type BreakerOption func(*Breaker)

// WithBreakerLog has each transition logged.
func WithBreakerLog(log *slog.Logger) BreakerOption {
	return func(b *Breaker) {
		if log != nil {
			b.log = log
		}
	}
}

// WithTransitions has f told of each transition, on the goroutine of the
// request that caused it, under no lock: f must not block.
func WithTransitions(f func(BreakerTransition)) BreakerOption {
	return func(b *Breaker) { b.tell = append(b.tell, f) }
}

// NewBreaker makes a closed breaker. The name tells it apart in logs.
func NewBreaker(name string, c BreakerConfig, options ...BreakerOption) (*Breaker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	b := &Breaker{name: name, config: c.defaults(), log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(b)
	}
	b.era.Store(uint64(BreakerClosed))
	b.engine, b.slow = newEngine(b.config, b.turned), newSlowWindow(b.config)
	b.set.add(b)
	return b, nil
}

func newEngine(c BreakerConfig, turned func(circuitbreaker.StateChangedEvent)) circuitbreaker.CircuitBreaker[any] {
	builder := circuitbreaker.NewBuilder[any]().
		WithDelay(c.OpenFor.Std()).
		WithSuccessThreshold(uint(c.HalfOpen)).
		OnStateChanged(turned)
	if c.ConsecutiveFailures > 0 {
		return builder.WithFailureThreshold(uint(c.ConsecutiveFailures)).Build()
	}
	return builder.WithFailureRateThreshold(c.ErrorRatio, uint(c.MinRequests), c.Window.Std()).Build()
}

// newSlowWindow makes a window that opens where too many answers are slow. It
// lives as long as the breaker stays closed.
func newSlowWindow(c BreakerConfig) circuitbreaker.CircuitBreaker[any] {
	if c.Slow.Over == 0 {
		return nil
	}
	return circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(c.Slow.Ratio, uint(c.MinRequests), c.Window.Std()).Build()
}

// acquire gives a permit. A closed breaker gives them without a lock.
func (b *Breaker) acquire() (permit, bool) {
	if p := permit(b.era.Load()); p.state() == BreakerClosed {
		return p, true
	}
	return b.try()
}

func (b *Breaker) try() (permit, bool) {
	b.mu.Lock()
	before := permit(b.era.Load())
	ok := b.spare > 0
	if ok {
		b.spare--
	} else {
		ok = b.engine.TryAcquirePermit()
	}
	now := permit(b.era.Load())
	b.mu.Unlock()
	if !ok {
		b.refused.Add(1)
	}
	b.announce(before, now)
	return now, ok
}

// settle says how the request of the permit went.
func (b *Breaker) settle(p permit, failed, slow bool) {
	b.mu.Lock()
	before := permit(b.era.Load())
	b.counts.count(failed, slow)
	if p == before {
		b.record(p, failed, slow)
	}
	now := permit(b.era.Load())
	b.mu.Unlock()
	b.announce(before, now)
}

// current reports whether the permit is of the present state; mu is held.
func (b *Breaker) current(p permit) bool { return uint64(p) == b.era.Load() }

// record hands the outcome to the engine; mu is held.
func (b *Breaker) record(p permit, failed, slow bool) {
	trial := p.state() == BreakerHalfOpen
	switch {
	case failed, trial && slow:
		b.engine.RecordFailure()
	case b.repaid():
	default:
		b.engine.RecordSuccess()
	}
	if b.slow == nil || trial || !b.current(p) {
		return
	}
	if !slow {
		b.slow.RecordSuccess()
	} else if b.slow.RecordFailure(); b.slow.IsOpen() {
		b.engine.Open()
	}
}

// giveBack settles a permit without an outcome: the client left, or nothing
// came of it. Another may make the trial in its place.
func (b *Breaker) giveBack(p permit) {
	if p.state() != BreakerHalfOpen {
		return
	}
	b.mu.Lock()
	if b.current(p) {
		b.spare++
	}
	b.mu.Unlock()
}

// cut turns the success of the permit into a failure: the answer broke off
// after its head. What was recorded stays, so the next success is left out in
// its place; the ratio is then that of the answers that came whole.
func (b *Breaker) cut(p permit) {
	b.mu.Lock()
	before := permit(b.era.Load())
	b.counts.Cut++
	if p == before {
		b.owed, b.owedAt = b.owed+1, time.Now()
		b.engine.RecordFailure()
	}
	now := permit(b.era.Load())
	b.mu.Unlock()
	b.announce(before, now)
}

// repaid reports whether a success is to be left out; mu is held. What is owed
// is forgotten with the window in which it came.
func (b *Breaker) repaid() bool {
	if b.owed == 0 {
		return false
	}
	if time.Since(b.owedAt) > b.config.Window.Std() {
		b.owed = 0
		return false
	}
	b.owed--
	return true
}

// turned is told by the engine that its state has changed; mu is held.
func (b *Breaker) turned(e circuitbreaker.StateChangedEvent) {
	state := stateOf(e.NewState)
	era := b.era.Load()>>stateBits + 1
	b.era.Store(era<<stateBits | uint64(state))
	b.spare, b.owed = 0, 0
	switch state {
	case BreakerOpen:
		b.counts.Opened++
	case BreakerClosed:
		b.slow = newSlowWindow(b.config)
	}
}
