package cache_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func notModified(pairs ...string) reply {
	return reply{status: http.StatusNotModified, header: fields(pairs...)}
}

// TestConditionalRequests holds answers from the cache to RFC 9110 section
// 13.2.2.
func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	before, at, after := httpTime(-2*time.Hour), httpTime(-time.Hour), httpTime(0)
	tests := map[string]struct {
		stored []string
		asks   []string
		want   int
	}{
		"the tag that is stored":                 {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"e"`}, want: 304},
		"the tag in its weak form":               {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `W/"e"`}, want: 304},
		"a weak tag that is stored":              {stored: []string{"Etag", `W/"e"`}, asks: []string{"If-None-Match", `"e"`}, want: 304},
		"the tag in a list":                      {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"a,b", W/"c" , "e"`}, want: 304},
		"the tag in a second line":               {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"a"`, "If-None-Match", `"e"`}, want: 304},
		"any tag":                                {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `*`}, want: 304},
		"another tag":                            {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"f"`}, want: 200},
		"what is no tag":                         {stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `e`}, want: 200},
		"a tag, where none is stored":            {asks: []string{"If-None-Match", `"e"`}, want: 200},
		"the time that is stored":                {stored: []string{"Last-Modified", at}, asks: []string{"If-Modified-Since", at}, want: 304},
		"a later time":                           {stored: []string{"Last-Modified", at}, asks: []string{"If-Modified-Since", after}, want: 304},
		"an earlier time":                        {stored: []string{"Last-Modified", at}, asks: []string{"If-Modified-Since", before}, want: 200},
		"what is no time":                        {stored: []string{"Last-Modified", at}, asks: []string{"If-Modified-Since", "x"}, want: 200},
		"a time, where but Date is stored":       {stored: []string{"Date", at}, asks: []string{"If-Modified-Since", at}, want: 304},
		"another tag outweighs a later time":     {stored: []string{"Etag", `"e"`, "Last-Modified", at}, asks: []string{"If-None-Match", `"f"`, "If-Modified-Since", after}, want: 200},
		"the same tag outweighs an earlier time": {stored: []string{"Etag", `"e"`, "Last-Modified", at}, asks: []string{"If-None-Match", `"e"`, "If-Modified-Since", before}, want: 304},
		"two times, of which nobody knows which": {stored: []string{"Last-Modified", at}, asks: []string{"If-Modified-Since", at, "If-Modified-Since", at}, want: 200},
		"a request that is not conditional":      {stored: []string{"Etag", `"e"`}, want: 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := append([]string{"Cache-Control", "max-age=86400", "Content-Type", "text/plain"}, test.stored...)
			b := newBench(t, cache.Config{}, ok("a", stored...))
			b.fetch(t)
			var opts []gatewaytest.Option
			for i := 0; i < len(test.asks); i += 2 {
				opts = append(opts, with(test.asks[i], test.asks[i+1]))
			}
			r := b.fetch(t, opts...)
			require.Equal(t, test.want, r.Status)
			require.Equal(t, 1, b.asked())
			require.Equal(t, "max-age=86400", r.Header.Get("Cache-Control"))
			if test.want == 304 {
				require.Empty(t, r.Body)
				require.Empty(t, r.Header["Content-Type"])
			}
		})
	}
}

