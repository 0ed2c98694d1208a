package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Result is how an exchange ended, as the client would see it and as the
// recorders are told.
type Result struct {
	Status  int    // of the response, or what the edge makes of Err
	Code    string // of the refusal
	Header  http.Header
	Trailer http.Header
	Body    string
	// Err is what the handler returned, what the body broke with, or what
	// panicked.
	Err error

	Route     string // its name; empty where none took the request
	Decisions []pipeline.Decision
	Attempts  []pipeline.Attempt
	Interims  []Interim
	Stalled   bool // the stage said that the body pauses

	// Sent is the request as the inner handler saw it last, without its body;
	// nil where it was never reached. Calls is how often it was.
	Sent  *http.Request
	Calls int

	Summary pipeline.Summary
}

// Run runs one exchange through the stage, around a handler that answers 200
// with "ok" unless Next says otherwise, and ends it as the edge does: the body
// is read and closed, then the ends are told, then the recorders. What panics
// ends as the 500 of that exchange. x must not have been run before.
//
// It fails t where the stage returns both a response and an error, or neither.
func Run(t testing.TB, stage pipeline.Stage, x *pipeline.Exchange, opts ...Option) Result {
	t.Helper()
	return RunChain(t, []pipeline.Stage{stage}, x, opts...)
}

// RunChain is Run of several stages, sorted by phase.
func RunChain(t testing.TB, stages []pipeline.Stage, x *pipeline.Exchange, opts ...Option) Result {
	t.Helper()
	s := apply(opts)
	for _, set := range s.exchange {
		set(x)
	}
	if s.next == nil {
		s.next = answerOK
	}
	r := &run{x: x, link: newLink(x), closing: s.closing}
	x.Begin(r.link, x.Received(), r.entry(s))
	stages = append([]pipeline.Stage(nil), stages...)
	pipeline.Sort(stages)
	h := pipeline.Chain(r.watch(s.next), stages...)
	ctx := s.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	r.do(t, ctx, h)
	r.finish(t)
	return r.Result
}

func answerOK(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	return pipeline.Respond(x, http.StatusOK, "text/plain; charset=utf-8", []byte("ok")), nil
}

// run is one exchange under way.
type run struct {
	Result
	x       *pipeline.Exchange
	link    *link
	closing <-chan struct{}
}

func (r *run) entry(s *settings) *pipeline.Entry {
	e := &pipeline.Entry{Route: r.x.Route, Closing: s.closing, Timed: pipeline.Timings(s.record)}
	if s.closing == nil {
		e.Closing = r.x.Closing()
	}
	for _, recorder := range s.record {
		e.Record = append(e.Record, recorder.For(r.x.Route))
	}
	return e
}

// watch notes what reaches the inner handler. It looks at a fork, so that the
// body is still there to be taken.
func (r *run) watch(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		r.link.mu.Lock()
		r.Calls++
		r.Sent = x.Fork().Out(ctx)
		r.Sent.Body = http.NoBody
		r.link.mu.Unlock()
		return next(ctx, x)
	}
}

func (r *run) do(t testing.TB, ctx context.Context, h pipeline.Handler) {
	t.Helper()
	var resp *http.Response
	err := guard(func() (err error) {
		resp, err = h(ctx, r.x)
		return err
	})
	if (resp == nil) == (err == nil) {
		t.Fatalf("a handler returns a response or an error, not %v and %v", resp, err)
	}
	if err != nil {
		r.refused(err)
		return
	}
	r.answered(resp)
}

func (r *run) refused(err error) {
	r.Err = err
	r.Status, r.Code = Outcome(err)
	r.Header = http.Header{}
	var p *pipeline.Problem
	if errors.As(err, &p) {
		r.Header = orEmpty(p.Header.Clone())
	}
}

func (r *run) answered(resp *http.Response) {
	r.Status, r.Header = resp.StatusCode, orEmpty(resp.Header.Clone())
	if resp.Body == nil {
		return
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		r.Err = guard(func() error {
			body, err := io.ReadAll(resp.Body)
			r.Body = string(body)
			return err
		})
	}
	r.Trailer = resp.Trailer.Clone()
	if err := guard(resp.Body.Close); r.Err == nil {
		r.Err = err
	}
}

func (r *run) finish(t testing.TB) {
	t.Helper()
	for field, values := range r.x.Reply {
		r.Header[field] = append([]string(nil), values...)
	}
	r.Decisions, r.Attempts = r.x.Decisions(), r.x.Attempts()
	r.Interims, r.Stalled = r.link.sent(), r.link.stalls.Load() > 0
	if r.x.Route != nil {
		r.Route = r.x.Route.Name
	}
	r.Summary = pipeline.Summary{Status: r.Status, BytesOut: int64(len(r.Body)), Err: r.Err}
	if !r.x.Start.IsZero() {
		r.Summary.Took = time.Since(r.x.Start)
	}
	if err := r.x.Finish(&r.Summary); err != nil {
		t.Errorf("the end of the exchange: %v", err)
	}
}

// Outcome returns the status and the code that the edge makes of an error.
func Outcome(err error) (status int, code string) {
	var p *pipeline.Problem
	var u *pipeline.UpstreamError
	code = pipeline.Code(err)
	switch {
	case errors.As(err, &p):
		return p.Status, code
	case errors.As(err, &u):
		return u.Status(), code
	case errors.Is(err, context.Canceled):
		return 499, pipeline.CodeClientGone
	default:
		return http.StatusInternalServerError, code
	}
}

// guard returns what f panicked with as an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

func orEmpty(h http.Header) http.Header {
	if h == nil {
		return http.Header{}
	}
	return h
}

// Denied reports whether a stage refused the exchange with the code.
func (r Result) Denied(code string) bool {
	for _, d := range r.Decisions {
		if d.Verdict == pipeline.Deny && d.Code == code {
			return true
		}
	}
	return false
}
