package resilience

import (
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// A BreakerState is what a breaker does with requests. Its zero value is none.
type BreakerState uint8

// States of a breaker.
const (
	BreakerClosed   BreakerState = iota + 1 // lets pass, and counts
	BreakerOpen                             // refuses
	BreakerHalfOpen                         // lets a few pass on trial
)

// String returns the state as logs and decisions have it.
func (s BreakerState) String() string {
	switch s {
	case BreakerClosed:
		return "closed"
	case BreakerOpen:
		return "open"
	case BreakerHalfOpen:
		return "half_open"
	}
	return "unknown"
}

func stateOf(s circuitbreaker.State) BreakerState {
	switch s {
	case circuitbreaker.OpenState:
		return BreakerOpen
	case circuitbreaker.HalfOpenState:
		return BreakerHalfOpen
	}
	return BreakerClosed
}

// A BreakerTransition is one change of state. Where changes follow each other
// fast, two of them may be told in reverse: Breaker.State is the state of now.
type BreakerTransition struct {
	Breaker  string
	From, To BreakerState
}

// BreakerCounts counts since the breaker was made.
type BreakerCounts struct {
	Succeeded uint64 `json:"succeeded"` // answers in time, slow ones included
	Failed    uint64 `json:"failed"`    // failing statuses, and no answer
	Slow      uint64 `json:"slow"`      // heads that came too late
	Cut       uint64 `json:"cut"`       // of those that succeeded: broke off in the body
	Refused   uint64 `json:"refused"`   // by the breaker
	Opened    uint64 `json:"opened"`    // times that it opened
}

func (c *BreakerCounts) count(failed, slow bool) {
	if failed {
		c.Failed++
	} else {
		c.Succeeded++
	}
	if slow {
		c.Slow++
	}
}

// Name returns what the breaker belongs to: "upstream users".
func (b *Breaker) Name() string { return b.name }

// State returns the present state. An open breaker whose time has passed is
// open until the next request comes.
func (b *Breaker) State() BreakerState { return permit(b.era.Load()).state() }

// Counts returns what was counted so far.
func (b *Breaker) Counts() BreakerCounts {
	b.mu.Lock()
	c := b.counts
	b.mu.Unlock()
	c.Refused = b.refused.Load()
	return c
}

// remaining returns how long the breaker will refuse, 0 where it waits for the
// outcome of trials.
func (b *Breaker) remaining() time.Duration { return b.engine.RemainingDelay() }

// announce tells of the transition from the one era to the other, if it is one.
func (b *Breaker) announce(from, to permit) {
	if from == to {
		return
	}
	t := BreakerTransition{b.name, from.state(), to.state()}
	if t.To == BreakerClosed {
		b.log.Info("breaker changed", "breaker", b.name, "from", t.From.String(), "to", t.To.String())
	} else {
		b.log.Warn("breaker changed", "breaker", b.name, "from", t.From.String(), "to", t.To.String())
	}
	for _, f := range b.tell {
		b.inform(f, t)
	}
}

// inform calls f. A panic in it ends there: the permit of the request that
// caused the transition would be lost with it.
func (b *Breaker) inform(f func(BreakerTransition), t BreakerTransition) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("a function that is told of transitions panicked", "breaker", b.name, "panic", fmt.Sprint(p))
		}
	}()
	f(t)
}