func TestAStaleEntryIsValidated(t *testing.T) {
	t.Parallel()
	modified := httpTime(-time.Hour)
	tests := map[string]struct {
		stored []string
		asks   []string
		tags   string // that the backend was asked about
		since  string
		says   reply
		want   int
		body   string
		code   string
		next   string // the code of the request after
	}{
		"by its tag": {
			stored: []string{"Etag", `"e"`}, tags: `"e"`,
			says: notModified("Etag", `"e"`, "Cache-Control", "max-age=60", "X-New", "1"), want: 200, body: "old", code: cache.CodeRevalidated, next: cache.CodeHit,
		},
		"by its time": {
			stored: []string{"Last-Modified", modified}, since: modified,
			says: notModified("Cache-Control", "max-age=60", "X-New", "1"), want: 200, body: "old", code: cache.CodeRevalidated, next: cache.CodeHit,
		},
		"and replaced": {
			stored: []string{"Etag", `"e"`}, tags: `"e"`,
			says: ok("new", "Cache-Control", "max-age=60", "X-New", "1"), want: 200, body: "new", code: cache.CodeMiss, next: cache.CodeHit,
		},
		"and let go where the new one is not to be stored": {
			stored: []string{"Etag", `"e"`}, tags: `"e"`,
			says: ok("new", "Cache-Control", "no-store", "X-New", "1"), want: 200, body: "new", code: cache.CodeMiss, next: cache.CodeMiss,
		},
		"and let go where that is forbidden from now on": {
			stored: []string{"Etag", `"e"`}, tags: `"e"`,
			says: notModified("Etag", `"e"`, "Cache-Control", "private", "X-New", "1"), want: 200, body: "old", code: cache.CodeRevalidated, next: cache.CodeMiss,
		},
		"for a client who has it": {
			stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"e"`}, tags: `"e", "e"`,
			says: notModified("Etag", `"e"`, "Cache-Control", "max-age=60", "X-New", "1"), want: 304, code: cache.CodeRevalidated, next: cache.CodeHit,
		},
		"for a client who has an older one": {
			stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"d"`}, tags: `"e", "d"`,
			says: notModified("Etag", `"e"`, "Cache-Control", "max-age=60", "X-New", "1"), want: 200, body: "old", code: cache.CodeRevalidated, next: cache.CodeHit,
		},
		"for a client who has a newer one": {
			stored: []string{"Etag", `"e"`}, asks: []string{"If-None-Match", `"f"`}, tags: `"e", "f"`,
			says: notModified("Etag", `"f"`, "X-New", "1"), want: 304, code: cache.CodeMiss, next: cache.CodeMiss,
		},
		"for a client who asks by time": {
			stored: []string{"Etag", `"e"`, "Last-Modified", modified}, asks: []string{"If-Modified-Since", modified}, tags: `"e"`,
			says: notModified("Etag", `"e"`, "Cache-Control", "max-age=60", "X-New", "1"), want: 304, code: cache.CodeRevalidated, next: cache.CodeHit,
		},
		"not at all for a client whose tag it lacks": {
			stored: []string{"Last-Modified", modified}, asks: []string{"If-None-Match", `"f"`}, tags: `"f"`,
			says: notModified("Etag", `"f"`, "X-New", "1"), want: 304, code: cache.CodeMiss, next: cache.CodeMiss,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := append([]string{"Cache-Control", "max-age=60", "X-New", "0"}, test.stored...)
			b := newBench(t, cache.Config{}, ok("old", stored...), test.says, reply{status: 299})
			synctest.Test(t, func(t *testing.T) {
				b.store = &gatewaytest.Store{}
				b.build(t, cache.Config{})
				b.fetch(t)
				time.Sleep(61 * time.Second)
				var opts []gatewaytest.Option
				for i := 0; i < len(test.asks); i += 2 {
					opts = append(opts, with(test.asks[i], test.asks[i+1]))
				}
				r := b.fetch(t, opts...)
				require.Equal(t, test.tags, b.sent[1].Get("If-None-Match"))
				require.Equal(t, test.since, b.sent[1].Get("If-Modified-Since"))
				require.Equal(t, test.want, r.Status)
				require.Equal(t, test.body, r.Body)
				require.Equal(t, test.code, code(r))
				require.Equal(t, []string{"1"}, r.Header["X-New"])
				require.Contains(t, r.Header.Get("Cache-Status"), "fwd=stale")
				require.Equal(t, test.next, code(b.fetch(t)))
			})
		})
	}
}

func TestA304AboutWhatNobodyHasIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cache.Config{}, ok("old", "Cache-Control", "max-age=60", "Etag", `"e"`),
			notModified("Etag", `"f"`), ok("new", "Cache-Control", "max-age=60"))
		b.fetch(t)
		time.Sleep(time.Minute)
		r := b.fetch(t)
		require.Equal(t, 200, r.Status)
		require.Equal(t, "new", r.Body)
		require.Empty(t, b.sent[2])
	})
}

