package cache_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// anyone is the Vary of a stage that does the same for every caller.
func anyone(*pipeline.Exchange) string { return "" }

// A bench is one cache before one backend. Its backend answers as told, and
// counts.
type bench struct {
	stage pipeline.Stage
	store cache.Store
	inner []pipeline.Stage

	mu      sync.Mutex
	calls   int
	sent    []http.Header // what each call bore
	answers []reply       // one for each call, the last one again and again
}

// A reply is what the backend answers.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// fields makes a header of names and values.
func fields(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func ok(body string, pairs ...string) reply {
	return reply{status: http.StatusOK, header: fields(pairs...), body: body}
}

func newBench(t testing.TB, c cache.Config, answers ...reply) *bench {
	t.Helper()
	b := &bench{store: memory.New(memory.Config{}), answers: answers}
	b.build(t, c)
	return b
}

// build makes the stage anew, on the same store.
func (b *bench) build(t testing.TB, c cache.Config, opts ...gatewaytest.Option) {
	t.Helper()
	var err error
	b.stage, err = cache.New(gatewaytest.Env(t, opts...), b.store, c)
	require.NoError(t, err)
	require.NoError(t, b.stage.Inner(b.inner))
}

// then puts further answers behind the last one.
func (b *bench) then(answers ...reply) *bench {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers = append(b.answers, answers...)
	return b
}

func (b *bench) backend(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	h := http.Header{}
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "Range"} {
		if v := x.Values(name); len(v) > 0 {
			h[name] = v
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.answers[min(b.calls, len(b.answers)-1)]
	b.calls++
	b.sent = append(b.sent, h)
	if r.err != nil {
		return nil, r.err
	}
	resp := pipeline.Respond(x, r.status, "", []byte(r.body))
	for name, values := range r.header {
		resp.Header[name] = values
	}
	if resp.Header["Date"] == nil {
		resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return resp, nil
}

func (b *bench) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

// do sends one request through the cache.
func (b *bench) do(t testing.TB, method, target string, opts ...gatewaytest.Option) gatewaytest.Result {
	t.Helper()
	return b.through(t, gatewaytest.NewExchange(method, target, opts...), b.backend)
}

// through sends x through the cache to the backend. That is the last stage and
// not what stands around it, because requests of the background reach it
// after x has ended.
func (b *bench) through(t testing.TB, x *pipeline.Exchange, backend pipeline.Handler) gatewaytest.Result {
	t.Helper()
	stages := append([]pipeline.Stage{b.stage}, b.inner...)
	stages = append(stages, pipeline.Stage{Name: "backend", Phase: pipeline.Forward, Wrap: func(pipeline.Handler) pipeline.Handler { return backend }})
	return gatewaytest.RunChain(t, stages, x)
}

func (b *bench) fetch(t testing.TB, opts ...gatewaytest.Option) gatewaytest.Result {
	t.Helper()
	return b.do(t, http.MethodGet, "/things/1", opts...)
}

// code returns the code of the cache's decision.
func code(r gatewaytest.Result) string {
	for _, d := range r.Decisions {
		if d.Stage == "policy" && d.Verdict != pipeline.Warn {
			return d.Code
		}
	}
	return ""
}

func with(name, value string) gatewaytest.Option { return gatewaytest.Header(name, value) }

func httpTime(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

func itoa(n int) string { return strconv.Itoa(n) }
