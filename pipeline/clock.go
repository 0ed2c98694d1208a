package pipeline

import (
	"context"
	"iter"
	"net/http"
	"sync"
	"time"
)

// What time is told for beside the stages of the chains; see Exchange.Spent.
const (
	SpentEdge     = "edge"     // before the chain and after it: the edge, and the transfer of bodies
	SpentRouter   = "router"   // finding the route
	SpentUpstream = "upstream" // the innermost handler of a route: picking an endpoint, sending, waiting for the head
	SpentOther    = "(other)"  // stages beyond the bound
)

// maxTimed bounds the stages of one exchange that are told apart, those of the
// edge chain and of the route together.
const maxTimed = 17

// Slots of a clock that belong to no stage.
const (
	slotEdge uint8 = iota
	slotRouter
	slotUpstream
	slotStages
)

// A clock holds how long each owner of an exchange had it. At each boundary it
// is read once, and what passed since the boundary before goes to who owned
// the exchange meanwhile: so the parts add up to the whole.
type clock struct {
	last    time.Duration // of the last boundary, since the start
	owner   uint8         // slot
	stages  uint8         // in use
	crowded bool          // the last stage's slot is shared
	names   [maxTimed]*string
	spent   [int(slotStages) + maxTimed]time.Duration
}

// clocks recycles them: a clock belongs to an exchange until that is finished.
var clocks = sync.Pool{New: func() any { return new(clock) }}

// rewind lets go of the clock.
func (x *Exchange) rewind() {
	if c := x.clock; c != nil {
		x.clock = nil
		*c = clock{}
		clocks.Put(c)
	}
}

// slot returns the slot of a stage, the same for each stage of one name.
func (c *clock) slot(name *string) uint8 {
	for i, n := range c.names[:c.stages] {
		if n == name || *n == *name {
			return slotStages + uint8(i)
		}
	}
	if c.stages == maxTimed {
		c.crowded = true
		return slotStages + maxTimed - 1
	}
	c.names[c.stages] = name
	c.stages++
	return slotStages + c.stages - 1
}

// turn hands the exchange to the next owner and returns the one before.
func (x *Exchange) turn(to uint8) (before uint8) {
	c, now := x.clock, time.Since(x.Start)
	before = c.owner
	c.spent[before] += now - c.last
	c.last, c.owner = now, to
	return before
}

// timed reports whether somebody wants to know how long stages took.
func (x *Exchange) timed() bool { return x.clock != nil }

// Spent returns how long each part of the gateway had the exchange until now,
// from the outside in: its stages by name, SpentRouter, SpentUpstream, and
// last SpentEdge for what is left of took, the duration of the whole. A stage
// is told what it took by itself, without those inside it. The parts add up to
// took. Beyond 17 stages the last ones share SpentOther.
//
// Nothing is returned where no recorder asked for it, see Timings, nor after the
// recorders were told. What forks did beside the exchange belongs to the stage
// that waited for them.
func (x *Exchange) Spent(took time.Duration) iter.Seq2[string, time.Duration] {
	return func(yield func(string, time.Duration) bool) {
		if !x.timed() {
			return
		}
		left := took
		for i := range x.clock.stages {
			d := x.clock.spent[slotStages+i]
			if left -= d; !yield(x.clock.name(i), d) {
				return
			}
		}
		for slot, name := range [...]string{slotRouter: SpentRouter, slotUpstream: SpentUpstream} {
			d := x.clock.spent[slot]
			if slot == int(slotEdge) || d == 0 {
				continue
			}
			if left -= d; !yield(name, d) {
				return
			}
		}
		yield(SpentEdge, max(left, 0))
	}
}

func (c *clock) name(stage uint8) string {
	if c.crowded && stage == maxTimed-1 {
		return SpentOther
	}
	return *c.names[stage]
}

// owned has the time within last told for the upstream or, where no route has
// the exchange yet, for the router.
func owned(last Handler) Handler {
	return func(ctx context.Context, x *Exchange) (*http.Response, error) {
		if !x.timed() {
			return last(ctx, x)
		}
		slot := slotUpstream
		if x.Route == nil {
			slot = slotRouter
		}
		before := x.turn(slot)
		resp, err := last(ctx, x)
		x.turn(before)
		return resp, err
	}
}
