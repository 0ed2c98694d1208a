package cache_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestFaultsOfSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ config, want string }{
		"a method that is not answered from a cache": {`{"methods":["GET","POST"]}`, "/methods/1"},
		"a status that is never stored":              {`{"statuses":[200,206,304,100,600]}`, "/statuses/1"},
		"what is to become of Authorization":         {`{"authorization":"calle"}`, `did you mean "caller"?`},
		"a field that is none":                       {`{"key":{"headers":["a b"]}}`, "/key/headers/0"},
		"both lists of parameters":                   {`{"key":{"query":{"include":["a"],"ignore":["b"]}}}`, "/key/query/ignore"},
		"a parameter without a name":                 {`{"key":{"query":{"ignore":["a",""]}}}`, "/key/query/ignore/1"},
		"a header of tags that is none":              {`{"tags_header":"a b"}`, "/tags_header"},
		"a name that Cache-Status cannot hold":       {`{"name":"my gateway"}`, "/name"},
		"a store that nobody knows":                  {`{"store":{"memry":{}}}`, `did you mean "memory"?`},
		"settings of the store":                      {`{"store":{"memory":{"size":"many"}}}`, "/store/memory/size"},
		"a setting that nobody knows":                {`{"tll":"1m"}`, `"tll"`},
		"a duration that is none":                    {`{"ttl":"soon"}`, "/ttl"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gatewaytest.TryBuild(t, cache.Kind(), test.config, gatewaytest.WithKinds(memory.Kind()))
			require.ErrorContains(t, err, test.want)
		})
	}
	err := cache.Config{TTL: -1, StaleIfError: -1, StaleWhileRevalidate: -1, CoalesceWait: -1, MaxEntry: -1}.Validate()
	require.Len(t, registry.AsFaults(err), 5)
}

func TestAllSettings(t *testing.T) {
	t.Parallel()
	stages := gatewaytest.Build(t, cache.Kind(), `{
		"ttl":"30s","max_entry":"64KiB","shared":false,"authorization":"explicit","methods":["GET"],"statuses":[200],
		"key":{"headers":["X-A"],"query":{"include":["a"]}},"stale_if_error":"1h","stale_while_revalidate":"1m",
		"coalesce":true,"coalesce_wait":"1s","tags_header":"X-Tags","name":"edge-1","store":{"cluster":{}}}`,
		gatewaytest.WithKinds(cache.Fixed("cluster", memory.New(memory.Config{}))))
	require.Len(t, stages, 1)
	require.Equal(t, pipeline.Cache, stages[0].Phase)
	require.Equal(t, "cache", stages[0].Name)
	require.NotNil(t, stages[0].Inner)
}

func TestWhatAStageIsNotMadeOf(t *testing.T) {
	t.Parallel()
	_, err := cache.New(&pipeline.Env{}, memory.New(memory.Config{}), cache.Config{})
	require.ErrorContains(t, err, "edge chain")
	_, err = cache.New(gatewaytest.Env(t), nil, cache.Config{})
	require.ErrorContains(t, err, "store")
	_, err = cache.New(gatewaytest.Env(t), memory.New(memory.Config{}), cache.Config{TTL: -1})
	require.ErrorContains(t, err, "/ttl")
	_, err = gatewaytest.TryBuild(t, cache.Kind(), `{"store":{"cluster":{}}}`, gatewaytest.WithKinds(cache.Fixed("cluster", nil)))
	require.ErrorContains(t, err, "/store/cluster")
}

// TestCacheStatus holds what is told to RFC 9211.
func TestCacheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cache.Config{Name: "edge-1"}, ok("a", "Cache-Control", "max-age=60", "Cache-Status", "origin; hit"),
			ok("b", "Cache-Control", "no-store"))
		status := func(opts ...gatewaytest.Option) string { return b.fetch(t, opts...).Header.Get("Cache-Status") }
		require.Equal(t, "origin; hit, edge-1; fwd=miss; ttl=60; stored", status())
		time.Sleep(500 * time.Millisecond)
		require.Equal(t, "edge-1; hit; ttl=59", status())
		require.Equal(t, "edge-1; fwd=bypass", status(with("Range", "bytes=0-0")))
		require.Equal(t, "edge-1; fwd=request", status(with("Cache-Control", "no-store")))
		require.Equal(t, "edge-1; fwd=request", status(with("Cache-Control", "no-cache")))
		require.Equal(t, "edge-1; detail=only-if-cached", status(with("Cache-Control", "only-if-cached")), "no-store has let it go")
	})
}

func TestAFailureToldToo(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, reply{err: &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: errors.New("cut")}})
	r := b.fetch(t)
	require.Equal(t, 502, r.Status)
	require.Equal(t, "gateway; fwd=miss", r.Header.Get("Cache-Status"))
	require.Equal(t, cache.CodeMiss, code(r))
}

func TestOnlyIfCachedIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("a"))
	r := b.fetch(t, with("Cache-Control", "only-if-cached"))
	require.Equal(t, 504, r.Status)
	require.True(t, r.Denied(cache.CodeNotCached))
	require.Zero(t, b.asked())
}

func TestAStoreThatFailsCostsNothingButTheHit(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Vary", "A"))
	b.store = &gatewaytest.Store{Err: errors.New("away")}
	b.build(t, cache.Config{})
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		r := b.do(t, method, "/things/1")
		require.Equal(t, 200, r.Status)
		require.Equal(t, "a", r.Body)
		var warned bool
		for _, d := range r.Decisions {
			warned = warned || d.Verdict == pipeline.Warn && d.Code == cache.CodeUnavailable
		}
		require.True(t, warned)
	}
}

