package router_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// rewritten matches a target, rewrites it and returns what the upstream is
// asked for.
func rewritten(t testing.TB, path, rewrite, target string, before func(x *pipeline.Exchange)) (string, error) {
	t.Helper()
	rt := registry.Route{Name: "r", Match: registry.Match{Path: path}, Rewrite: rewrite}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", target, nil), Route: &rt}
	var values [pipeline.MaxParams]string
	m := newRouter(t, rt).Match(x.In, &values)
	require.Zero(t, m.Status)
	x.SetParams(m.Names, &values)
	if before != nil {
		before(x)
	}
	stage, ok, err := router.Rewrite(&rt)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "rewrite", stage.Name)
	require.Equal(t, pipeline.Transform, stage.Phase)
	require.Empty(t, stage.Vary(x))
	var asked string
	_, err = stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		asked = x.Target()
		return pipeline.Respond(x, 204, "", nil), nil
	})(t.Context(), x)
	return asked, err
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, rewrite, target, want string }{
		{"a path of literals replaces the path", "/a", "/v1/b", "/a", "/v1/b"},
		{"the root replaces the path", "/a", "/", "/a", "/"},
		{"a slash at the end is kept", "/a/{x}", "/b/{x}/", "/a/1", "/b/1/"},
		{"parameters are filled in", "/a/{x}/{y}", "/{y}/b/{x}", "/a/1/2", "/2/b/1"},
		{"a parameter may be used twice", "/a/{x}", "/{x}/{x}", "/a/1", "/1/1"},
		{"a parameter may be left out", "/a/{x}", "/b", "/a/1", "/b"},
		{"the query is kept byte for byte", "/a", "/b", "/a?x=1;y=2&z=%41&&", "/b?x=1;y=2&z=%41&&"},
		{"an empty query is kept", "/a", "/b", "/a?", "/b?"},
		{"a space is encoded anew", "/a/{x}", "/b/{x}", "/a/c%20d", "/b/c%20d"},
		{"a percent sign is encoded anew", "/a/{x}", "/b/{x}", "/a/%2541", "/b/%2541"},
		{"a question mark stays within the path", "/a/{x}", "/b/{x}", "/a/c%3Fd?q", "/b/c%3Fd?q"},
		{"a slash of a parameter stays encoded", "/a/{x}", "/b/{x}", "/a/c%2Fd", "/b/c%2Fd"},
		{"letters beyond ASCII are encoded", "/a/{x}", "/b/{x}", "/a/%C3%A9", "/b/%C3%A9"},
		{"a semicolon is no path parameter", "/a/{x}", "/b/{x}", "/a/c;d=1", "/b/c%3Bd=1"},
		{"sub-delimiters stay as they are", "/a/{x}", "/b/{x}", "/a/$&'()*+,=:@!~", "/b/$&'()*+,=:@!~"},
		{"a rest keeps its slashes", "/a/{x...}", "/b/{x...}", "/a/c/d%20e/", "/b/c/d%20e/"},
		{"a literal is encoded", "/a", "/b c/é;v=1", "/a", "/b%20c/%C3%A9;v=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := rewritten(t, tt.path, tt.rewrite, tt.target, nil)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestRewriteKeepsTheQueryAsEdited(t *testing.T) {
	t.Parallel()
	got, err := rewritten(t, "/a", "/b", "/a?key=secret&x=1", func(x *pipeline.Exchange) { x.SetTarget("/a?x=1") })
	require.NoError(t, err)
	require.Equal(t, "/b?x=1", got)
}

func TestRewriteRefusesToClimb(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/a/b/..", "/a/%2e%2E/b", "/a/./b"} {
		_, err := rewritten(t, "/a/{x...}", "/b/{x...}", target, nil)
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, 400, p.Status)
		require.Equal(t, pipeline.CodePathRefused, p.Code)
	}
	got, err := rewritten(t, "/a/{x...}", "/b/{x...}", "/a/.c/d../...", nil)
	require.NoError(t, err)
	require.Equal(t, "/b/.c/d../...", got)
}

func TestRewriteOfNothing(t *testing.T) {
	t.Parallel()
	_, ok, err := router.Rewrite(&registry.Route{Match: registry.Match{Path: "/a"}})
	require.NoError(t, err)
	require.False(t, ok)
}

func TestRewriteRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, rewrite, field, want string }{
		{"a path without slash in front", "/a", "b", "/rewrite", "begins with /"},
		{"a query", "/a", "/b?c", "/rewrite", "without query"},
		{"a dot segment", "/a", "/../b", "/rewrite", "dot segments"},
		{"an unknown parameter", "/a/{user}", "/b/{usr}", "/rewrite", `did you mean "user"?`},
		{"a parameter within a segment", "/a/{x}", "/b/{x}.json", "/rewrite", "want a literal"},
		{"a rest written as a parameter", "/a/{x...}", "/b/{x}", "/rewrite", "written as in the path"},
		{"a parameter written as a rest", "/a/{x}", "/b/{x...}", "/rewrite", "written as in the path"},
		{"a match that is faulty itself", "a", "/b", "/match/path", "begins with /"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pos := registry.Pos{File: "gateway.yaml", Line: 3, Column: 5}
			_, ok, err := router.Rewrite(&registry.Route{Name: "r", Match: registry.Match{Path: tt.path}, Rewrite: tt.rewrite, Pos: pos})
			require.False(t, ok)
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1)
			require.Equal(t, "r", faults[0].Route)
			require.Equal(t, tt.field, faults[0].Field)
			require.Equal(t, pos, faults[0].Pos)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func BenchmarkRewrite(b *testing.B) {
	rt := registry.Route{Match: registry.Match{Path: "/users/{id}/files/{path...}"}, Rewrite: "/v1/{id}/{path...}"}
	stage, _, err := router.Rewrite(&rt)
	require.NoError(b, err)
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/users/42/files/a/b%20c?q=1", nil)}
	x.SetParams([]string{"id", "path"}, &[pipeline.MaxParams]string{"42", "a/b c"})
	h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	b.ReportAllocs()
	for b.Loop() {
		_, _ = h(b.Context(), x)
	}
}

func TestRewriteKeepsEncodedSlashesOfARest(t *testing.T) {
	t.Parallel()
	odd := func(x *pipeline.Exchange) { x.Spellings = registry.EncodedSlash | registry.Semicolon }
	got, err := rewritten(t, "/a/{b}/{x...}", "/v1/{x...}", "/a/n/c%2Fd/e;f/%20g?h", odd)
	require.NoError(t, err)
	require.Equal(t, "/v1/c%2Fd/e%3Bf/%20g?h", got)
	got, err = rewritten(t, "/a/{b}/{x...}", "/v1/{b}", "/a/n%2Fo/c", odd)
	require.NoError(t, err)
	require.Equal(t, "/v1/n%2Fo", got)
}

func TestRewriteOfAnEmptyRest(t *testing.T) {
	t.Parallel()
	got, err := rewritten(t, "/a/{x...}", "/b/{x...}", "/a/?q", nil)
	require.NoError(t, err)
	require.Equal(t, "/b/?q", got)
	got, err = rewritten(t, "/a/{x...}", "/{x...}", "/a/", nil)
	require.NoError(t, err)
	require.Equal(t, "/", got)
}

func TestRewriteRefusesAPathThatBeginsWithAHost(t *testing.T) {
	t.Parallel()
	_, err := rewritten(t, "/a/{x...}", "/{x...}", "/a//host/b", nil)
	require.Equal(t, pipeline.CodePathRefused, pipeline.Code(err))
	_, err = rewritten(t, "/a/{x}", "/{x}", "/a/%2Fhost", nil)
	require.Equal(t, pipeline.CodePathRefused, pipeline.Code(err))
	for _, first := range []string{"%20/host", "%20%2Fhost", "%252fhost", "%252Fhost", "%255Chost", "%253b/host", "%20%252fhost"} {
		_, err = rewritten(t, "/a/{x...}", "/{x...}", "/a/"+first, nil)
		require.Equal(t, pipeline.CodePathRefused, pipeline.Code(err), first)
		got, err := rewritten(t, "/a/{x...}", "/{x...}", "/a/b/"+first, nil)
		require.NoError(t, err, first)
		require.NotEmpty(t, got)
	}
	got, err := rewritten(t, "/a/{x...}", "/b/{x...}", "/a//c", nil)
	require.NoError(t, err)
	require.Equal(t, "/b//c", got)
}
