package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
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

func FuzzHashOfACookie(f *testing.F) {
	for _, line := range []string{"sid=1", "a=b; sid=1", "sid=1; sid=2", "xsid=1;sid", ";;=; sid=", "sid = 1", "\x00=\xff"} {
		f.Add(line)
	}
	b := newHash(f, upstream.HashConfig{Cookie: "sid"})
	set := endpoints(f, 3, 1, 1)
	f.Fuzz(func(t *testing.T, line string) {
		x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
		x.In.Header["Cookie"] = []string{line}
		e := b.Pick(x, set)
		require.Same(t, e, b.Pick(x, set))
		x.In.Header["Cookie"] = []string{"other=" + url.QueryEscape(line) + ";" + line}
		require.Same(t, e, b.Pick(x, set), "other cookies count for nothing")
	})
}

func FuzzPathOfAProbe(f *testing.F) {
	for _, path := range []string{"", "/", "/healthz", "/healthz?full=1", "//a", "/%zz", "/a b", "/a#b", "/?", "/a\r\nX: y", "*"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		h := probing()
		h.Active.HTTP.Path = path
		if h.Validate() != nil {
			return
		}
		bubble(t, of("a", h), func(t *testing.T, w *world, up *upstream.Upstream) {
			pass(time.Second)
			require.Len(t, w.probes, 1, "what is valid can be asked for")
			require.True(t, up.Status().Ready)
			require.Empty(t, status(up, "a").Reason)
		})
	})
}
