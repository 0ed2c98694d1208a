package gatewaytest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// stageOf makes a stage of a function.
func stageOf(f func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error)) func(testing.TB) pipeline.Stage {
	return func(testing.TB) pipeline.Stage {
		return pipeline.Stage{Name: "probe", Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) { return f(ctx, x, next) }
		}}
	}
}

// altering is a stage that does something to the response.
func altering(f func(resp *http.Response)) func(testing.TB) pipeline.Stage {
	return stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		resp, err := next(ctx, x)
		if err == nil {
			f(resp)
		}
		return resp, err
	})
}

// before is a stage that does something to the exchange.
func before(f func(x *pipeline.Exchange)) func(testing.TB) pipeline.Stage {
	return stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		f(x)
		return next(ctx, x)
	})
}

func TestStageLetsGoodStagesPass(t *testing.T) {
	t.Parallel()
	good := map[string]func(testing.TB) pipeline.Stage{
		"one that does nothing": before(func(*pipeline.Exchange) {}),
		"one that edits": before(func(x *pipeline.Exchange) {
			x.Set("X-Conformance", "set")
			x.Add("X-Conformance", "added")
			x.Del("Accept")
			x.SetTarget("/other")
			x.SetReply("X-Reply", "set")
		}),
		"one that wraps bodies": altering(func(resp *http.Response) {
			pipeline.Wrap(resp, func(r io.Reader) io.Reader { return onlyReader{r} })
		}),
		"one that refuses": stageOf(func(context.Context, *pipeline.Exchange, pipeline.Handler) (*http.Response, error) {
			return nil, pipeline.Refuse(403, "nope", "")
		}),
		"one that answers": stageOf(func(_ context.Context, x *pipeline.Exchange, _ pipeline.Handler) (*http.Response, error) {
			return pipeline.Respond(x, 200, "text/plain", []byte("hello")), nil
		}),
		"one that drops what it does not like": stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			resp, err := next(ctx, x)
			if err != nil || resp.StatusCode < 500 {
				return resp, err
			}
			if err := resp.Body.Close(); err != nil {
				return nil, err
			}
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamReset}
		}),
		"one with something in the background": func(t testing.TB) pipeline.Stage {
			Env(t).Go(func(ctx context.Context) { <-ctx.Done() })
			return before(func(*pipeline.Exchange) {})(t)
		},
	}
	for name, stage := range good {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			TestStage(t, stage)
		})
	}
}

type onlyReader struct{ io.Reader }

