package cache_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TestWhatIsStored holds the stage to RFC 9111 section 3: the second request
// for the same thing shows whether the first answer was stored.
func TestWhatIsStored(t *testing.T) {
	t.Parallel()
	bearer := with("Authorization", "Bearer t")
	tests := map[string]struct {
		config cache.Config
		answer reply
		opts   []gatewaytest.Option
		stored bool
	}{
		"a response that says max-age":             {answer: ok("a", "Cache-Control", "max-age=60"), stored: true},
		"a response that says s-maxage":            {answer: ok("a", "Cache-Control", "s-maxage=60"), stored: true},
		"a response that says Expires":             {answer: ok("a", "Expires", httpTime(time.Hour)), stored: true},
		"a response that says nothing":             {answer: ok("a")},
		"nothing, where there is a ttl":            {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: ok("a"), stored: true},
		"a response with Last-Modified alone":      {answer: ok("a", "Last-Modified", httpTime(-100*time.Hour)), stored: true},
		"no-store":                                 {answer: ok("a", "Cache-Control", "no-store, max-age=60")},
		"no-store in a second line, in capitals":   {answer: ok("a", "Cache-Control", "max-age=60", "Cache-Control", "NO-STORE")},
		"no-store that must be understood, and is": {answer: ok("a", "Cache-Control", "must-understand, no-store, max-age=60"), stored: true},
		"private":                                         {answer: ok("a", "Cache-Control", "private, max-age=60")},
		"private for one field":                           {answer: ok("a", "Cache-Control", `private="X-Own", max-age=60`, "X-Own", "1"), stored: true},
		"private for what is no field":                    {answer: ok("a", "Cache-Control", `private="a b", max-age=60`)},
		"stale-while-revalidate alone":                    {config: cache.Config{StaleIfError: registry.Duration(time.Hour)}, answer: ok("a", "Cache-Control", "stale-while-revalidate=60")},
		"nothing, where stale answers are allowed":        {config: cache.Config{StaleIfError: registry.Duration(time.Hour), StaleWhileRevalidate: registry.Duration(time.Hour)}, answer: ok("a")},
		"max-age=0 without a validator":                   {answer: ok("a", "Cache-Control", "max-age=0")},
		"Expires in the past":                             {answer: ok("a", "Expires", httpTime(-time.Hour))},
		"Expires that is no date":                         {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: ok("a", "Expires", "0")},
		"max-age that is no number":                       {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: ok("a", "Cache-Control", "max-age=x")},
		"two max-age of which one is zero":                {answer: ok("a", "Cache-Control", "max-age=60, max-age=0")},
		"Set-Cookie":                                      {answer: ok("a", "Cache-Control", "max-age=60", "Set-Cookie", "s=1")},
		"Set-Cookie with public":                          {answer: ok("a", "Cache-Control", "public, max-age=60", "Set-Cookie", "s=1"), stored: true},
		"Set-Cookie that no-cache names":                  {answer: ok("a", "Cache-Control", `no-cache="Set-Cookie", max-age=60`, "Set-Cookie", "s=1"), stored: true},
		"an answer to Authorization":                      {answer: ok("a", "Cache-Control", "max-age=60"), opts: []gatewaytest.Option{bearer}},
		"an answer to Authorization that is public":       {answer: ok("a", "Cache-Control", "public, max-age=60"), opts: []gatewaytest.Option{bearer}, stored: true},
		"an answer to Authorization with s-maxage":        {answer: ok("a", "Cache-Control", "s-maxage=60"), opts: []gatewaytest.Option{bearer}, stored: true},
		"an answer to Authorization, must-revalidate":     {answer: ok("a", "Cache-Control", "must-revalidate, max-age=60"), opts: []gatewaytest.Option{bearer}, stored: true},
		"an answer to Authorization, kept for its caller": {config: cache.Config{Authorization: "caller"}, answer: ok("a", "Cache-Control", "max-age=60"), opts: []gatewaytest.Option{bearer}, stored: true},
		"404 with max-age":                                {answer: reply{status: 404, header: fields("Cache-Control", "max-age=60")}, stored: true},
		"302 with max-age":                                {answer: reply{status: 302, header: fields("Cache-Control", "max-age=60")}, stored: true},
		"302 where there is but a ttl":                    {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: reply{status: 302}},
		"204 with a ttl":                                  {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: reply{status: 204}, stored: true},
		"500 with max-age":                                {answer: reply{status: 500, header: fields("Cache-Control", "max-age=60")}},
		"401 with max-age":                                {answer: reply{status: 401, header: fields("Cache-Control", "public, max-age=60")}},
		"206":                                             {answer: reply{status: 206, header: fields("Cache-Control", "max-age=60", "Content-Range", "bytes 0-0/2")}},
		"200 with Content-Range":                          {answer: ok("a", "Cache-Control", "max-age=60", "Content-Range", "bytes 0-0/2")},
		"a status that the settings do not list":          {config: cache.Config{Statuses: []int{200}}, answer: reply{status: 404, header: fields("Cache-Control", "max-age=60")}},
		"a status that the settings list":                 {config: cache.Config{Statuses: []int{403}}, answer: reply{status: 403, header: fields("Cache-Control", "max-age=60")}, stored: true},
		"Vary: *":                                         {answer: ok("a", "Cache-Control", "max-age=60", "Vary", "Accept, *")},
		"Vary of what is no name":                         {answer: ok("a", "Cache-Control", "max-age=60", "Vary", "a b")},
		"a stream of events":                              {answer: ok("a", "Cache-Control", "max-age=60", "Content-Type", "text/event-stream")},
		"a body that is too long":                         {config: cache.Config{MaxEntry: 3}, answer: ok("four", "Cache-Control", "max-age=60")},
		"a body that just fits":                           {config: cache.Config{MaxEntry: 4}, answer: ok("four", "Cache-Control", "max-age=60"), stored: true},
		"more tags than can be kept":                      {config: cache.Config{TagsHeader: "X-Tags"}, answer: ok("a", "Cache-Control", "max-age=60", "X-Tags", strings.Repeat("t ", 65))},
		"an answer to a request that says no-store":       {answer: ok("a", "Cache-Control", "max-age=60"), opts: []gatewaytest.Option{with("Cache-Control", "no-store")}},
		"an answer to a request with a body":              {answer: ok("a", "Cache-Control", "max-age=60"), opts: []gatewaytest.Option{gatewaytest.Body("fat")}},
		"an answer to a request for a range":              {answer: ok("a", "Cache-Control", "max-age=60"), opts: []gatewaytest.Option{with("Range", "bytes=0-0")}},
		"an answer to a request with If-Match":            {answer: ok("a", "Cache-Control", "max-age=60"), opts: []gatewaytest.Option{with("If-Match", `"e"`)}},
		"a response that was old when it came":            {answer: ok("a", "Cache-Control", "max-age=60", "Age", "60")},
		"a response with an old Date":                     {answer: ok("a", "Cache-Control", "max-age=60", "Date", httpTime(-2*time.Minute))},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.config, test.answer, reply{status: 299})
			first, second := b.fetch(t, test.opts...), b.fetch(t, test.opts...)
			require.Equal(t, test.answer.status, first.Status)
			require.Equal(t, test.answer.body, first.Body)
			if !test.stored {
				require.Equal(t, 299, second.Status, "%v", second.Header)
				return
			}
			require.Equal(t, test.answer.status, second.Status)
			require.Equal(t, test.answer.body, second.Body)
			require.Equal(t, cache.CodeHit, code(second))
			require.Empty(t, second.Header["Set-Cookie"])
			require.Empty(t, second.Header["X-Own"])
		})
	}
}

