package cache_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A slowBackend answers each call after a second, by its number.
type slowBackend struct {
	calls   atomic.Int32
	answers func(call int, x *pipeline.Exchange) (*http.Response, error)
}

func (b *slowBackend) serve(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
	call := int(b.calls.Add(1))
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return b.answers(call, x)
}

func fresh(x *pipeline.Exchange, body string, pairs ...string) *http.Response {
	resp := pipeline.Respond(x, http.StatusOK, "", []byte(body))
	resp.Header.Set("Cache-Control", "max-age=60")
	for i := 0; i+1 < len(pairs); i += 2 {
		resp.Header.Set(pairs[i], pairs[i+1])
	}
	return resp
}

// crowd sends n requests at once, the first a moment before the others, and
// returns what came of them and how long it took.
func crowd(t *testing.T, c cache.Config, b *slowBackend, n int, opts ...func(i int) []gatewaytest.Option) ([]gatewaytest.Result, time.Duration) {
	t.Helper()
	bench := newBench(t, c)
	results, start := make([]gatewaytest.Result, n), time.Now()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if i > 0 {
				time.Sleep(time.Millisecond)
			}
			with := []gatewaytest.Option{gatewaytest.Next(b.serve)}
			for _, o := range opts {
				with = append(with, o(i)...)
			}
			results[i] = gatewaytest.Run(t, bench.stage, gatewaytest.NewExchange(http.MethodGet, "/things/1"), with...)
		})
	}
	all.Wait()
	return results, time.Since(start)
}

func TestOneRequestFetchesForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) { return fresh(x, "a"), nil }}
		results, took := crowd(t, cache.Config{}, b, 20)
		require.EqualValues(t, 1, b.calls.Load())
		require.Equal(t, time.Second, took)
		require.Equal(t, cache.CodeMiss, code(results[0]))
		for _, r := range results[1:] {
			require.Equal(t, "a", r.Body)
			require.Equal(t, cache.CodeCoalesced, code(r))
			require.Equal(t, "gateway; fwd=miss; ttl=59; collapsed", r.Header.Get("Cache-Status"))
		}
	})
}

func TestWithoutCoalescingEachAsksByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) { return fresh(x, "a"), nil }}
		crowd(t, cache.Config{Coalesce: new(bool)}, b, 20)
		require.EqualValues(t, 20, b.calls.Load())
	})
}

// TestNobodyWaitsForWhatCannotBeShared: followers of a leader whose answer is
// of no use to them ask at once and together, not one after the other.
func TestNobodyWaitsForWhatCannotBeShared(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config cache.Config
		answer func(call int, x *pipeline.Exchange) (*http.Response, error)
		status int
	}{
		"no-store": {status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			return fresh(x, "a", "Cache-Control", "no-store"), nil
		}},
		"no-cache": {status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			return fresh(x, "a", "Cache-Control", "no-cache", "Etag", `"e"`), nil
		}},
		"a body announced as too long": {config: cache.Config{MaxEntry: 1}, status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			return fresh(x, "long"), nil
		}},
		"a body that turns out too long": {config: cache.Config{MaxEntry: 1}, status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			resp := fresh(x, "long")
			resp.ContentLength = -1
			return resp, nil
		}},
		"an error": {status: 502, answer: func(int, *pipeline.Exchange) (*http.Response, error) {
			return nil, &pipeline.UpstreamError{Kind: pipeline.UpstreamReset}
		}},
		"a refusal": {status: 403, answer: func(int, *pipeline.Exchange) (*http.Response, error) {
			return nil, pipeline.Refuse(403, "no", "")
		}},
		"a panic": {status: 500, answer: func(int, *pipeline.Exchange) (*http.Response, error) { panic("of a stage") }},
		"a body that breaks": {status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			resp := fresh(x, "a")
			resp.Body, resp.ContentLength = io.NopCloser(broken{errors.New("cut")}), -1
			return resp, nil
		}},
		"a body that panics": {status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			resp := fresh(x, "a")
			resp.Body, resp.ContentLength = io.NopCloser(broken{}), -1
			return resp, nil
		}},
		"a body shorter than announced": {status: 200, answer: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			resp := fresh(x, "a")
			resp.ContentLength = 2
			return resp, nil
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &slowBackend{answers: test.answer}
				results, took := crowd(t, test.config, b, 20)
				require.EqualValues(t, 20, b.calls.Load())
				require.Less(t, took, 2500*time.Millisecond)
				for _, r := range results {
					require.Equal(t, test.status, r.Status)
					require.Equal(t, b.calls.Load(), int32(20))
				}
			})
		})
	}
}

// broken is a body that fails, or panics.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) {
	if b.err == nil {
		panic("of a body")
	}
	return 0, b.err
}