func TestStageHasTeeth(t *testing.T) {
	t.Parallel()
	var stuck sync.Mutex
	tests := []struct {
		name   string
		broken func(testing.TB) pipeline.Stage
		checks []string
	}{
		{"alters In", before(func(x *pipeline.Exchange) { x.In.Header.Set("X-New", "x") }),
			[]string{"an ordinary exchange leaves the request whole"}},
		{"keeps the exchange before", before(new(keeping).keep), []string{"no exchange is kept after its end"}},
		{"writes to the exchange before", before(new(keeping).write), []string{"no exchange is kept after its end"}},
		{"keeps the identity of the exchange", before(new(keeping).identity), []string{"no exchange is kept after its end"}},
		{"alters the path of In", before(func(x *pipeline.Exchange) { x.In.URL.Path = "/x" }),
			[]string{"an ordinary exchange leaves the request whole"}},
		{"writes into the values of In", before(func(x *pipeline.Exchange) { _ = append(x.In.Header["X-Conformance"], "behind") }),
			[]string{"an ordinary exchange leaves the request whole"}},
		{"reads the form of In", before(func(x *pipeline.Exchange) { _ = x.In.ParseForm(); x.In.Header.Del("Content-Type") }),
			[]string{"an ordinary exchange leaves the request whole"}},
		{"writes into the values of the response", altering(func(resp *http.Response) { _ = append(resp.Header["Vary"], "Origin") }),
			[]string{"values of response fields are not written into"}},
		{"gives back neither", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			resp, _ := next(ctx, x)
			drop(resp)
			return nil, nil
		}), []string{"an ordinary exchange leaves the request whole", "HEAD, 204 and 304 have no body"}},
		{"gives back both", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			resp, _ := next(ctx, x)
			return resp, errors.New("both")
		}), []string{"an ordinary exchange leaves the request whole"}},
		{"drops a body", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			resp, err := next(ctx, x)
			if err == nil && resp.StatusCode == 503 {
				return nil, pipeline.Refuse(503, "later", "")
			}
			return resp, err
		}), []string{"each response body is closed once, also one that is dropped"}},
		{"closes twice", altering(func(resp *http.Response) { resp.Body = twice{resp.Body} }),
			[]string{"each response body is closed once, also one that is dropped", "HEAD, 204 and 304 have no body", "a body may be closed before its end"}},
		{"forgets Close", altering(func(resp *http.Response) { resp.Body = io.NopCloser(resp.Body) }),
			[]string{"each response body is closed once, also one that is dropped", "a body may be closed before its end", "a body may be closed during a read"}},
		{"puts a body where there is none", altering(func(resp *http.Response) {
			resp.Body = readCloser{io.MultiReader(onlyReader{resp.Body}, newReader("tail", nil)), resp.Body}
		}), []string{"HEAD, 204 and 304 have no body"}},
		{"makes a reader of a tunnel", altering(func(resp *http.Response) { resp.Body = readCloser{resp.Body, resp.Body} }),
			[]string{"101 is a tunnel and is left alone"}},
		{"waits to fill a buffer", altering(func(resp *http.Response) { resp.Body = readCloser{&filling{r: resp.Body}, resp.Body} }),
			[]string{"a stream comes through chunk by chunk"}},
		{"takes a cut for an end", altering(func(resp *http.Response) { resp.Body = readCloser{wellEnding{resp.Body}, resp.Body} }),
			[]string{"a body that breaks does not end well"}},
		{"answers with a copy", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			resp, err := next(ctx, x)
			if err != nil {
				return nil, err
			}
			c := *resp
			return &c, nil
		}), []string{"trailers that nobody announced come through"}},
		{"closes under the lock of Read", altering(func(resp *http.Response) { resp.Body = &locking{body: resp.Body} }),
			[]string{"a body may be closed during a read"}},
		{"reads the whole request body", before(func(x *pipeline.Exchange) { _, _ = io.ReadAll(x.In.Body) }),
			[]string{"an answer does not wait for the request body"}},
		{"keeps a lock when something panics", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			if !stuck.TryLock() {
				<-ctx.Done()
			}
			resp, err := next(ctx, x)
			stuck.Unlock()
			return resp, err
		}), []string{"a panic in the next handler harms nobody else"}},
		{"forgets the client's context", stageOf(func(_ context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			return next(context.Background(), x)
		}), []string{"a client that is gone ends the exchange"}},
		{"hides that the route retires", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			return next(ctx, &pipeline.Exchange{In: x.In})
		}), []string{"a route that retires ends its streams"}},
		{"leaves a goroutine", before(func(*pipeline.Exchange) { go func() { select {} }() }),
			[]string{"no goroutine is left"}},
		{"ends the context before the body was read", stageOf(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return next(ctx, x)
		}), []string{"the context lives as long as the body"}},
		{"puts the deadline off", before(func(x *pipeline.Exchange) { x.Deadline = time.Now().Add(time.Hour) }),
			[]string{"the deadline is never put off"}},
		{"forgets the deadline", before(func(x *pipeline.Exchange) { x.Deadline = time.Time{} }),
			[]string{"the deadline is never put off"}},
		{"keeps the tag of what it has changed", altering(func(resp *http.Response) {
			resp.Body = readCloser{io.MultiReader(resp.Body, newReader("tail", nil)), resp.Body}
		}), []string{"a body that is changed does not keep its length, tag and digest"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bites(t, stageChecks(), stageSubject{make: test.broken}, test.checks...)
		})
	}
}

func TestStageSkipsWhatThereIsNothingToSee(t *testing.T) {
	t.Parallel()
	answers := stageOf(func(_ context.Context, x *pipeline.Exchange, _ pipeline.Handler) (*http.Response, error) {
		return pipeline.Respond(x, 200, "", nil), nil
	})
	i := slices.IndexFunc(stageChecks(), func(c check[stageSubject]) bool { return c.name == "a stream comes through chunk by chunk" })
	d := judge(t, stageChecks()[i], stageSubject{make: answers})
	require.True(t, d.skipped)
	require.False(t, d.Failed())
}

type readCloser struct {
	io.Reader
	io.Closer
}

type twice struct{ io.ReadCloser }

func (b twice) Close() error { _ = b.ReadCloser.Close(); return b.ReadCloser.Close() }

type wellEnding struct{ io.Reader }

func (w wellEnding) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

type filling struct{ r io.Reader }

func (f *filling) Read(p []byte) (int, error) { return io.ReadFull(f.r, p) }

type locking struct {
	mu   sync.Mutex
	body io.ReadCloser
}

func (l *locking) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.body.Read(p)
}
func (l *locking) Close() error { l.mu.Lock(); defer l.mu.Unlock(); return l.body.Close() }

// keeping keeps what it must not.
type keeping struct {
	mu sync.Mutex
	x  *pipeline.Exchange
	id *pipeline.Identity
}

func (k *keeping) keep(x *pipeline.Exchange) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.x = x
}

func (k *keeping) write(x *pipeline.Exchange) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.x != nil {
		k.x.Decide(pipeline.Decision{Stage: "keeping", Verdict: pipeline.Warn})
	}
	k.x = x
}

func (k *keeping) identity(x *pipeline.Exchange) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.id = x.NewIdentity()
}
