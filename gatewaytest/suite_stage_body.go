package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func stageStreams(t testing.TB, s stageSubject) {
	t.Helper()
	r, w := io.Pipe()
	var reached atomic.Int32
	x := s.exchange(http.MethodGet, "/things/1")
	resp := head(t, t.Context(), pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		reached.Add(1)
		resp := pipeline.Respond(x, http.StatusOK, "text/event-stream", nil)
		resp.Body, resp.ContentLength = r, -1
		return resp, nil
	}, s.make(t)), x, &reached)
	defer finish(t, x)
	defer func() { _ = resp.Body.Close() }()
	arrived := make(chan int, 1000)
	go func() {
		defer close(arrived)
		buf := make([]byte, 4096)
		for {
			n, err := resp.Body.Read(buf)
			if n > 0 {
				arrived <- n
			}
			if err != nil {
				return
			}
		}
	}()
	for i := range 3 {
		go func() { _, _ = fmt.Fprintf(w, "data: event %d\n\n", i) }()
		if !came(patience(t), arrived) {
			_ = w.CloseWithError(errors.New("given up"))
			t.Fatalf("event %d did not come through before the next one was written", i+1)
		}
	}
	_ = w.Close()
	if !within(patience(t), func() {
		for range arrived {
		}
	}) {
		t.Fatal("the stream did not end when the backend ended it")
	}
}

func stageCutBody(t testing.TB, s stageSubject) {
	t.Helper()
	cut := errors.New("conformance: the connection broke")
	for _, kind := range []string{"text/plain; charset=utf-8", "application/json"} {
		var reached atomic.Int32
		p := newProbe(`{"a": "begun`)
		p.end = cut
		x := s.exchange(http.MethodGet, "/things/1")
		resp, err := headOf(t, t.Context(), pipeline.Chain(answering(&reached, http.StatusOK, p, "Content-Type", kind), s.make(t)), x)
		if reached.Load() == 0 {
			t.Skip("the stage answers by itself")
		}
		if err == nil {
			if resp.StatusCode < 500 {
				if body, err := readAll(t, resp.Body); err == nil {
					t.Errorf("a body of %s that broke ended as if it were whole: %q", kind, body)
				}
			}
			_ = resp.Body.Close()
		}
		finish(t, x)
		p.closedOnce(t, "a body that broke")
	}
}

func stageClosedEarly(t testing.TB, s stageSubject) {
	t.Helper()
	for _, read := range []int{0, 1} {
		var reached atomic.Int32
		p := newProbe(strings.Repeat("0123456789", 10000))
		x := s.exchange(http.MethodGet, "/things/1")
		resp := head(t, t.Context(), pipeline.Chain(answering(&reached, http.StatusOK, p), s.make(t)), x, &reached)
		_, _ = resp.Body.Read(make([]byte, read))
		if !within(patience(t), func() { _ = resp.Body.Close() }) {
			t.Fatal("Close did not return")
		}
		finish(t, x)
		p.closedOnce(t, fmt.Sprintf("a body of which %d bytes were read", read))
	}
}

func stageClosedDuringRead(t testing.TB, s stageSubject) {
	t.Helper()
	var reached atomic.Int32
	p := newProbe("")
	p.blocks = true
	x := s.exchange(http.MethodGet, "/things/1")
	resp := head(t, t.Context(), pipeline.Chain(answering(&reached, http.StatusOK, p, "Content-Type", "text/event-stream"), s.make(t)), x, &reached)
	defer finish(t, x)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, resp.Body)
	}()
	if !came(patience(t), p.reading) {
		t.Fatal("nobody read the body")
	}
	if !within(patience(t), func() { _ = resp.Body.Close() }) {
		_ = p.Close()
		t.Fatal("Close waited for the Read that it has to end")
	}
	if !came(patience(t), ended) {
		_ = p.Close()
		t.Fatal("Read did not return when the body was closed")
	}
	p.closedOnce(t, "a body that was closed during a read")
}

func stageEarlyAnswer(t testing.TB, s stageSubject) {
	t.Helper()
	client := newProbe("begun")
	client.blocks = true
	defer func() { _ = client.Close() }()
	// So long that who needs the whole body refuses at once.
	x := s.exchange(http.MethodPost, "/things", Stream(client, 1<<40))
	var reached atomic.Int32
	p := newProbe("no")
	resp, err := headOf(t, t.Context(), pipeline.Chain(answering(&reached, http.StatusForbidden, p), s.make(t)), x)
	defer finish(t, x)
	if err != nil {
		return
	}
	_, _ = readAll(t, resp.Body)
	_ = resp.Body.Close()
}