func TestWhatIsNeverFreshIsStoredAndValidatedEachTime(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]reply{
		"by its word":                ok("a", "Cache-Control", "no-cache", "Etag", `"e"`),
		"for want of any other word": ok("a", "Etag", `"e"`),
		"since it is never fresh":    ok("a", "Cache-Control", "max-age=0", "Etag", `"e"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, cache.Config{StaleWhileRevalidate: registry.Duration(time.Hour)}, first, notModified("Etag", `"e"`))
			b.fetch(t)
			for range 3 {
				r := b.fetch(t)
				require.Equal(t, "a", r.Body)
				require.Equal(t, cache.CodeRevalidated, code(r))
			}
			require.Equal(t, 4, b.asked())
		})
	}
}

func TestARequestWithNoCacheValidatesAFreshEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Etag", `"e"`), notModified("Etag", `"e"`))
		b.fetch(t)
		r := b.fetch(t, with("Cache-Control", "no-cache"))
		require.Equal(t, "a", r.Body)
		require.Equal(t, "gateway; fwd=request; fwd-status=304; ttl=60; stored", r.Header.Get("Cache-Status"))
	})
}

// TestStaleIfError holds it to RFC 5861 section 4.
func TestStaleIfError(t *testing.T) {
	t.Parallel()
	refused := reply{err: &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect, Err: errors.New("refused")}}
	setting := cache.Config{StaleIfError: registry.Duration(time.Minute)}
	tests := map[string]struct {
		config cache.Config
		says   string
		asks   string
		fails  reply
		older  time.Duration
		want   int
	}{
		"by the setting, where the backend is away":    {config: setting, fails: refused, want: 200},
		"by the setting, where it says 503":            {config: setting, fails: reply{status: 503}, want: 200},
		"by the setting, where its answer is withheld": {config: setting, fails: reply{err: pipeline.Refuse(502, "no", "")}, want: 200},
		"not where the gateway is at fault":            {config: setting, fails: reply{err: pipeline.Refuse(500, "no", "")}, want: 500},
		"by the directive":                             {says: ", stale-if-error=60", fails: refused, want: 200},
		"not for longer than the setting":              {config: setting, fails: refused, older: 61 * time.Second, want: 502},
		"not for longer than the directive":            {config: setting, says: ", stale-if-error=10", fails: refused, older: 11 * time.Second, want: 502},
		"not without either":                           {fails: refused, want: 502},
		"not where it must be revalidated":             {config: setting, says: ", must-revalidate", fails: refused, want: 502},
		"not where the proxy has to":                   {config: setting, says: ", proxy-revalidate, stale-if-error=60", fails: refused, want: 502},
		"not where the request says no-cache":          {config: setting, asks: "no-cache", fails: refused, want: 502},
		"not where the backend says 404":               {config: setting, fails: reply{status: 404}, want: 404},
		"not where it says 501":                        {config: setting, fails: reply{status: 501}, want: 501},
		"not where a stage behind the cache refuses":   {config: setting, fails: reply{err: pipeline.Refuse(403, "no", "")}, want: 403},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, test.config, ok("old", "Cache-Control", "max-age=60"+test.says), test.fails)
				b.fetch(t)
				time.Sleep(time.Minute + test.older)
				var opts []gatewaytest.Option
				if test.asks != "" {
					opts = append(opts, with("Cache-Control", test.asks))
				}
				r := b.fetch(t, opts...)
				require.Equal(t, test.want, r.Status)
				if test.want == 200 {
					require.Equal(t, "old", r.Body)
					require.Equal(t, cache.CodeStale, code(r))
					require.Contains(t, r.Header.Get("Cache-Status"), "detail=stale-if-error")
				}
			})
		})
	}
}

func TestStaleWhileRevalidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config cache.Config
		says   string
		older  time.Duration
		want   string
	}{
		"by the setting":                    {config: cache.Config{StaleWhileRevalidate: registry.Duration(time.Minute)}, want: "old"},
		"by the directive":                  {says: ", stale-while-revalidate=60", want: "old"},
		"not for longer than the directive": {says: ", stale-while-revalidate=10", older: 11 * time.Second, want: "new"},
		"not where it must be revalidated":  {says: ", stale-while-revalidate=10, must-revalidate", want: "new"},
		"not without either":                {want: "new"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, test.config, ok("old", "Cache-Control", "max-age=60"+test.says), ok("new", "Cache-Control", "max-age=60"))
				b.fetch(t)
				time.Sleep(time.Minute + test.older)
				r := b.fetch(t)
				require.Equal(t, test.want, r.Body)
				if test.want == "old" {
					require.Equal(t, cache.CodeStale, code(r))
					require.Equal(t, "gateway; hit; ttl=0", r.Header.Get("Cache-Status"))
				}
				synctest.Wait()
				r = b.fetch(t)
				require.Equal(t, "new", r.Body)
				require.Equal(t, cache.CodeHit, code(r))
				require.Equal(t, 2, b.asked())
			})
		})
	}
}
