package gatewaytest

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

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
//		return gatewaytest.Build(t, header.Kind(), `{"request":{"set":{"X-A":"b"}}}`)[0]
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
		{"no exchange is kept after its end", stageLetsGo},
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