// TestHowLongItIsFresh holds it to section 4.2.
func TestHowLongItIsFresh(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config cache.Config
		answer func() reply
		want   time.Duration
	}{
		"max-age":                       {answer: func() reply { return ok("a", "Cache-Control", "max-age=60") }, want: time.Minute},
		"s-maxage outweighs max-age":    {answer: func() reply { return ok("a", "Cache-Control", "max-age=60, s-maxage=90") }, want: 90 * time.Second},
		"max-age outweighs Expires":     {answer: func() reply { return ok("a", "Cache-Control", "max-age=60", "Expires", httpTime(time.Hour)) }, want: time.Minute},
		"Expires counts from Date":      {answer: func() reply { return ok("a", "Expires", httpTime(time.Minute)) }, want: time.Minute},
		"Age is part of it":             {answer: func() reply { return ok("a", "Cache-Control", "max-age=60", "Age", "20") }, want: 40 * time.Second},
		"so is the age by Date":         {answer: func() reply { return ok("a", "Cache-Control", "max-age=60", "Date", httpTime(-20*time.Second)) }, want: 40 * time.Second},
		"a ttl, whatever the age":       {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: func() reply { return ok("a", "Age", "20") }, want: time.Minute},
		"max-age outweighs the ttl":     {config: cache.Config{TTL: registry.Duration(time.Minute)}, answer: func() reply { return ok("a", "Cache-Control", "max-age=10") }, want: 10 * time.Second},
		"a tenth of what was unchanged": {answer: func() reply { return ok("a", "Last-Modified", httpTime(-100*time.Minute)) }, want: 10 * time.Minute},
		"a day of it at most":           {answer: func() reply { return ok("a", "Last-Modified", httpTime(-10000*time.Hour)) }, want: 24 * time.Hour},
		"a quoted number":               {answer: func() reply { return ok("a", "Cache-Control", `max-age="60"`) }, want: time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, test.config, test.answer(), reply{status: 299})
				b.fetch(t)
				time.Sleep(test.want - time.Second)
				r := b.fetch(t)
				require.Equal(t, cache.CodeHit, code(r))
				require.Equal(t, `gateway; hit; ttl=1`, r.Header.Get("Cache-Status"))
				time.Sleep(time.Second)
				require.Equal(t, 299, b.fetch(t).Status)
			})
		})
	}
}

func TestAgeTellsHowOldAnAnswerIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Age", "5"))
		require.Equal(t, "5", b.fetch(t).Header.Get("Age"), "a miss passes the backend's own on")
		time.Sleep(10 * time.Second)
		require.Equal(t, "15", b.fetch(t).Header.Get("Age"))
	})
}

// TestWhatRequestsAskFor holds it to section 5.2.1. The entry is 40 seconds
// old, and fresh for 60.
func TestWhatRequestsAskFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		asks   string
		answer string
		older  time.Duration
		want   int
		code   string
	}{
		"nothing":                                  {want: 200, code: cache.CodeHit},
		"no-cache":                                 {asks: "no-cache", want: 299, code: cache.CodeMiss},
		"no-store":                                 {asks: "no-store", want: 299, code: cache.CodeBypass},
		"max-age that is enough":                   {asks: "max-age=40", want: 200, code: cache.CodeHit},
		"max-age that is not":                      {asks: "max-age=39", want: 299, code: cache.CodeMiss},
		"max-age that is no number":                {asks: "max-age=x", want: 299, code: cache.CodeMiss},
		"min-fresh that is there":                  {asks: "min-fresh=20", want: 200, code: cache.CodeHit},
		"min-fresh that is not":                    {asks: "min-fresh=21", want: 299, code: cache.CodeMiss},
		"only-if-cached, and it is":                {asks: "only-if-cached", want: 200, code: cache.CodeHit},
		"only-if-cached, and it is stale":          {asks: "only-if-cached", older: time.Minute, want: 504, code: cache.CodeNotCached},
		"max-stale that is enough":                 {asks: "max-stale=40", older: time.Minute, want: 200, code: cache.CodeStale},
		"max-stale that is not":                    {asks: "max-stale=39", older: time.Minute, want: 299, code: cache.CodeMiss},
		"max-stale without a bound":                {asks: "max-stale", older: time.Minute, want: 200, code: cache.CodeStale},
		"max-stale of what must be revalidated":    {asks: "max-stale", answer: ", must-revalidate", older: time.Minute, want: 299, code: cache.CodeMiss},
		"max-stale of what the proxy revalidates":  {asks: "max-stale", answer: ", proxy-revalidate", older: time.Minute, want: 299, code: cache.CodeMiss},
		"max-stale of what is for shared caches":   {asks: "max-stale", answer: ", s-maxage=60", older: time.Minute, want: 299, code: cache.CodeMiss},
		"max-stale and only-if-cached, and it is":  {asks: "only-if-cached, max-stale", older: time.Minute, want: 200, code: cache.CodeStale},
		"max-stale with a max-age that it is over": {asks: "max-stale, max-age=10", older: time.Minute, want: 299, code: cache.CodeMiss},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cache.Config{}, ok("a", "Etag", `"e"`, "Cache-Control", "max-age=60"+test.answer), reply{status: 299})
				b.fetch(t)
				time.Sleep(40*time.Second + test.older)
				var opts []gatewaytest.Option
				if test.asks != "" {
					opts = append(opts, with("Cache-Control", test.asks))
				}
				r := b.fetch(t, opts...)
				require.Equal(t, test.want, r.Status)
				require.Equal(t, test.code, code(r))
			})
		})
	}
}

