package edge_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

// admitted serves r and returns the exchange that a handler saw: nil where the
// request was refused.
func admitted(t testing.TB, o edge.Options, r *http.Request) (*pipeline.Exchange, *writer) {
	t.Helper()
	var seen *pipeline.Exchange
	e, err := edge.New(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		seen = x
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}, o)
	require.NoError(t, err)
	w := &writer{header: http.Header{}}
	e.ServeHTTP(w, r)
	return seen, w
}

func trusting(networks ...string) edge.Options {
	return edge.Options{Inbound: registry.Inbound{TrustedProxies: networks}}
}

func TestFieldsThatCountNotAreRemoved(t *testing.T) {
	t.Parallel()
	own := edge.Options{Inbound: registry.Inbound{IdentityFields: []string{"x-tenant", "acme_*"}, UnderscoreNames: "drop"}}
	for name, c := range map[string]struct {
		o      edge.Options
		fields http.Header
		left   []string
	}{
		"hop-by-hop fields": {edge.Options{}, http.Header{
			"Connection": {"keep-alive, X-Hop"}, "X-Hop": {"1"}, "Keep-Alive": {"1"}, "Proxy-Connection": {"1"},
			"Proxy-Authorization": {"1"}, "Te": {"gzip"}, "Trailer": {"a"}, "Transfer-Encoding": {"x"}, "Upgrade": {"h2c"},
			"Http2-Settings": {"a"}, "Accept": {"*/*"}}, []string{"Accept"}},
		"those of Connection where it closes too": {edge.Options{}, http.Header{
			"Connection": {"close", "x-hop"}, "X-Hop": {"1"}, "Accept": {"*/*"}}, []string{"Accept"}},
		"but none that Connection cannot name": {edge.Options{}, http.Header{
			"Connection":    {"Authorization, Cookie, content-type, Via, Host"},
			"Authorization": {"a"}, "Cookie": {"a"}, "Content-Type": {"a"}, "Via": {"1.1 a"}},
			[]string{"Authorization", "Content-Type", "Cookie", "Via"}},
		"TE but for trailers": {edge.Options{}, http.Header{"Te": {"gzip, trailers"}}, []string{"Te"}},
		"identity fields, in every case": {edge.Options{}, http.Header{
			"X-Consumer-Id": {"a"}, "x-consumer": {"a"}, "X-CONSUMERS": {"a"}, "X-User": {"a"}, "X-User-Id": {"a"},
			"Remote-User": {"a"}, "X-Client-Cert": {"a"}, "X-SSL-Client-Verify": {"a"}, "X-Userish": {"stays"}}, []string{"X-Userish"}},
		"identity fields of one's own":                 {own, http.Header{"X-TENANT": {"a"}, "Acme-Role": {"a"}, "X-Tenants": {"stays"}}, []string{"X-Tenants"}},
		"names with an underscore, where told to drop": {own, http.Header{"X_Consumer": {"a"}, "a_b": {"a"}}, nil},
		"what an untrusted peer forwards": {edge.Options{}, http.Header{
			"Forwarded": {"for=1.2.3.4"}, "X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Port": {"1"}, "X-Real-Ip": {"1.2.3.4"}}, nil},
		"what it says of the client by the fields of others": {edge.Options{}, http.Header{
			"True-Client-Ip": {"1.2.3.4"}, "X-Client-Ip": {"1.2.3.4"}, "X-Cluster-Client-Ip": {"1.2.3.4"}, "Cf-Connecting-Ip": {"1.2.3.4"},
			"Fastly-Client-Ip": {"1.2.3.4"}, "Client-Ip": {"1.2.3.4"}, "X-Original-Forwarded-For": {"1.2.3.4"}, "X-Original-Host": {"a"},
			"Forwarded-For": {"1.2.3.4"}, "X-Forwarded": {"for=1.2.3.4"}}, nil},
		"but not what a trusted one says by them": {trusting("192.0.2.0/24"), http.Header{
			"True-Client-Ip": {"1.2.3.4"}, "Cf-Connecting-Ip": {"1.2.3.4"}}, []string{"Cf-Connecting-Ip", "True-Client-Ip"}},
		"but nothing that a trusted one does": {trusting("192.0.2.0/24"), http.Header{
			"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Port": {"1"}, "X-Real-Ip": {"1.2.3.4"}},
			[]string{"X-Forwarded-For", "X-Forwarded-Port", "X-Real-Ip"}},
		"the one of two accounts that does not count": {trusting("192.0.2.0/24"), http.Header{
			"X-Forwarded-For": {"1.2.3.4"}, "Forwarded": {"for=6.6.6.6"}}, []string{"X-Forwarded-For"}},
		"identities that even a trusted one names": {trusting("192.0.2.0/24"), http.Header{
			"X-Forwarded-User": {"a"}, "X-Forwarded-Client-Cert": {"a"}}, nil},
		"other targets and methods": {trusting("192.0.2.0/24"), http.Header{
			"X-Original-Url": {"/admin"}, "X-Rewrite-Url": {"/admin"}, "X-Http-Method-Override": {"PUT"},
			"X-Http-Method": {"PUT"}, "X-Method-Override": {"PUT"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := plainRequest()
			r.Header = c.fields
			before := c.fields.Clone()
			x, w := admitted(t, c.o, r)
			require.NotNil(t, x, w.body.String())
			require.Equal(t, c.left, slices.Sorted(maps.Keys(x.In.Header)))
			require.Equal(t, before, r.Header, "the caller's request stays as it came")
		})
	}
}

func TestFieldsThatAllTravelAreShared(t *testing.T) {
	t.Parallel()
	r := plainRequest()
	r.Header["Te"] = []string{"trailers"}
	x, _ := admitted(t, edge.Options{}, r)
	r.Header["X-Mark"] = []string{"1"}
	require.Equal(t, "1", x.In.Header.Get("X-Mark"))
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := http.Header{"X-Many": make([]string, 101)}
	for name, c := range map[string]struct {
		change func(r *http.Request)
		status int
		code   string
	}{
		"a name with an underscore":      {func(r *http.Request) { r.Header["X_User"] = []string{"a"} }, 400, pipeline.CodeFieldRefused},
		"a name with a trailing space":   {func(r *http.Request) { r.Header["X-User "] = []string{"a"} }, 400, pipeline.CodeFieldRefused},
		"an empty name":                  {func(r *http.Request) { r.Header[""] = []string{"a"} }, 400, pipeline.CodeFieldRefused},
		"a value with a line break":      {func(r *http.Request) { r.Header["X-A"] = []string{"a\r\nb"} }, 400, pipeline.CodeFieldRefused},
		"a value with NUL":               {func(r *http.Request) { r.Header["X-A"] = []string{"a\x00"} }, 400, pipeline.CodeFieldRefused},
		"more fields than allowed":       {func(r *http.Request) { r.Header = many }, 431, edge.CodeTooManyFields},
		"more options than allowed":      {func(r *http.Request) { r.Header["Connection"] = []string{strings.Repeat("x-a,", 101)} }, 431, edge.CodeTooManyFields},
		"longer fields than allowed":     {func(r *http.Request) { r.Header["X-A"] = []string{strings.Repeat("a", 33<<10)} }, 431, edge.CodeFieldsTooLarge},
		"a target longer than allowed":   {func(r *http.Request) { r.RequestURI = "/" + strings.Repeat("a", 8<<10) }, 414, edge.CodeTargetTooLong},
		"more parameters than allowed":   {func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a&", 1000) }, 400, pipeline.CodeQueryMalformed},
		"CONNECT":                        {func(r *http.Request) { r.Method = http.MethodConnect }, 405, pipeline.CodeMethodRefused},
		"TRACE":                          {func(r *http.Request) { r.Method = http.MethodTrace }, 405, pipeline.CodeMethodRefused},
		"no host":                        {func(r *http.Request) { r.Host = "" }, 400, pipeline.CodeHostRefused},
		"a host with userinfo":           {func(r *http.Request) { r.Host = "a@b" }, 400, pipeline.CodeHostRefused},
		"a host with a path":             {func(r *http.Request) { r.Host = "a/b" }, 400, pipeline.CodeHostRefused},
		"a host with an empty port":      {func(r *http.Request) { r.Host = "a:" }, 400, pipeline.CodeHostRefused},
		"a host with a bad port":         {func(r *http.Request) { r.Host = "a:70000" }, 400, pipeline.CodeHostRefused},
		"a host with an empty label":     {func(r *http.Request) { r.Host = "a..b" }, 400, pipeline.CodeHostRefused},
		"a host that is half an address": {func(r *http.Request) { r.Host = "[::1" }, 400, pipeline.CodeHostRefused},
		"an encoded slash":               {func(r *http.Request) { r.URL = parsed("/a%2fb") }, 400, pipeline.CodePathRefused},
		"a fragment":                     {func(r *http.Request) { r.RequestURI = "/a#b" }, 400, pipeline.CodePathRefused},
		"a target with userinfo":         {func(r *http.Request) { r.URL = parsed("http://u:p@h/a") }, 400, pipeline.CodePathRefused},
		"an asterisk for no OPTIONS":     {func(r *http.Request) { r.URL = &url.URL{Path: "*"} }, 400, pipeline.CodePathRefused},
		"a request that was here before": {func(r *http.Request) { r.Header["Via"] = []string{"1.1 other, 1.1 Us (x)"} }, 508, pipeline.CodeLoopDetected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := plainRequest()
			c.change(r)
			x, w := admitted(t, edge.Options{Via: "us"}, r)
			require.Nil(t, x, "no stage sees it")
			require.Equal(t, c.status, w.status)
			require.Contains(t, w.body.String(), `"`+c.code+`"`)
		})
	}
}

func parsed(target string) *url.URL {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	return u
}

func TestOptionsOfTheServerAreAnswered(t *testing.T) {
	t.Parallel()
	r := plainRequest()
	r.Method, r.URL, r.RequestURI = http.MethodOptions, &url.URL{Path: "*"}, "*"
	x, w := admitted(t, edge.Options{}, r)
	require.Nil(t, x)
	require.Equal(t, 204, w.status)
}

func TestHostsAreCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"example.com": "example.com", "EXAMPLE.com.": "example.com", "example.com:80": "example.com",
		"example.com:443": "example.com:443", "Example.com.:8080": "example.com:8080", "example.com:8080": "example.com:8080",
		"127.0.0.1:80": "127.0.0.1", "[::1]": "[::1]", "[0:0::1]:80": "[::1]", "[::1]:8080": "[::1]:8080", "my_host": "my_host",
	} {
		r := plainRequest()
		r.Host = in
		x, _ := admitted(t, edge.Options{}, r)
		require.NotNil(t, x, in)
		require.Equal(t, want, x.In.Host, in)
	}
}

