package edge_test

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

func TestPathsAreCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "/a/b.c~d_e-f": "/a/b.c~d_e-f",
		"/%61%7E": "/a~", "/%c3%a9": "/%C3%A9", "/a%20b": "/a%20b", "/a%25b": "/a%25b", "/100%25": "/100%25", "/a%252": "/a%252",
		"/a/./b": "/a/b", "/a/../b": "/b", "/a/..": "/", "/a/.": "/a/", "/..": "/", "/../../a": "/a", "/.": "/", "/./": "/",
		"/public/%2e%2e/admin": "/admin", "/public/.%2E/admin": "/admin", "/a/%2e": "/a/",
		"/.well-known/x": "/.well-known/x", "/..a": "/..a", "/a..b": "/a..b", "/...a": "/...a",
		"/a:b@c!$&'()*+,=": "/a:b@c!$&'()*+,=", "/a[1]": "/a%5B1%5D", "/a|b^c": "/a%7Cb%5Ec", "/a%23b%3fc": "/a%23b%3Fc",
	} {
		got, err := edge.Canonical(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
}

func TestPathsThatParsersReadDifferentlyAreRefused(t *testing.T) {
	t.Parallel()
	for _, in := range append(hostilePaths(), slices.Collect(maps.Keys(oddPaths()))...) {
		got, err := edge.Canonical(in)
		require.Error(t, err, "%q became %q", in, got)
	}
}

const everySpelling = registry.EncodedSlash | registry.EncodedBackslash | registry.Semicolon |
	registry.EmptySegment | registry.DoubleEncoding | registry.TrailingDot

func TestPathsThatAreNeverTaken(t *testing.T) {
	t.Parallel()
	for _, in := range hostilePaths() {
		got, _, err := edge.Spelled(in, everySpelling)
		require.Error(t, err, "%q became %q", in, got)
		odd := (*edge.SpellingError)(nil)
		require.False(t, errors.As(err, &odd), "%q is not for a route to take", in)
	}
}

// hostilePaths are never taken, whatever is allowed.
func hostilePaths() []string {
	return []string{
		"", "a", "*", "//", "//evil", "//evil/admin", "/%2fevil/admin", "/%5cevil/admin", "/;/admin", "/;x=1/admin", "/%20/admin", "/%252fevil/x",
		`/a\b`, `/a/..\b`, "/a%00", "/a%0d%0a", "/a%7f", "/a%2500", "/a%250a", "/a\x00", "/a\x7f",
		"/a/..;/b", "/..;v=1/b", "/a/..%3b/b", "/a/.;/b", "/%2e%2e;/x", "/a/..%253b/b", "/a/x..;/b", "/a;x/../b", "/a/.//b", "/a//../b",
		"/a/..%2fb", "/a%2f..%2fb", "/a%2f../b", "/a/..%5cb", "/a%5c..%5cb", "/a/%252e%252e/b", "/a/%252e%252e%252fb", "/a%252f..%252fb",
		"/a/..%20/b", "/a/.%20./b", "/...", "/a/..../b", "/a/%2e%2e%2e/b", "/a/. ./b", "/a%2f.", "/a%2f%2e%2e",
		"/%", "/%2", "/%zz", "/a?b", "/a#b", "/a b", "/%25252e", "/a%252525", "/a%252541",
		"/%ff", "/%c0%af", "/%c0%ae%c0%ae/x", "/%ed%a0%80", "/%25c0%25af", "/a%25ff", "/\u00e9",
	}
}

// oddPaths are taken where the spelling is allowed, in the form of the value.
func oddPaths() map[string]odd {
	return map[string]odd{
		"/a%2fb": {registry.EncodedSlash, "/a%2Fb"}, "/a/%2Fb/%61": {registry.EncodedSlash, "/a/%2Fb/a"}, "/a/b%2f": {registry.EncodedSlash, "/a/b%2F"},
		"/a%5cb": {registry.EncodedBackslash, "/a%5Cb"}, "/a/b%5C": {registry.EncodedBackslash, "/a/b%5C"},
		"/a;v=1/b": {registry.Semicolon, "/a;v=1/b"}, "/a;": {registry.Semicolon, "/a;"}, "/a%3bv": {registry.Semicolon, "/a%3Bv"}, "/;x": {registry.Semicolon, "/;x"},
		"/a//b": {registry.EmptySegment, "/a//b"}, "/a//": {registry.EmptySegment, "/a//"}, "/a///b": {registry.EmptySegment, "/a///b"},
		"/a%252fb": {registry.DoubleEncoding, "/a%252fb"}, "/a%2541": {registry.DoubleEncoding, "/a%2541"}, "/a%25%34%31": {registry.DoubleEncoding, "/a%2541"},
		"/a.": {registry.TrailingDot, "/a."}, "/a./b": {registry.TrailingDot, "/a./b"}, "/a../b": {registry.TrailingDot, "/a../b"}, "/a%2e": {registry.TrailingDot, "/a."},
		"/a%20": {registry.TrailingDot, "/a%20"}, "/a%20/b": {registry.TrailingDot, "/a%20/b"}, "/a/%20": {registry.TrailingDot, "/a/%20"},
		"/a.;b":            {registry.TrailingDot | registry.Semicolon, "/a.;b"},
		"/a.%2fb":          {registry.TrailingDot | registry.EncodedSlash, "/a.%2Fb"},
		"/a%2fb;c//d%2541": {registry.EncodedSlash | registry.Semicolon | registry.EmptySegment | registry.DoubleEncoding, "/a%2Fb;c//d%2541"},
	}
}

type odd struct {
	spelling  registry.Spelling
	canonical string
}

func TestEachSpellingIsAllowedAlone(t *testing.T) {
	t.Parallel()
	for in, want := range oddPaths() {
		got, met, err := edge.Spelled(in, want.spelling)
		require.NoError(t, err, in)
		require.Equal(t, want.canonical, got, in)
		require.Equal(t, want.spelling, met, in)
		for bit := registry.Spelling(1); bit <= everySpelling; bit <<= 1 {
			if want.spelling&bit == 0 {
				continue
			}
			_, _, err = edge.Spelled(in, everySpelling&^bit)
			odd := (*edge.SpellingError)(nil)
			require.ErrorAs(t, err, &odd, in)
			require.Equal(t, bit, odd.Spelling, in)
		}
	}
}

func TestALongPathIsReadOnce(t *testing.T) {
	t.Parallel()
	got, err := edge.Canonical(strings.Repeat("/a/..", 1600) + "/z")
	require.NoError(t, err)
	require.Equal(t, "/z", got)
}

func TestReadings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"/x%2Fadmin":           {"/x/admin"},
		"/x//admin":            {"/x/admin"},
		"/admin;x=1":           {"/admin"},
		"/admin;x/..a;y":       {"/admin/..a"},
		"/admin%3Bx%2Fy":       {"/admin", "/admin/y"},
		"/x%5Cadmin":           {"/x/admin"},
		"/admin./y%20":         {"/admin/y", "/admin./y "},
		"/%2561dmin":           {"/admin", "/%61dmin"},
		"/x%252F%2561dmin;%2F": {"/x/admin", "/x/admin/"},
		"/admin%2F;x%5Cz;y%2F": {"/admin/", "/admin//z/", "/admin/z/"},
	} {
		urls, ok := edge.Readings(in)
		require.True(t, ok)
		require.Equal(t, in, urls[0].EscapedPath(), "the first is the path itself")
		var got []string
		for _, u := range urls {
			got = append(got, u.Path)
		}
		require.Subset(t, got, want, in)
	}
}

