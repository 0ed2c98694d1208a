package cache_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// storedWith reports whether an answer with the field is answered with again.
func storedWith(t testing.TB, field, value string, opts ...gatewaytest.Option) (gatewaytest.Result, bool) {
	t.Helper()
	b := newBench(t, cache.Config{}, reply{status: 200, header: http.Header{field: {value}}, body: "a"}, reply{status: 299})
	b.fetch(t, opts...)
	r := b.fetch(t, opts...)
	return r, r.Status == 200
}

// FuzzCacheControl holds the parser to what no reading of the field can
// change: a no-store that stands by itself is obeyed, whatever stands around
// it, and what is not said is not found.
func FuzzCacheControl(f *testing.F) {
	for _, seed := range []string{
		"max-age=60", `private="Set-Cookie, X-A", max-age=60`, `no-cache="a`, `a="\"", max-age=60`, "max-age=99999999999999999999",
		"MAX-AGE = 60", ",,,=,;", `max-age="60"`, "s-maxage=, public", "stale-if-error=60, stale-while-revalidate=x", `"`, `\`, "a=b=c,no-store",
		"stAle-if-error=A,stAle-while-revAlidAte=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, "\r\n\x00") {
			t.Skip("no value of a field")
		}
		_, stored := storedWith(t, "Cache-Control", "no-store, "+value)
		lower := strings.ToLower(value)
		if !strings.Contains(lower, "must-understand") {
			require.False(t, stored, "no-store was not obeyed")
		}
		_, stored = storedWith(t, "Cache-Control", value)
		if stored {
			require.True(t, strings.Contains(lower, "max-age") || strings.Contains(lower, "s-maxage"), "nothing said for how long")
			require.NotContains(t, strings.Split(strings.ReplaceAll(lower, " ", ""), ","), "no-store")
		}
		// A request may say anything at all.
		b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60"))
		b.fetch(t)
		require.Contains(t, []int{200, 504}, b.fetch(t, with("Cache-Control", value)).Status)
	})
}

// FuzzVary holds that an answer is found again by a request with the same
// fields, and by none with others.
func FuzzVary(f *testing.F) {
	f.Add("Accept", "a", "b")
	f.Add("accept, ACCEPT,, X-A", "a", "a")
	f.Add("*", "a", "a")
	f.Add("0ACC*00", "0", "0")
	f.Add("a, *", "0", "0")
	f.Add("ACCept0", "0", "1")
	f.Add("a b", "", "x")
	f.Add("Accept", "a, b", "a,b")
	f.Add("X-Accept\x00", " a", "a ")
	f.Fuzz(func(t *testing.T, vary, one, other string) {
		listed := strings.Split(strings.ToLower(vary), ",")
		for i, name := range listed {
			listed[i] = strings.Trim(name, " \t")
		}
		b := newBench(t, cache.Config{}, ok("one", "Cache-Control", "max-age=60", "Vary", vary), reply{status: 299})
		b.fetch(t, with("Accept", one))
		again := b.fetch(t, with("Accept", one)).Status == 200
		if b.fetch(t, with("Accept", other)).Status == 200 {
			require.True(t, again)
			same := strings.Trim(one, " \t") == strings.Trim(other, " \t")
			require.True(t, same || !slices.Contains(listed, "accept"), "%q was answered as %q is", other, one)
		}
		if slices.Contains(listed, "*") {
			require.False(t, again)
		}
	})
}

// FuzzKey holds that no request can spell the key of another: two that differ
// in subject, path, query or a field of the key have entries of their own.
func FuzzKey(f *testing.F) {
	f.Add("alice", "/a", "x=1", "1", "bob", "/a", "x=1", "1")
	f.Add("a", "/b", "c", "d", "a", "/bc", "", "d")
	f.Add("a1:", "/", "", "", "a", "/", "1:", "")
	f.Add("a", "/a", "u=1", "", "a", "/a", "u=2", "")
	f.Add("a", "/a", "x=1&u=1", "", "a", "/a", "u=2&x=1", "")
	f.Add("a", "/a", "u=1;x=1", "", "a", "/a", "u=1", "")
	f.Fuzz(func(t *testing.T, subject1, path1, query1, field1, subject2, path2, query2, field2 string) {
		store := &gatewaytest.Store{}
		config := cache.Config{Key: cache.KeyConfig{Headers: []string{"X-A"}, Query: cache.QueryConfig{Ignore: []string{"u"}}}}
		stage, err := cache.New(gatewaytest.Env(t), store, config)
		require.NoError(t, err)
		require.NoError(t, stage.Inner(nil))
		send := func(subject, path, query, field string) {
			x := gatewaytest.NewExchange(http.MethodGet, "/", gatewaytest.Identity(&pipeline.Identity{Subject: subject}))
			x.In.Header["X-A"] = []string{field}
			x.In.URL.Path, x.In.URL.RawPath, x.In.URL.RawQuery = path, "", query
			gatewaytest.Run(t, stage, x, gatewaytest.Next(backendOf("a")))
		}
		send(subject1, path1, query1, field1)
		require.Len(t, store.Keys(), 1)
		send(subject2, path2, query2, field2)
		same := subject1 == subject2 && path1 == path2 && counted(query1) == counted(query2) &&
			strings.Trim(field1, " \t") == strings.Trim(field2, " \t")
		if same {
			require.Len(t, store.Keys(), 1)
		} else if query1 == query2 || counted(query1) != counted(query2) {
			require.Len(t, store.Keys(), 2)
		}
	})
}

// counted is a second reading of which parameters count: those that are named
// u, as they stand, are left out.
func counted(query string) string {
	var kept []string
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && ((name != "u" && name != "%75") || strings.Contains(pair, ";")) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

func backendOf(body string) pipeline.Handler { return answers(body, "Cache-Control", "max-age=60") }

// FuzzEntityTags holds that a conditional request is answered with 304 only
// where the tag stands in it, as it is stored.
func FuzzEntityTags(f *testing.F) {
	f.Add(`"e"`, `"e"`)
	f.Add(`W/"e"`, `"a", W/"e"`)
	f.Add(`"`, `"`)
	f.Add(`""`, `"a""b"`)
	f.Add(`e`, `e`)
	f.Fuzz(func(t *testing.T, etag, asked string) {
		b := newBench(t, cache.Config{}, ok("a", "Cache-Control", "max-age=60", "Etag", etag))
		b.store = memory.New(memory.Config{})
		b.fetch(t)
		if asked == "" {
			t.Skip("is not there")
		}
		r := b.fetch(t, with("If-None-Match", asked))
		if r.Status == http.StatusNotModified && asked != "*" {
			require.Contains(t, asked, strings.TrimPrefix(etag, "W/"))
			require.Greater(t, len(strings.TrimPrefix(etag, "W/")), 1)
		}
	})
}