func TestPragmaCountsWhereCacheControlIsAbsent(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60"))
	b.fetch(t)
	require.Equal(t, cache.CodeHit, code(b.fetch(t, with("Pragma", "no-cache"), with("Cache-Control", "max-age=60"))))
	require.Equal(t, cache.CodeMiss, code(b.fetch(t, with("Pragma", "no-cache"))))
}

// TestVary holds it to section 4.1.
func TestVary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cache.Config{}, ok("de", "Cache-Control", "max-age=60", "Vary", "Accept-Language"),
			ok("en", "Cache-Control", "max-age=60", "Vary", "accept-language"), ok("none", "Cache-Control", "max-age=60", "Vary", "Accept-Language"))
		de, en := with("Accept-Language", "de"), with("Accept-Language", "en, fr")
		require.Equal(t, "de", b.fetch(t, de).Body)
		r := b.fetch(t, en)
		require.Equal(t, "en", r.Body)
		require.Equal(t, "gateway; fwd=vary-miss; ttl=60; stored", r.Header.Get("Cache-Status"))
		require.Equal(t, "none", b.fetch(t).Body)
		require.Equal(t, "de", b.fetch(t, de).Body)
		require.Equal(t, "en", b.fetch(t, en).Body)
		require.Equal(t, "en", b.fetch(t, with("Accept-Language", "en"), with("Accept-Language", " fr ")).Body, "lines are combined")
		require.Equal(t, "none", b.fetch(t).Body)
		require.Equal(t, 3, b.asked())
	})
}

func TestVaryThatGrowsKeepsAnswersApart(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{},
		ok("1", "Cache-Control", "max-age=60", "Vary", "A"),
		ok("2", "Cache-Control", "max-age=60", "Vary", "B"),
		ok("3", "Cache-Control", "max-age=60"))
	require.Equal(t, "1", b.fetch(t, with("A", "1"), with("B", "1")).Body)
	require.Equal(t, "2", b.fetch(t, with("A", "2"), with("B", "2")).Body)
	require.Equal(t, "3", b.fetch(t, with("A", "2"), with("B", "1")).Body)
	require.Equal(t, "2", b.fetch(t, with("A", "2"), with("B", "2")).Body)
	require.Equal(t, "3", b.fetch(t, with("A", "2"), with("B", "1")).Body)
}

func TestHeadIsAnsweredWithWhatGetHasStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("four", "Cache-Control", "max-age=60", "Etag", `"e"`), reply{status: 299})
	b.fetch(t)
	r := b.do(t, http.MethodHead, "/things/1")
	require.Equal(t, 200, r.Status)
	require.Empty(t, r.Body)
	require.Equal(t, `"e"`, r.Header.Get("Etag"))
	require.Equal(t, 1, b.asked())
}

func TestGetIsNotAnsweredWithWhatHeadHasStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{}, ok("", "Cache-Control", "max-age=60", "Content-Length", "4"), ok("four", "Cache-Control", "max-age=60"))
	b.do(t, http.MethodHead, "/things/1")
	r := b.do(t, http.MethodHead, "/things/1")
	require.Equal(t, cache.CodeHit, code(r))
	require.Equal(t, "4", r.Header.Get("Content-Length"))
	require.Equal(t, "four", b.fetch(t).Body)
}

func TestMethodsThatAreNotConfiguredPassBy(t *testing.T) {
	t.Parallel()
	b := newBench(t, cache.Config{Methods: []string{"GET"}}, ok("four", "Cache-Control", "max-age=60"))
	b.fetch(t)
	for _, method := range []string{http.MethodHead, http.MethodOptions} {
		r := b.do(t, method, "/things/1")
		require.Equal(t, cache.CodeBypass, code(r))
		require.Equal(t, "gateway; fwd=method", r.Header.Get("Cache-Status"))
	}
	require.Equal(t, cache.CodeHit, code(b.fetch(t)))
}