// worstPaths are of the greatest length, and are read in as many ways as there
// are.
func worstPaths() []string {
	var all []string
	for _, unit := range []string{
		"/a%2Fb%5C;c//d%2541.%20", "/a%253B%252F%255C%2520b.", "/a;%2520;%2F%252F%255C%20b.", "/a;", "/a.", "/a%20.%20", "/%2541",
		"/a%2F", "/a//", "/a%5Cb;%2F.%253B%2520", "/a.%3B%2F.%253B%252F.;%5C.%253B", "/a. %3B",
	} {
		unit = strings.ReplaceAll(unit, " ", "%20")
		all = append(all, strings.Repeat(unit, (8<<10)/len(unit)))
	}
	return all
}

// TestOddPathsCostLittle holds what a path makes the gateway allocate, refused
// and taken, to less than a hundred times its length.
func TestOddPathsCostLittle(t *testing.T) {
	for _, p := range worstPaths() {
		for _, allowed := range []registry.Spelling{0, everySpelling} {
			cost := allocated(func() {
				if canonical, _, err := edge.Spelled(p, allowed); err == nil {
					urls, _ := edge.Readings(canonical)
					require.LessOrEqual(t, len(urls), 32)
				}
			})
			require.Less(t, cost, uint64(100*len(p)), "%.40s", p)
		}
	}
}

// allocated returns how many bytes f allocates. Nothing else may run meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	f()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