// TestEntriesAreNotAltered: whoever stands outside may do with its response as
// it likes.
func TestEntriesAreNotAltered(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("body", "Cache-Control", "max-age=60", "Link", "<a>", "Link", "<b>"))
	outer := pipeline.Stage{Name: "outer", Phase: pipeline.Observe, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp, err := next(ctx, x)
			if err == nil {
				resp.Header.Del("Cache-Control")
				resp.Header["Link"] = append(resp.Header["Link"], "<mine>")
				resp.Header.Set("X-Mine", "1")
				pipeline.Wrap(resp, func(r io.Reader) io.Reader { return io.MultiReader(r, strings.NewReader("+")) })
			}
			return resp, err
		}
	}}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
				r := gatewaytest.RunChain(t, []pipeline.Stage{outer, b.stage}, x, gatewaytest.Next(b.backend))
				require.Equal(t, "body+", r.Body)
				require.Equal(t, []string{"<a>", "<b>", "<mine>"}, r.Header["Link"])
			}
		})
	}
	all.Wait()
	r := b.fetch(t)
	require.Equal(t, cache.CodeHit, code(r))
	require.Equal(t, []string{"<a>", "<b>"}, r.Header["Link"])
	require.Empty(t, r.Header["X-Mine"])
	require.Equal(t, "max-age=60", r.Header.Get("Cache-Control"))
}

func TestWhatConnectionNamesIsNotStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Connection", "x-hop, close", "X-Hop", "1", "Keep-Alive", "1"))
	b.fetch(t)
	r := b.fetch(t)
	require.Equal(t, cache.CodeHit, code(r))
	for _, name := range []string{"Connection", "X-Hop", "Keep-Alive"} {
		require.Empty(t, r.Header[name])
	}
}

// TestABodyThatIsNotReadToItsEndIsNotStored also holds that it is closed.
func TestABodyThatIsNotReadToItsEndIsNotStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("four", "Cache-Control", "max-age=60"))
	h := b.stage.Wrap(b.backend)
	for _, read := range []int{0, 1, 4} { // and the end was not seen
		x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
		resp, err := h(t.Context(), x)
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, read))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, x.Finish(&pipeline.Summary{}))
	}
	require.Equal(t, cache.CodeMiss, code(b.fetch(t)))
	require.Equal(t, cache.CodeHit, code(b.fetch(t)))
}

func TestMissesKeepWhatTheBackendSaid(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("four", "Cache-Control", "public, max-age=60", "Etag", `"e"`, "Set-Cookie", "s=1", "Content-Length", "4"))
	x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
	resp, err := b.stage.Wrap(b.backend)(t.Context(), x)
	require.NoError(t, err)
	require.EqualValues(t, 4, resp.ContentLength)
	require.Equal(t, `"e"`, resp.Header.Get("Etag"))
	require.Equal(t, "s=1", resp.Header.Get("Set-Cookie"))
	require.NoError(t, resp.Body.Close())
}

// TestABackgroundValidationThatPanicsHarmsNobody: and that refuses, and that
// never ends.
func TestABackgroundValidationThatFailsHarmsNobody(t *testing.T) {
	t.Parallel()
	tests := map[string]pipeline.Handler{
		"it panics": func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("of a stage") },
		"it refuses": func(context.Context, *pipeline.Exchange) (*http.Response, error) {
			return nil, pipeline.Refuse(403, "no", "")
		},
		"it never ends": func(ctx context.Context, _ *pipeline.Exchange) (*http.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
	for name, fails := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cache.Config{StaleWhileRevalidate: registry.Duration(time.Hour)}, ok("a", "Cache-Control", "max-age=60"))
				b.fetch(t)
				time.Sleep(time.Minute)
				for range 100 {
					x := gatewaytest.NewExchange(http.MethodGet, "/things/1")
					r := b.through(t, x, fails)
					require.Equal(t, "a", r.Body)
					require.Equal(t, cache.CodeStale, code(r))
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				require.Equal(t, cache.CodeStale, code(b.fetch(t)))
				synctest.Wait()
				require.Equal(t, cache.CodeHit, code(b.fetch(t)), "and the next one is tried")
			})
		})
	}
}

func TestBackgroundValidationAsksForTheWholeAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cache.Config{StaleWhileRevalidate: registry.Duration(time.Hour)},
			ok("a", "Cache-Control", "max-age=60", "Etag", `"e"`), notModified("Etag", `"e"`))
		b.fetch(t)
		time.Sleep(time.Minute)
		r := b.fetch(t, with("If-None-Match", `"mine"`))
		require.Equal(t, "a", r.Body)
		synctest.Wait()
		require.Equal(t, `"e"`, b.sent[1].Get("If-None-Match"))
		require.Equal(t, cache.CodeHit, code(b.fetch(t)))
	})
}

func TestAnAnswerWithoutFieldsIsStoredToo(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{TTL: registry.Duration(time.Minute)})
	bare := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, "", []byte("a"))
		resp.Header = nil
		return resp, nil
	}
	for _, want := range []string{cache.CodeMiss, cache.CodeHit} {
		r := b.through(t, gatewaytest.NewExchange(http.MethodGet, "/things/1"), bare)
		require.Equal(t, "a", r.Body)
		require.Equal(t, want, code(r))
	}
}