func TestTheTargetIsCanonicalAndTheQueryUntouched(t *testing.T) {
	t.Parallel()
	r := plainRequest()
	r.URL = parsed("http://Example.com/%7euser/./a/../b%20c?x=1;y=2&z=%41")
	before := *r.URL
	x, _ := admitted(t, edge.Options{}, r)
	require.Equal(t, "/~user/b%20c?x=1;y=2&z=%41", x.Target())
	require.Equal(t, "/~user/b c", x.In.URL.Path)
	require.Empty(t, x.In.URL.Host)
	require.Equal(t, before, *r.URL)
	require.Equal(t, "/users/42?full=1", x.Received().Target)
}

func TestTheClientIsTheRightMostUntrustedHop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o              edge.Options
		fields         http.Header
		client, scheme string
	}{
		"nobody is trusted":                     {edge.Options{}, http.Header{"X-Forwarded-For": {"6.6.6.6"}, "X-Forwarded-Proto": {"https"}}, "192.0.2.1", "http"},
		"a trusted proxy says nothing":          {trusting("192.0.2.1"), nil, "192.0.2.1", "http"},
		"a trusted proxy names its client":      {trusting("192.0.2.0/24"), http.Header{"X-Forwarded-For": {"6.6.6.6, 7.7.7.7"}, "X-Forwarded-Proto": {"http, HTTPS"}}, "7.7.7.7", "https"},
		"over several fields":                   {trusting("192.0.2.0/24"), http.Header{"X-Forwarded-For": {"6.6.6.6", "7.7.7.7"}}, "7.7.7.7", "http"},
		"past a chain of trusted ones":          {trusting("192.0.2.0/24", "10.0.0.0/8"), http.Header{"X-Forwarded-For": {"6.6.6.6, 7.7.7.7, 10.1.1.1"}}, "7.7.7.7", "http"},
		"all of them are trusted":               {trusting("0.0.0.0/0"), http.Header{"X-Forwarded-For": {"6.6.6.6, 7.7.7.7"}}, "6.6.6.6", "http"},
		"a mapped address is IPv4":              {trusting("192.0.2.0/24", "::ffff:10.0.0.0/104"), http.Header{"X-Forwarded-For": {"6.6.6.6, ::ffff:10.0.0.1"}}, "6.6.6.6", "http"},
		"ports and brackets do not count":       {trusting("192.0.2.0/24"), http.Header{"X-Forwarded-For": {"[2001:db8::1]:99"}}, "2001:db8::1", "http"},
		"what cannot be read ends the way":      {trusting("192.0.2.0/24", "10.0.0.0/8"), http.Header{"X-Forwarded-For": {"6.6.6.6, unknown, 10.0.0.1"}}, "10.0.0.1", "http"},
		"an odd scheme does not count":          {trusting("192.0.2.0/24"), http.Header{"X-Forwarded-Proto": {"gopher"}}, "192.0.2.1", "http"},
		"Forwarded by itself":                   {trusting("192.0.2.0/24"), http.Header{"Forwarded": {`for=6.6.6.6;proto=http, For="[2001:db8::2]:80";Proto=https;by=x`}}, "2001:db8::2", "https"},
		"Forwarded with an obfuscated node":     {trusting("192.0.2.0/24"), http.Header{"Forwarded": {"for=_hidden"}}, "192.0.2.1", "http"},
		"Forwarded that is malformed":           {trusting("192.0.2.0/24"), http.Header{"Forwarded": {`for=6.6.6.6, for="7.7.7.7`}}, "192.0.2.1", "http"},
		"X-Forwarded-For counts, not Forwarded": {trusting("192.0.2.0/24"), http.Header{"X-Forwarded-For": {"7.7.7.7"}, "Forwarded": {"for=6.6.6.6;proto=https"}}, "7.7.7.7", "http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := plainRequest()
			r.Header = c.fields
			x, _ := admitted(t, c.o, r)
			require.Equal(t, c.client, x.Client.String())
			require.Equal(t, c.scheme, x.Scheme)
		})
	}
}

func TestSettingsThatDoNotHoldAreAllNamed(t *testing.T) {
	t.Parallel()
	_, err := edge.New(nil, edge.Options{MaxBody: -1, Inbound: registry.Inbound{
		TrustedProxies: []string{"10.0.0.0/8", "everybody"}, IdentityFields: []string{"X Y", "*"}, UnderscoreNames: "keep",
	}})
	for _, part := range []string{
		"handler", "/max_body", "/inbound/trusted_proxies/1", "/inbound/identity_fields/0", "/inbound/identity_fields/1", "/inbound/underscore_names",
	} {
		require.ErrorContains(t, err, part)
	}
}