func TestAFollowerTakesOverFromALeaderWhoseClientLeaves(t *testing.T) {
	t.Parallel()
	tests := map[string]func(cancel context.CancelFunc, leader *pipeline.Exchange, h pipeline.Handler, ctx context.Context){
		"before the head": func(cancel context.CancelFunc, leader *pipeline.Exchange, h pipeline.Handler, ctx context.Context) {
			time.AfterFunc(500*time.Millisecond, cancel)
			_, _ = h(ctx, leader)
		},
		"during the body": func(_ context.CancelFunc, leader *pipeline.Exchange, h pipeline.Handler, ctx context.Context) {
			resp, err := h(ctx, leader)
			if err == nil {
				_ = resp.Body.Close()
			}
		},
		"without closing the body": func(_ context.CancelFunc, leader *pipeline.Exchange, h pipeline.Handler, ctx context.Context) {
			_, _ = h(ctx, leader)
		},
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) { return fresh(x, "a"), nil }}
				bench := newBench(t, cache.Config{})
				h := pipeline.Chain(b.serve, bench.stage)
				var all sync.WaitGroup
				all.Go(func() {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
					leave(cancel, x, h, ctx)
					require.NoError(t, x.Finish(&pipeline.Summary{}))
				})
				for range 10 {
					all.Go(func() {
						time.Sleep(time.Millisecond)
						r := gatewaytest.Run(t, bench.stage, gatewaytest.NewExchange(http.MethodGet, "/things/1"), gatewaytest.Next(b.serve))
						require.Equal(t, "a", r.Body)
					})
				}
				all.Wait()
				require.EqualValues(t, 2, b.calls.Load(), "one of the followers leads the others")
			})
		})
	}
}

func TestAFollowerDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config   cache.Config
		deadline time.Duration
		want     time.Duration
	}{
		"no longer than five seconds":     {want: 5 * time.Second},
		"no longer than the setting":      {config: cache.Config{CoalesceWait: registry.Duration(time.Second)}, want: time.Second},
		"no longer than its own deadline": {deadline: 2 * time.Second, want: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				bench := newBench(t, test.config)
				r, w := io.Pipe()
				x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
				resp, err := bench.stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
					resp := fresh(x, "")
					resp.Body, resp.ContentLength = r, -1
					return resp, nil
				})(t.Context(), x)
				require.NoError(t, err)
				start := time.Now()
				follower := gatewaytest.NewExchange(http.MethodGet, "/things/1")
				if test.deadline > 0 {
					follower.Hasten(start.Add(test.deadline))
				}
				got := gatewaytest.Run(t, bench.stage, follower)
				require.Equal(t, "ok", got.Body)
				require.Equal(t, test.want, time.Since(start))
				require.NoError(t, w.Close())
				require.NoError(t, resp.Body.Close())
				require.NoError(t, x.Finish(&pipeline.Summary{}))
			})
		})
	}
}

func TestAFollowerWhoseClientLeavesIsLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) { return fresh(x, "a"), nil }}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		results, _ := crowd(t, cache.Config{}, b, 2, func(i int) []gatewaytest.Option {
			if i == 0 {
				return nil
			}
			return []gatewaytest.Option{gatewaytest.Context(ctx)}
		})
		require.Equal(t, "a", results[0].Body)
		require.ErrorIs(t, results[1].Err, context.Canceled)
		require.EqualValues(t, 1, b.calls.Load())
	})
}

func TestFollowersOfAnotherVariantAskByThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			return fresh(x, x.Get("Accept"), "Vary", "Accept"), nil
		}}
		results, _ := crowd(t, cache.Config{}, b, 6, func(i int) []gatewaytest.Option {
			return []gatewaytest.Option{with("Accept", "type/"+itoa(i%2))}
		})
		for i, r := range results {
			require.Equal(t, "type/"+itoa(i%2), r.Body)
		}
		require.EqualValues(t, 4, b.calls.Load(), "the leader, and three for whom its answer is not")
	})
}

func TestConditionalRequestsAreNotCoalesced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			if x.Get("If-None-Match") != "" {
				return pipeline.Respond(x, http.StatusNotModified, "", nil), nil
			}
			return fresh(x, "a"), nil
		}}
		results, _ := crowd(t, cache.Config{}, b, 3, func(i int) []gatewaytest.Option {
			if i == 0 {
				return []gatewaytest.Option{with("If-None-Match", `"mine"`)}
			}
			return nil
		})
		require.Equal(t, http.StatusNotModified, results[0].Status)
		require.Equal(t, "a", results[1].Body)
		require.Equal(t, "a", results[2].Body)
		require.EqualValues(t, 2, b.calls.Load())
	})
}

func TestOneRequestValidatesForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bench := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Etag", `"e"`))
		bench.fetch(t)
		time.Sleep(time.Minute)
		b := &slowBackend{answers: func(_ int, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, http.StatusNotModified, "", nil)
			resp.Header.Set("Etag", `"e"`)
			return resp, nil
		}}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				r := gatewaytest.Run(t, bench.stage, gatewaytest.NewExchange(http.MethodGet, "/things/1"), gatewaytest.Next(b.serve))
				require.Equal(t, "a", r.Body)
			})
		}
		all.Wait()
		require.EqualValues(t, 1, b.calls.Load())
	})
}
