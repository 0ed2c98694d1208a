package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// AtEnd has e told when the exchange has ended: last in, first out, after the
// response body was closed.
func (x *Exchange) AtEnd(e Ender) {
	if x.enders == nil {
		x.enders = x.enderRoom[:0]
	}
	x.enders = append(x.enders, e)
}

// Finish ends the exchange: what AtEnd collected, then the recorders of the
// route, then the route is let go. The edge calls it once, after the response
// body was closed. Each step runs whatever became of the others; the error
// holds what panicked.
func (x *Exchange) Finish(s *Summary) error {
	err := x.end()
	if x.entry == nil {
		return err
	}
	for _, record := range x.entry.Record {
		err = join(err, guard(func() { record(x, s) }))
	}
	x.rewind()
	if r := x.entry.Release; r != nil {
		err = join(err, guard(func() { r.End(x) }))
	}
	return err
}

func (x *Exchange) end() error {
	var err error
	for len(x.enders) > 0 {
		last := len(x.enders) - 1
		e := x.enders[last]
		x.enders = x.enders[:last]
		err = join(err, guard(func() { e.End(x) }))
	}
	return err
}

// join is errors.Join that allocates only where there is something to join.
func join(a, b error) error {
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}

// guard returns what f panicked with as an error.
func guard(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	f()
	return nil
}

// Fork returns a copy for who works on beside the exchange: a hedge, a mirror,
// a revalidation. It has its own edits, decisions, attempts and ends, cannot
// reach the client, and has the request body only where that is kept. Whoever
// forks ends the fork with Done, or has it adopted.
func (x *Exchange) Fork() *Exchange {
	x.forked = true
	f := &Exchange{
		In: x.In, Reply: maps.Clone(x.Reply), Client: x.Client, Scheme: x.Scheme, Upgrade: x.Upgrade,
		ID: x.ID, TraceID: x.TraceID, Spellings: x.Spellings,
		Start: x.Start, Deadline: x.Deadline, Route: x.Route, Environment: x.Environment,
		Identity: x.Identity, Subscription: x.Subscription, Grant: x.Grant,
		entry: x.entry, raw: x.raw, target: x.target, fork: true, forked: true,
		edits:      slices.Clone(x.edits),
		paramNames: x.paramNames, paramValues: x.paramValues,
	}
	f.look()
	if x.body.kept {
		f.body = x.body
	} else if body, _ := x.body.current(x.In); body != http.NoBody {
		f.body = payload{stream: failing{errBodyTaken}, length: -1}
	}
	return f
}

// Forked reports whether x is a fork or was forked, so that more than one
// request may be under way for it at once.
func (x *Exchange) Forked() bool { return x.forked }

// Done ends a fork that lost: what its AtEnd collected is told now.
func (x *Exchange) Done() error { return x.end() }

// Adopt takes over what a winning fork recorded and must end.
func (x *Exchange) Adopt(f *Exchange) {
	for _, d := range f.decisions {
		x.Decide(d)
	}
	for _, a := range f.attempts {
		x.Tried(a)
	}
	for _, e := range f.enders {
		x.AtEnd(e)
	}
	f.enders = nil
	for u := f.usage; u != nil; {
		next := u.next
		x.Use(u)
		u = next
	}
	f.usage = nil
	x.Reply = f.Reply
	if f.refusal != nil {
		x.refusal = f.refusal
	}
}
