package resilience

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// watch has the breaker told where the body breaks. A tunnel is left alone:
// what goes wrong in it may be either side's doing.
func (b *Breaker) watch(ctx context.Context, x *pipeline.Exchange, resp *http.Response, p permit) {
	if resp.Body == nil || resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	w := &watchedBody{body: resp.Body, breaker: b, permit: p, ctx: ctx}
	if isGRPC(x) {
		w.call = resp
	}
	resp.Body = w
}

// A watchedBody tells its breaker, once, where the backend breaks it off. One
// that is closed before its end was given up by the client, which is no
// failure. It embeds nothing: a promoted WriteTo would pass by Read.
type watchedBody struct {
	body    io.ReadCloser
	breaker *Breaker
	permit  permit
	ctx     context.Context // the client's and the route's
	call    *http.Response  // of gRPC, whose status comes at its end; nil for others
	closed  atomic.Bool
	ended   bool
}

func (w *watchedBody) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if err != nil && !w.ended {
		w.ended = true
		if w.broken(err) {
			w.breaker.cut(w.permit)
		}
	}
	return n, err
}

func (w *watchedBody) broken(err error) bool {
	switch {
	case errors.Is(err, io.EOF):
		return w.call != nil && w.breaker.failing(statusOfGRPC(w.call.Trailer, http.StatusOK))
	case w.closed.Load(), w.ctx.Err() != nil:
		return false
	}
	_, own := errors.AsType[*pipeline.Problem](err) // of the client's body, or a stage inside
	return !own && !errors.Is(err, context.Canceled)
}

// Close may be called while a Read waits, which then returns.
func (w *watchedBody) Close() error {
	w.closed.Store(true)
	return w.body.Close()
}
