package pipeline_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// exchange makes one whose header values have room behind them, so that who
// appends to one writes into it.
func exchange(method, target, body string) *pipeline.Exchange {
	in := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		in.Body = http.NoBody
	}
	shared := make([]string, 1, 4)
	shared[0] = "one"
	in.Header["X-Shared"] = shared
	in.Header.Set("X-Old", "old")
	return &pipeline.Exchange{In: in}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		edit  func(x *pipeline.Exchange)
		field string
		want  []string
	}{
		{"a field that nobody edits is sent as it came", func(*pipeline.Exchange) {}, "X-Old", []string{"old"}},
		{"Set replaces", func(x *pipeline.Exchange) { x.Set("x-old", "new") }, "X-Old", []string{"new"}},
		{"Set makes", func(x *pipeline.Exchange) { x.Set("x-new", "new") }, "X-New", []string{"new"}},
		{"the last Set counts", func(x *pipeline.Exchange) { x.Set("x-old", "a"); x.Set("X-OLD", "b") }, "X-Old", []string{"b"}},
		{"Add adds", func(x *pipeline.Exchange) { x.Add("x-shared", "two") }, "X-Shared", []string{"one", "two"}},
		{"Add makes", func(x *pipeline.Exchange) { x.Add("x-new", "a") }, "X-New", []string{"a"}},
		{"Del removes", func(x *pipeline.Exchange) { x.Del("x-old") }, "X-Old", nil},
		{"Add after Del starts anew", func(x *pipeline.Exchange) { x.Del("x-old"); x.Add("x-old", "a") }, "X-Old", []string{"a"}},
		{"Set after Add replaces all", func(x *pipeline.Exchange) { x.Add("x-old", "a"); x.Set("x-old", "b") }, "X-Old", []string{"b"}},
		{"more edits than there is inline room for are kept", func(x *pipeline.Exchange) {
			for _, v := range strings.Split("abcdefgh", "") {
				x.Add("x-new", v)
			}
		}, "X-New", strings.Split("abcdefgh", "")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := exchange(http.MethodGet, "/a?b=c", "")
			before := x.In.Header.Clone()
			test.edit(x)
			first := ""
			if len(test.want) > 0 {
				first = test.want[0]
			}
			require.Equal(t, first, x.Get(test.field), "Get")
			require.Equal(t, test.want, x.Out(t.Context()).Header[test.field], "Out")
			require.Equal(t, before, x.In.Header, "In is whole")
			require.Equal(t, []string{"one", "", "", ""}, x.In.Header["X-Shared"][:4], "shared values are not written into")
		})
	}
}

func TestOutIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/a", "")
	out := x.Out(t.Context())
	out.Header.Add("X-Shared", "two")
	out.Header.Set("X-Old", "new")
	out.URL.Path, out.Host = "/b", "other"
	require.Equal(t, "old", x.In.Header.Get("X-Old"))
	require.Equal(t, []string{"one", "", "", ""}, x.In.Header["X-Shared"][:4])
	require.Equal(t, "/a", x.In.URL.Path)
	require.Equal(t, "example.com", x.In.Host)
}

func TestOutTakesTheContextThatItIsGiven(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	require.Equal(t, "value", exchange(http.MethodGet, "/", "").Out(ctx).Context().Value(key{}))
}

func TestTarget(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, set, want, path, query string }{
		{"what came is sent", "", "/a%20b?x=1;y=2&z=%41", "/a b", "x=1;y=2&z=%41"},
		{"path and query are replaced", "/c?d=e", "/c?d=e", "/c", "d=e"},
		{"the query goes where the new target has none", "/c", "/c", "/c", ""},
		{"an empty query stays", "/c?", "/c?", "/c", ""},
		{"an encoded path goes out as it was written", "/c%2Fd", "/c%2Fd", "/c/d", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := exchange(http.MethodGet, "/a%20b?x=1;y=2&z=%41", "")
			x.SetTarget(test.set)
			require.Equal(t, test.want, x.Target())
			out := x.Out(t.Context())
			require.Equal(t, test.want, out.URL.RequestURI())
			require.Equal(t, test.path, out.URL.Path)
			require.Equal(t, test.query, out.URL.RawQuery)
			require.Equal(t, "/a%20b?x=1;y=2&z=%41", x.In.URL.RequestURI(), "In is whole")
		})
	}
}

func TestMarkAndRestore(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_000_000, 0)
	x := exchange(http.MethodPost, "/a", "body")
	x.Deadline = at
	x.Set("X-Old", "before")
	require.True(t, x.Replayable(10))

	mark := x.Mark()
	for attempt := range 3 {
		x.Set("X-Old", "attempt")
		x.Add("X-Many", "attempt")
		x.SetTarget("/b")
		x.Hasten(at.Add(-time.Duration(attempt+1) * time.Second))
		out := x.Out(t.Context())
		require.Equal(t, []string{"attempt"}, out.Header["X-Many"], "adds do not pile up")
		require.Equal(t, "body", read(t, out.Body))
		x.SetBody(io.NopCloser(strings.NewReader("other")), 5)
		x.Restore(mark)
		require.Equal(t, "before", x.Get("X-Old"))
		require.Equal(t, "/a", x.Target())
		require.Equal(t, at, x.Deadline)
	}
	require.Equal(t, "body", read(t, x.Out(t.Context()).Body), "a replaced body is there again")
}

func TestHasten(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_000_000, 0)
	x := &pipeline.Exchange{}
	x.Hasten(at)
	require.Equal(t, at, x.Deadline, "the first one counts")
	x.Hasten(at.Add(time.Second))
	require.Equal(t, at, x.Deadline, "it is never put off")
	x.Hasten(at.Add(-time.Second))
	require.Equal(t, at.Add(-time.Second), x.Deadline)
}

func read(t testing.TB, r io.Reader) string {
	t.Helper()
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(got)
}
