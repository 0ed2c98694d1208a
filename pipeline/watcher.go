package pipeline

import (
	"context"
	"net/http"
)

// A Watcher is told of each stage of one exchange: by tracing, to make a span
// of it. It is called on the goroutine that has the exchange, must not block,
// and need not tell stages of one name apart: calls are nested as the stages
// are.
type Watcher interface {
	// Enter is called before a stage. The stage gets the context that it returns.
	Enter(ctx context.Context, x *Exchange, stage string) context.Context
	// Leave is called when the stage has returned, with the context of Enter and
	// after its denial was recorded. Where it panicked, there is neither a
	// response nor an error.
	Leave(ctx context.Context, x *Exchange, stage string, resp *http.Response, err error)
}

// Watch has w told of the stages inside the present one. An exchange that
// nobody watches pays nothing for it; a fork is not watched.
func (x *Exchange) Watch(w Watcher) {
	x.watcher = w
	x.look()
}

// look finds out whether somebody wants to know of the stages.
func (x *Exchange) look() {
	if x.clock == nil && x.entry != nil && x.entry.Timed {
		x.clock = clocks.Get().(*clock)
	}
	x.observed = x.watcher != nil || x.timed()
}

// watched runs a stage that is watched.
func watched(ctx context.Context, x *Exchange, stage string, h Handler) (resp *http.Response, err error) {
	w := x.watcher
	ctx = w.Enter(ctx, x, stage)
	defer func() { w.Leave(ctx, x, stage, resp, err) }() // in a panic too
	resp, err = h(ctx, x)
	if err != nil {
		x.denied(stage, err)
	}
	return resp, err
}
