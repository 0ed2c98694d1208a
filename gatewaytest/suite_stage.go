package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// TestStage holds a stage to the contracts that every stage must keep: it
// leaves the request whole, keeps streams streaming, hands errors and trailers
// on, closes each body once, honours cancellation, and leaves nothing behind.
//
// make returns a new stage each time. The options are laid on each exchange:
// what the stage asks for to let it pass (credentials, an identity). A check
// in which the stage answers by itself, without asking the next handler, is
// skipped where it has nothing to look at.
//
//	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
//		return gatewaytest.Build(t, header.Kind(), `{"set":{"X-A":"b"}}`)[0]
//	})
func TestStage(t *testing.T, make func(testing.TB) pipeline.Stage, opts ...Option) {
	t.Helper()
	runChecks(t, stageChecks(), stageSubject{make, opts})
}

type stageSubject struct {
	make func(testing.TB) pipeline.Stage
	opts []Option
}

func stageChecks() []check[stageSubject] {
	return []check[stageSubject]{
		{"an ordinary exchange leaves the request whole", stageKeepsIn},
		{"values of response fields are not written into", stageKeepsResponseValues},
		{"each response body is closed once, also one that is dropped", stageClosesOnce},
		{"HEAD, 204 and 304 have no body", stageWithoutBody},
		{"101 is a tunnel and is left alone", stageTunnel},
		{"a stream comes through chunk by chunk", stageStreams},
		{"a body that breaks does not end well", stageCutBody},
		{"trailers that nobody announced come through", stageTrailers},
		{"a body that is changed does not keep its length, tag and digest", stageForgets},
		{"the context lives as long as the body", stageContextLives},
		{"the deadline is never put off", stageDeadline},
		{"a body may be closed before its end", stageClosedEarly},
		{"a body may be closed during a read", stageClosedDuringRead},
		{"an answer does not wait for the request body", stageEarlyAnswer},
		{"a panic in a body harms nobody else", stagePanicInBody},
		{"a panic in the next handler harms nobody else", stagePanicInNext},
		{"a client that is gone ends the exchange", stageCancelled},
		{"a route that retires ends its streams", stageRetired},
		{"many exchanges at once do not disturb each other", stageConcurrent},
		{"no goroutine is left", stageLeavesNothing},
	}
}

// exchange makes one on which the subject's options are laid. Its header
// values have room behind them, so that who appends to one writes into it.
func (s stageSubject) exchange(method, target string, opts ...Option) *pipeline.Exchange {
	x := NewExchange(method, target, append(slices.Clone(s.opts), opts...)...)
	x.In.Header.Add("X-Conformance", "as it came")
	for field, values := range x.In.Header {
		x.In.Header[field] = roomy(values)
	}
	return x
}

// roomy returns values in an array that is longer than they are.
func roomy(values []string) []string {
	r := make([]string, len(values), len(values)+3)
	copy(r, values)
	return r
}

// headOf runs the handler as far as the response head. What panics is handed
// to the caller.
func headOf(t testing.TB, ctx context.Context, h pipeline.Handler, x *pipeline.Exchange) (resp *http.Response, err error) {
	t.Helper()
	if !within(patience(t), func() { resp, err = h(ctx, x) }) {
		t.Fatal("the handler did not return")
	}
	if (resp == nil) == (err == nil) {
		t.Fatalf("a handler returns a response or an error, not %v and %v", resp, err)
	}
	return resp, err
}

// head is headOf for checks that need the response of the next handler; they
// are skipped where the stage answers by itself.
func head(t testing.TB, ctx context.Context, h pipeline.Handler, x *pipeline.Exchange, reached *atomic.Int32) *http.Response {
	t.Helper()
	resp, err := headOf(t, ctx, h, x)
	if reached.Load() == 0 {
		if resp != nil {
			_ = resp.Body.Close()
		}
		t.Skip("the stage answers by itself")
	}
	if err != nil {
		t.Fatalf("the stage made an error of an answer: %v", err)
	}
	return resp
}

