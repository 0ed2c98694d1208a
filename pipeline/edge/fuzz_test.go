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
	"github.com/stretchr/testify/require"
)

// FuzzCanonical holds Canonical to a second parser: net/url decodes, package
// path resolves.
func FuzzCanonical(f *testing.F) {
	for _, p := range append(hostilePaths(), "/", "/a/%2e%2e/b", "/%7Ea/", "/a/b/..", "/%C3%A9;x=1", "/a%2541") {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := edge.Canonical(in)
		if err != nil {
			return
		}
		again, err := edge.Canonical(got)
		require.NoError(t, err)
		require.Equal(t, got, again, "the canonical form is its own")

		u, err := url.ParseRequestURI(in)
		require.NoError(t, err)
		want := path.Clean(u.Path)
		if slashed(u.Path) && want != "/" {
			want += "/"
		}
		decoded, err := url.PathUnescape(got)
		require.NoError(t, err)
		require.Equal(t, want, decoded)
		require.True(t, utf8.ValidString(decoded))
		require.Equal(t, strings.Count(got, "/"), strings.Count(decoded, "/"), "no slash is hidden")
		require.NotContains(t, decoded, "//")
		require.NotContains(t, decoded, "..;")
		require.NotContains(t, decoded, `\`)
		require.False(t, slices.ContainsFunc(strings.Split(decoded, "/"), func(s string) bool { return s == "." || s == ".." }))
	})
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
