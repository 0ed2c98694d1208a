package edge_test

import (
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

func TestPathsAreCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "/a/b.c~d_e-f": "/a/b.c~d_e-f",
		"/%61%7E": "/a~", "/%c3%a9": "/%C3%A9", "/a%20b": "/a%20b", "/a%252fb": "/a%252fb",
		"/a/./b": "/a/b", "/a/../b": "/b", "/a/..": "/", "/a/.": "/a/", "/..": "/", "/../../a": "/a",
		"/public/%2e%2e/admin": "/admin", "/public/.%2E/admin": "/admin", "/a/%2e": "/a/",
		"/.well-known/x": "/.well-known/x", "/a...": "/a...", "/...": "/...",
		"/a;v=1/b": "/a;v=1/b", "/a:b@c!$&'()*+,=": "/a:b@c!$&'()*+,=", "/a[1]": "/a%5B1%5D", "/a%23b%3fc": "/a%23b%3Fc",
	} {
		got, err := edge.Canonical(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
}

func TestPathsThatParsersReadDifferentlyAreRefused(t *testing.T) {
	t.Parallel()
	for _, in := range hostilePaths() {
		got, err := edge.Canonical(in)
		require.Error(t, err, "%q became %q", in, got)
	}
}

func hostilePaths() []string {
	return []string{
		"", "a", "*", "//", "//evil", "/a//b", "/a/.//b", "/a%2fb", "/a%2Fb", "/a%5cb", `/a\b`, "/a%00", "/a%0d%0a", "/a%7f",
		"/a\x00", "/a\x7f", "/a/..;/b", "/..;v=1/b", "/a/..%3b/b", "/a/.;/b", "/%", "/%2", "/%zz", "/a?b", "/a#b", "/a b",
		"/%ff", "/%c0%af", "/%c0%ae%c0%ae/x", "/%ed%a0%80", "/é", "/a|b", "/%2e%2e;/x",
	}
}

func TestALongPathIsReadOnce(t *testing.T) {
	t.Parallel()
	got, err := edge.Canonical(strings.Repeat("/a/..", 1600) + "/z")
	require.NoError(t, err)
	require.Equal(t, "/z", got)
}