func finish(t testing.TB, x *pipeline.Exchange) {
	t.Helper()
	if err := x.Finish(&pipeline.Summary{}); err != nil {
		t.Errorf("the end of the exchange: %v", err)
	}
}

// readAll reads to the end, in time.
func readAll(t testing.TB, r io.Reader) (body string, err error) {
	t.Helper()
	if !within(patience(t), func() {
		var raw []byte
		raw, err = io.ReadAll(r)
		body = string(raw)
	}) {
		t.Fatal("the body did not come to its end")
	}
	return body, err
}

// answering returns a handler that answers with the status and a probe, and
// counts how often it was reached.
func answering(reached *atomic.Int32, status int, p *probe, fields ...string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		reached.Add(1)
		resp := pipeline.Respond(x, status, "text/plain; charset=utf-8", nil)
		resp.Body, resp.ContentLength = p, -1
		for i := 0; i+1 < len(fields); i += 2 {
			resp.Header.Set(fields[i], fields[i+1])
		}
		return resp, nil
	}
}

func stageKeepsIn(t testing.TB, s stageSubject) {
	t.Helper()
	for _, body := range []string{"", "name=value"} {
		method := http.MethodGet
		var opts []Option
		if body != "" {
			method = http.MethodPost
			opts = []Option{Body(body), Header("Content-Type", "application/x-www-form-urlencoded")}
		}
		x := s.exchange(method, "/things/1?x=1;y=2&z=%41", opts...)
		before := look(x.In)
		Run(t, s.make(t), x, Next(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			out := x.Out(ctx)
			_, err := io.Copy(io.Discard, out.Body)
			if err != nil {
				return nil, err
			}
			return answerOK(ctx, x)
		}))
		if after := look(x.In); after != before {
			t.Errorf("the request was altered:\n%s\nfrom\n%s", after, before)
		}
	}
}

// look writes down what of a request nobody may alter, with what stands
// behind the values of its fields.
func look(r *http.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s host %s length %d\n", r.Method, r.URL.RequestURI(), r.URL.Path, r.Host, r.ContentLength)
	for _, field := range slices.Sorted(maps.Keys(r.Header)) {
		values := r.Header[field]
		fmt.Fprintf(&b, "%s: %q\n", field, values[:cap(values)])
	}
	return b.String()
}

func stageKeepsResponseValues(t testing.TB, s stageSubject) {
	t.Helper()
	shared := http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"max-age=60"}, "Vary": {"Accept"},
		"Link": {"<a>; rel=b"}, "Server": {"s"}, "Etag": {`"e"`},
	}
	for field, values := range shared {
		shared[field] = roomy(values)
	}
	before := look(&http.Request{URL: s.exchange("GET", "/").In.URL, Header: shared})
	Run(t, s.make(t), s.exchange(http.MethodGet, "/things/1"),
		Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, http.StatusOK, "", []byte(`{"a":1}`))
			resp.Header = maps.Clone(shared)
			return resp, nil
		}))
	if after := look(&http.Request{URL: s.exchange("GET", "/").In.URL, Header: shared}); after != before {
		t.Errorf("values that others share were written into:\n%s\nfrom\n%s", after, before)
	}
}

func stageClosesOnce(t testing.TB, s stageSubject) {
	t.Helper()
	for _, status := range []int{200, 201, 302, 404, 500, 503} {
		var mu sync.Mutex
		var probes []*probe
		stage := s.make(t)
		Run(t, stage, s.exchange(http.MethodGet, "/things/1"),
			Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				p := newProbe(`{"a":1}`)
				mu.Lock()
				probes = append(probes, p)
				mu.Unlock()
				resp := pipeline.Respond(x, status, "application/json", nil)
				resp.Body, resp.ContentLength = p, 7
				return resp, nil
			}))
		for _, p := range probes {
			p.closedOnce(t, fmt.Sprintf("the body of a %d", status))
		}
	}
}

