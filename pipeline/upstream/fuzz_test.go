package upstream_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// FuzzEndpoint holds every address that is accepted to being one that a
// request can be sent to: a scheme and a host, and nothing that belongs to a
// request.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{
		"http://127.0.0.1:9001", "https://[2001:db8::1]:8443/v1/", "http://a/%2f", "http://", "ftp://a",
		"http://u:p@a", "http://a?x", "http://a#x", "http:a", "//a", "http://a:b", "http://a/%zz", "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		e, err := upstream.NewEndpoint(registry.Endpoint{URL: address})
		if err != nil {
			return
		}
		u, err := url.Parse(e.URL())
		require.NoError(t, err)
		require.Contains(t, []string{"http", "https"}, u.Scheme)
		require.NotEmpty(t, u.Hostname())
		require.Nil(t, u.User)
		require.Empty(t, u.RawQuery)
		require.Empty(t, u.Fragment)
	})
}

// FuzzForwarded holds the line that is made of a host to being one element of
// RFC 7239, whatever the host holds.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"example.com", "example.com:8080", `a"b`, `a\b`, "a,b;c=d", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		var line string
		x := exchange(t, "GET", "/", nil)
		x.In.Host = host
		settings := registry.Upstream{Forward: registry.Forward{Forwarded: "on"}}
		up := newUpstream(t, settings, upstream.Options{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			line = r.Header.Get("Forwarded")
		})})
		answer(t, up.Serve, x)
		require.Equal(t, host, hostOf(t, line))
	})
}

// hostOf reads the host out of a line of Forwarded.
func hostOf(t *testing.T, line string) string {
	t.Helper()
	rest, found := strings.CutPrefix(line, "for=192.0.2.1")
	require.True(t, found)
	rest, found = strings.CutSuffix(rest, ";proto=http")
	require.True(t, found)
	if rest == "" {
		return ""
	}
	value, found := strings.CutPrefix(rest, ";host=")
	require.True(t, found)
	if value[0] != '"' {
		require.NotContains(t, value, ",")
		return value
	}
	var host strings.Builder
	for i := 1; i < len(value)-1; i++ {
		require.NotEqual(t, byte('"'), value[i], "a quote ends the string")
		if value[i] == '\\' {
			i++
		}
		host.WriteByte(value[i])
	}
	return host.String()
}
