package pipeline

import (
	"context"
	"net/http"
)

// A Handler serves an exchange and returns a response or an error: never both,
// never neither. Whoever drops a response closes its body. To refuse is to
// return a *Problem.
//
// ctx says that the client or the route is gone; how long the response head
// may take is x.Deadline, which costs no context. The body of the response is
// read after the handler has returned, so a context made by a handler is ended
// by x.AtEnd, never by defer.
//
// Body.Close may be called while another goroutine is inside Body.Read, and
// makes that Read return. [Wrap] and [Respond] make bodies that keep to it.
type Handler func(ctx context.Context, x *Exchange) (*http.Response, error)

// A Stage is one named step. Wrap is called once for each route, when it is
// compiled; the Handler that it returns serves every exchange of that route,
// from many goroutines at once.
type Stage struct {
	Name  string
	Phase Phase
	Wrap  func(next Handler) Handler
	// Vary tells what of the caller the effect of this stage depends on; it
	// becomes part of the key of a shared cache outside it. Nil means
	// everything: no shared cache may stand outside this stage.
	Vary func(x *Exchange) string
	// Inner, where it is set, is called once before Wrap with the stages that
	// stand inside this one, from the outside in: a cache learns from their
	// Vary what its key has to hold. Its error is a fault of the route.
	Inner func(stages []Stage) error
}

// An Ender is told that its exchange has ended: to release a permit, a
// connection, a context. An interface, so that nothing is allocated for it.
type Ender interface{ End(x *Exchange) }
