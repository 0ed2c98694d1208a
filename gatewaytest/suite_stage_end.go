package gatewaytest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func stageContextLives(t testing.TB, s stageSubject) {
	t.Helper()
	var reached atomic.Int32
	var inner context.Context
	p := newProbe("hello")
	x := s.exchange(http.MethodGet, "/things/1")
	resp := head(t, t.Context(), pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		inner = ctx
		return answering(&reached, http.StatusOK, p)(ctx, x)
	}, s.make(t)), x, &reached)
	defer finish(t, x)
	defer func() { _ = resp.Body.Close() }()
	if err := inner.Err(); err != nil {
		t.Errorf("the context ended before the body was read: %v; it is to be ended by AtEnd", err)
	}
	if body, err := readAll(t, resp.Body); err != nil {
		t.Errorf("the body is %q, and then %v", body, err)
	}
}

func stageDeadline(t testing.TB, s stageSubject) {
	t.Helper()
	soon := time.Now().Add(time.Minute)
	x := s.exchange(http.MethodGet, "/things/1", Deadline(soon))
	Run(t, s.make(t), x, Next(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if x.Deadline.IsZero() || x.Deadline.After(soon) {
			t.Errorf("the deadline was %v, and is put off to %v", soon, x.Deadline)
		}
		return answerOK(ctx, x)
	}))
}

func stagePanicInBody(t testing.TB, s stageSubject) {
	t.Helper()
	stage := s.make(t)
	var reached atomic.Int32
	var mu sync.Mutex
	panicking := true
	var probes []*probe
	h := pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		p := newProbe("hello")
		if panicking {
			p.atEnd = func() { panic("conformance: in a body") }
		}
		probes = append(probes, p)
		return answering(&reached, http.StatusOK, p)(ctx, x)
	}, stage)
	whole(t, h, s.exchange(http.MethodGet, "/things/1"))
	mu.Lock()
	panicking = false
	mu.Unlock()
	whole(t, h, s.exchange(http.MethodGet, "/things/2"))
	if reached.Load() == 0 {
		t.Skip("the stage answers by itself")
	}
	for _, p := range probes {
		p.closedOnce(t, "a body that panicked, or the one after it")
	}
}

// whole drives an exchange to its end, as the edge does, whatever panics.
func whole(t testing.TB, h pipeline.Handler, x *pipeline.Exchange) {
	t.Helper()
	var resp *http.Response
	done := within(patience(t), func() {
		_ = guard(func() (err error) { resp, err = h(t.Context(), x); return err })
		if resp == nil {
			return
		}
		_ = guard(func() error { _, err := io.Copy(io.Discard, resp.Body); return err })
		_ = guard(resp.Body.Close)
	})
	if !done {
		t.Fatal("the exchange did not come to its end: is a lock held?")
	}
	finish(t, x)
}

func stagePanicInNext(t testing.TB, s stageSubject) {
	t.Helper()
	var reached atomic.Int32
	var panicking atomic.Bool
	panicking.Store(true)
	h := pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if panicking.Load() {
			panic("conformance: in the next handler")
		}
		return answering(&reached, http.StatusOK, newProbe("hello"))(ctx, x)
	}, s.make(t))
	for i := range 20 { // so many permits nobody has to give
		whole(t, h, s.exchange(http.MethodGet, fmt.Sprintf("/things/%d", i)))
	}
	panicking.Store(false)
	whole(t, h, s.exchange(http.MethodGet, "/things/1"))
}

func stageCancelled(t testing.TB, s stageSubject) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	inside := make(chan struct{}, 16)
	h := pipeline.Chain(func(ctx context.Context, _ *pipeline.Exchange) (*http.Response, error) {
		inside <- struct{}{}
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}, s.make(t))
	x := s.exchange(http.MethodGet, "/things/1")
	type result struct {
		resp *http.Response
		err  error
	}
	ended := make(chan result, 1)
	go func() {
		resp, err := h(ctx, x)
		ended <- result{resp, err}
	}()
	timer := watchdog(t)
	defer timer.Stop()
	select {
	case r := <-ended:
		drop(r.resp)
		finish(t, x)
		t.Skip("the stage answers by itself")
	case <-timer.C:
		t.Fatal("neither the next handler was reached, nor an answer made")
	case <-inside:
	}
	cancel()
	select {
	case r := <-ended:
		drop(r.resp)
		if r.err == nil && r.resp.StatusCode < 400 {
			t.Errorf("a client that is gone was answered with %d", r.resp.StatusCode)
		}
	case <-timer.C:
		t.Fatal("the exchange went on although its client is gone")
	}
	finish(t, x)
}

func drop(resp *http.Response) {
	if resp != nil {
		_ = resp.Body.Close()
	}
}

func stageRetired(t testing.TB, s stageSubject) {
	t.Helper()
	closing := make(chan struct{})
	var reached atomic.Int32
	p := newProbe("data: one\n\n")
	p.blocks = true
	x := s.exchange(http.MethodGet, "/things/1", Retired(closing))
	resp := head(t, t.Context(), pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		p.until = x.Closing()
		return answering(&reached, http.StatusOK, p, "Content-Type", "text/event-stream")(ctx, x)
	}, s.make(t)), x, &reached)
	defer finish(t, x)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, resp.Body)
	}()
	if !came(patience(t), p.reading) {
		t.Fatal("nobody read the body")
	}
	close(closing)
	if !came(patience(t), ended) {
		_ = p.Close()
		t.Fatal("the stream went on although its route has retired")
	}
	_ = resp.Body.Close()
	p.closedOnce(t, "the body of a stream that retired")
}

func stageConcurrent(t testing.TB, s stageSubject) {
	t.Helper()
	stage := s.make(t)
	h := pipeline.Chain(answerOK, stage)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				x := s.exchange(http.MethodGet, fmt.Sprintf("/things/%d?n=%d", i, j))
				whole(t, h, x)
			}
		})
	}
	all.Wait()
}