func stageWithoutBody(t testing.TB, s stageSubject) {
	t.Helper()
	tests := []struct {
		method string
		status int
	}{{http.MethodHead, 200}, {http.MethodHead, 404}, {http.MethodGet, 204}, {http.MethodGet, 304}}
	for _, test := range tests {
		var reached atomic.Int32
		p := newProbe("")
		x := s.exchange(test.method, "/things/1")
		resp := head(t, t.Context(), pipeline.Chain(answering(&reached, test.status, p), s.make(t)), x, &reached)
		body, err := readAll(t, resp.Body)
		if body != "" || err != nil {
			t.Errorf("%s with %d has the body %q, and ends with %v", test.method, test.status, body, err)
		}
		_ = resp.Body.Close()
		finish(t, x)
		p.closedOnce(t, fmt.Sprintf("the body of %s with %d", test.method, test.status))
	}
}

func stageTunnel(t testing.TB, s stageSubject) {
	t.Helper()
	tun := &tunnel{probe: newProbe("from the backend")}
	var reached atomic.Int32
	x := s.exchange(http.MethodGet, "/things/1", Upgrade("websocket"))
	h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		reached.Add(1)
		resp := pipeline.Respond(x, http.StatusSwitchingProtocols, "", nil)
		resp.Header.Set("Connection", "Upgrade")
		resp.Header.Set("Upgrade", "websocket")
		resp.Body = tun
		return resp, nil
	}, s.make(t))
	resp := head(t, t.Context(), h, x, &reached)
	defer finish(t, x)
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("101 became %d with the fields %v", resp.StatusCode, resp.Header)
	}
	rw, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("the tunnel became a %T, which cannot be written to", resp.Body)
	}
	if _, err := io.WriteString(rw, "from the client"); err != nil || tun.got() != "from the client" {
		t.Errorf("the backend got %q, and the client was told %v", tun.got(), err)
	}
	if got, err := readAll(t, rw); got != "from the backend" || err != nil {
		t.Errorf("the client got %q, and then %v", got, err)
	}
	_ = rw.Close()
	tun.closedOnce(t, "the tunnel")
}

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

func stageTrailers(t testing.TB, s stageSubject) {
	t.Helper()
	var reached atomic.Int32
	p := newProbe("hello")
	x := s.exchange(http.MethodGet, "/things/1")
	resp := head(t, t.Context(), pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp, err := answering(&reached, http.StatusOK, p)(ctx, x)
		p.atEnd = func() { resp.Trailer = http.Header{"X-Sum": {"5"}} }
		return resp, err
	}, s.make(t)), x, &reached)
	defer finish(t, x)
	if _, err := readAll(t, resp.Body); err != nil {
		t.Fatalf("read the body: %v", err)
	}
	if got := resp.Trailer.Get("X-Sum"); got != "5" {
		t.Errorf("the trailer is %q, not 5: is the response a copy?", got)
	}
	_ = resp.Body.Close()
}

func stageForgets(t testing.TB, s stageSubject) {
	t.Helper()
	const content = `{"a": 1, "b": "some text of a backend"}`
	var resp *http.Response
	watch := pipeline.Stage{Name: "watch", Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (r *http.Response, err error) {
			resp, err = next(ctx, x)
			return resp, err
		}
	}}
	stage := s.make(t)
	watch.Phase = stage.Phase
	fields := map[string]string{
		"Etag": `"strong"`, "Content-Length": fmt.Sprint(len(content)), "Content-Digest": "sha-256=:x:",
		"Repr-Digest": "sha-256=:x:", "Digest": "sha-256=x", "Content-Md5": "x",
	}
	got := RunChain(t, []pipeline.Stage{watch, stage}, s.exchange(http.MethodGet, "/things/1"),
		Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, http.StatusOK, "application/json", []byte(content))
			for field, value := range fields {
				resp.Header.Set(field, value)
			}
			return resp, nil
		}))
	if resp == nil || got.Err != nil {
		t.Skip("the stage refuses")
	}
	if n := resp.ContentLength; n >= 0 && n != int64(len(got.Body)) {
		t.Errorf("%d bytes are announced, and %d come", n, len(got.Body))
	}
	if got.Body == content {
		return
	}
	for field, value := range fields {
		if got.Header.Get(field) == value {
			t.Errorf("the body was changed, and %s is still %s", field, value)
		}
	}
}

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
