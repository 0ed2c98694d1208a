package edge_test

import (
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

// FuzzCanonical holds Canonical to a second parser: net/url decodes, package
// path resolves. What is taken only where it is allowed is held to the same,
// but for what it is allowed to be.
func FuzzCanonical(f *testing.F) {
	for _, p := range append(hostilePaths(), "/", "/a/%2e%2e/b", "/%7Ea/", "/a/b/..", "/%C3%A9;x=1", "/a%2541") {
		f.Add(p)
	}
	for p := range oddPaths() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, met, err := edge.Spelled(in, everySpelling)
		strict, strictErr := edge.Canonical(in)
		require.Equal(t, err == nil && met == 0, strictErr == nil, "what is refused is what is met")
		if err != nil {
			return
		}
		if strictErr == nil {
			require.Equal(t, got, strict)
		}
		again, metAgain, err := edge.Spelled(got, met)
		require.NoError(t, err)
		require.Equal(t, got, again, "the canonical form is its own")
		require.Equal(t, met, metAgain)
		secondParser(t, in, got, met)
		neverClimbs(t, got, met)
	})
}

// secondParser compares the meaning: the segments, decoded.
func secondParser(t *testing.T, in, got string, met registry.Spelling) {
	u, err := url.ParseRequestURI(in)
	require.NoError(t, err)
	decoded, err := url.PathUnescape(got)
	require.NoError(t, err)
	require.True(t, utf8.ValidString(decoded))
	if met != 0 {
		require.Equal(t, u.Path, decoded, "odd spellings stay")
		require.Equal(t, strings.Count(in, "/"), strings.Count(got, "/"))
		return
	}
	want := path.Clean(u.Path)
	if slashed(u.Path) && want != "/" {
		want += "/"
	}
	require.Equal(t, want, decoded)
	require.Equal(t, strings.Count(got, "/"), strings.Count(decoded, "/"), "no slash is hidden")
	require.NotContains(t, decoded, "//")
	require.NotContains(t, decoded, ";")
	require.NotContains(t, decoded, `\`)
}

// neverClimbs holds all readings to what no allowance takes.
func neverClimbs(t *testing.T, got string, met registry.Spelling) {
	readings, ok := edge.Readings(got)
	if !ok || met == 0 {
		readings = []*url.URL{{Path: got}}
	}
	for _, u := range readings {
		for i, s := range strings.Split(u.Path[1:], "/") {
			require.False(t, s == "." || s == "..", "%q in %q", s, u.Path)
			require.False(t, i == 0 && s == "" && len(u.Path) > 1, u.Path)
		}
		require.NotContains(t, u.Path, "..;")
		require.False(t, strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' || r == 0x7f }))
	}
}

// slashed reports whether the cleaned path of a directory keeps its slash.
func slashed(p string) bool {
	return strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..")
}

// FuzzClient looks for an address that no trusted proxy vouches for.
func FuzzClient(f *testing.F) {
	f.Add("6.6.6.6, 10.0.0.1", "", "https")
	f.Add("", `for=6.6.6.6;proto=https, for="[::1]:80"`, "")
	f.Add("", `for="\"", for=`, "")
	f.Add("unknown,,", "for=1.2.3.4;for=5.6.7.8", "http,https")
	f.Fuzz(func(t *testing.T, list, forwarded, proto string) {
		r := plainRequest()
		r.RemoteAddr = "10.0.0.9:1"
		r.Header = http.Header{"X-Forwarded-Proto": {proto}}
		if list != "" {
			r.Header["X-Forwarded-For"] = []string{list}
		}
		if forwarded != "" {
			r.Header["Forwarded"] = []string{forwarded}
		}
		x, _ := admitted(t, trusting("10.0.0.0/8"), r)
		if x == nil {
			return // a control character
		}
		require.True(t, x.Client.IsValid())
		require.False(t, x.Client.Is4In6())
		require.Contains(t, []string{"http", "https"}, x.Scheme)
		if list == "" {
			return
		}
		hops := strings.Split(list, ",")
		want := netip.MustParseAddr("10.0.0.9")
		for _, h := range slices.Backward(hops) {
			a := address(strings.Trim(h, " \t"))
			if !a.IsValid() {
				break
			}
			want = a
			if !netip.MustParsePrefix("10.0.0.0/8").Contains(a) {
				break
			}
		}
		require.Equal(t, want, x.Client)
	})
}

func address(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil || strings.HasPrefix(s, "[") != strings.HasSuffix(s, "]") {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// FuzzFields looks for a field that passes and should not.
func FuzzFields(f *testing.F) {
	f.Add("X-Consumer-Id", "a", "close, Authorization")
	f.Add("x_user", "a", "X-User")
	f.Add("Forwarded", "for=1.2.3.4", "keep-alive")
	f.Add("X-Any", "a\r\nb", "X-Any")
	f.Fuzz(func(t *testing.T, name, value, connection string) {
		r := plainRequest()
		r.Header = http.Header{"Connection": {connection}, "Authorization": {"kept"}, name: {value}}
		x, _ := admitted(t, edge.Options{}, r)
		if x == nil {
			return
		}
		if textproto.CanonicalMIMEHeaderKey(name) != "Authorization" && name != "Connection" {
			require.Equal(t, "kept", x.In.Header.Get("Authorization"))
		}
		for got, values := range x.In.Header {
			low := strings.ToLower(got)
			require.Equal(t, textproto.CanonicalMIMEHeaderKey(got), got)
			require.NotContains(t, low, "_")
			require.NotEqual(t, "connection", low)
			for _, p := range []string{"x-consumer", "x-subscription", "x-authenticated-", "x-user-", "x-forwarded-", "x-client-cert"} {
				require.False(t, strings.HasPrefix(low, p), got)
			}
			for _, v := range values {
				require.False(t, strings.ContainsAny(v, "\r\n\x00"))
			}
		}
	})
}
