package answer_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/answer"
)

const path = "/users/{id}/{rest...}"

func stages(t testing.TB, p registry.Policy) []pipeline.Stage {
	t.Helper()
	kinds, err := pipeline.NewKinds(answer.RespondKind(), answer.RedirectKind())
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	route := &registry.Route{Name: "r", Match: registry.Match{Path: path}}
	made, err := pipeline.Make[[]pipeline.Stage](scope.Env(pipeline.Workshop{Kinds: kinds}, route, p.String()), p)
	require.NoError(t, err)
	return made
}

func exchange(method, target, id, rest string) *pipeline.Exchange {
	x := &pipeline.Exchange{In: httptest.NewRequest(method, target, nil)}
	x.SetParams([]string{"id", "rest"}, &[pipeline.MaxParams]string{id, rest})
	return x
}

func serve(t testing.TB, x *pipeline.Exchange, p registry.Policy) (*http.Response, error) {
	t.Helper()
	return pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		t.Error("something behind was called")
		return nil, pipeline.Refuse(500, "no", "")
	}, stages(t, p)...)(t.Context(), x)
}

func TestRespondAnswersAsItIsSet(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config answer.RespondConfig
		method string
		status int
		header http.Header
		body   string
		length int64
	}{
		"nothing set is an empty 200": {status: 200, header: http.Header{}},
		"a body is plain text":        {config: answer.RespondConfig{Body: "hi"}, status: 200, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: "hi", length: 2},
		"all of it": {
			config: answer.RespondConfig{Status: 503, ContentType: "application/json", Body: `{"a":1}`, Headers: map[string]string{"retry-after": "60"}},
			status: 503, header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"60"}}, body: `{"a":1}`, length: 7,
		},
		"HEAD has the length of GET": {config: answer.RespondConfig{Body: "hi"}, method: "HEAD", status: 200, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, length: 2},
		"204 has no body":            {config: answer.RespondConfig{Status: 204}, status: 204, header: http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := tc.method
			if method == "" {
				method = "GET"
			}
			resp, err := serve(t, exchange(method, "/", "", ""), answer.RespondPolicy(tc.config))
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tc.status, resp.StatusCode)
			require.Equal(t, tc.header, resp.Header)
			require.Equal(t, tc.body, string(body))
			require.Equal(t, tc.length, resp.ContentLength)
		})
	}
}

func TestRespondSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config      answer.RespondConfig
		field, want string
	}{
		"an interim status":         {answer.RespondConfig{Status: 101}, "/status", "200 to 599"},
		"a status out of all range": {answer.RespondConfig{Status: 600}, "/status", "200 to 599"},
		"a body with 204":           {answer.RespondConfig{Status: 204, Body: "x"}, "/body", "no body"},
		"a body with 304":           {answer.RespondConfig{Status: 304, Body: "x"}, "/body", "no body"},
		"a type that is none":       {answer.RespondConfig{ContentType: "json;;"}, "/content_type", "media type"},
		"Host":                      {answer.RespondConfig{Headers: map[string]string{"Host": "x"}}, "/headers/Host", "upstream"},
		"the length":                {answer.RespondConfig{Headers: map[string]string{"Content-Length": "1"}}, "/headers/Content-Length", "follows from its body"},
		"the type as a field":       {answer.RespondConfig{Headers: map[string]string{"content-type": "x"}}, "/headers/content-type", "content_type"},
		"a newline in a value":      {answer.RespondConfig{Headers: map[string]string{"X-A": "a\nb"}}, "/headers/X-A", "control"},
		"one field twice":           {answer.RespondConfig{Headers: map[string]string{"X-A": "1", "x-a": "2"}}, "/headers/x-a", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answer.Respond("respond", tc.config)
			requireFault(t, err, tc.field, tc.want)
		})
	}
}

func requireFault(t testing.TB, err error, field, want string) {
	t.Helper()
	faults := registry.AsFaults(err)
	require.Len(t, faults, 1, "%v", err)
	require.Equal(t, field, faults[0].Field)
	require.ErrorContains(t, faults[0].Err, want)
}

func TestRedirectLeadsWhereItIsSet(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config           answer.RedirectConfig
		target, id, rest string
		want             string
	}{
		"a path":                               {answer.RedirectConfig{To: "/new"}, "/", "", "", "/new"},
		"the root":                             {answer.RedirectConfig{To: "/"}, "/", "", "", "/"},
		"an URL":                               {answer.RedirectConfig{To: "https://new.example.com/x"}, "/", "", "", "https://new.example.com/x"},
		"an URL without a path":                {answer.RedirectConfig{To: "https://new.example.com"}, "/a", "", "", "https://new.example.com"},
		"an URL with port":                     {answer.RedirectConfig{To: "http://new.example.com:8080{request.path}"}, "/a/b", "", "", "http://new.example.com:8080/a/b"},
		"a parameter":                          {answer.RedirectConfig{To: "/v2/users/{param.id}"}, "/", "42", "", "/v2/users/42"},
		"a parameter, escaped":                 {answer.RedirectConfig{To: "/v2/{param.id}"}, "/", "a/b?c#d e", "", "/v2/a%2Fb%3Fc%23d%20e"},
		"a parameter with a newline":           {answer.RedirectConfig{To: "/v2/{param.id}"}, "/", "a\r\nSet-Cookie: x=1", "", "/v2/a%0D%0ASet-Cookie:%20x=1"},
		"a parameter with a backslash":         {answer.RedirectConfig{To: "/{param.id}"}, "/", `\evil.example`, "", "/%5Cevil.example"},
		"a parameter that looks like a host":   {answer.RedirectConfig{To: "/{param.id}"}, "/", "/evil.example", "", "/%2Fevil.example"},
		"the rest of the path":                 {answer.RedirectConfig{To: "/v2/{param.rest}"}, "/", "", "a/b c/d", "/v2/a/b%20c/d"},
		"a parameter in the query":             {answer.RedirectConfig{To: "/v2?id={param.id}&a=1"}, "/", "a&b=c/d", "", "/v2?id=a%26b%3Dc%2Fd&a=1"},
		"the path of the request":              {answer.RedirectConfig{To: "/old{request.path}"}, "/a%20b", "", "", "/old/a%20b"},
		"the path of the request first":        {answer.RedirectConfig{To: "{request.path}/"}, "/a", "", "", "/a/"},
		"the same host by https":               {answer.RedirectConfig{To: "https://{request.host}{request.path}"}, "http://api.example.com:8080/a", "", "", "https://api.example.com/a"},
		"the same host, an address":            {answer.RedirectConfig{To: "https://{request.host}/x"}, "http://[::1]:8080/a", "", "", "https://[::1]/x"},
		"the query is kept":                    {answer.RedirectConfig{To: "/new"}, "/?a=1&b=%20;c", "", "", "/new?a=1&b=%20;c"},
		"the query is kept behind another":     {answer.RedirectConfig{To: "/new?x=1"}, "/?a=1", "", "", "/new?x=1&a=1"},
		"the query is kept behind a host":      {answer.RedirectConfig{To: "https://new.example.com"}, "/?a=1", "", "", "https://new.example.com?a=1"},
		"the query is dropped":                 {answer.RedirectConfig{To: "/new", Query: "drop"}, "/?a=1", "", "", "/new"},
		"an address in the query stays there":  {answer.RedirectConfig{To: "/new?u=http://a.example/"}, "/", "", "", "/new?u=http://a.example/"},
		"two slashes behind a host stay there": {answer.RedirectConfig{To: "https://new.example.com//x"}, "/", "", "", "https://new.example.com//x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := serve(t, exchange("GET", tc.target, tc.id, tc.rest), answer.RedirectPolicy(tc.config))
			require.NoError(t, err)
			require.Equal(t, http.StatusPermanentRedirect, resp.StatusCode)
			require.Equal(t, http.Header{"Location": {tc.want}}, resp.Header)
		})
	}
}

func TestRedirectHasItsStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		resp, err := serve(t, exchange("GET", "/", "", ""), answer.RedirectPolicy(answer.RedirectConfig{To: "/new", Status: status}))
		require.NoError(t, err)
		require.Equal(t, status, resp.StatusCode)
	}
}

func TestRedirectNeverLeadsAstray(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		to  string
		set func(x *pipeline.Exchange)
	}{
		"a path of two slashes":                {"{request.path}", func(x *pipeline.Exchange) { x.In.URL = &url.URL{Path: "//evil.example"} }},
		"a path without a slash":               {"{request.path}", func(x *pipeline.Exchange) { x.In.URL = &url.URL{Path: "*"} }},
		"a path without a slash behind a host": {"https://new.example.com{request.path}", func(x *pipeline.Exchange) { x.In.URL = &url.URL{Path: ".evil.example"} }},
		"an empty parameter between slashes":   {"/{param.id}/{param.rest}", func(x *pipeline.Exchange) { x.SetParams([]string{"id", "rest"}, &[8]string{"", "evil.example"}) }},
		"a rest that begins with a slash":      {"/{param.rest}", func(x *pipeline.Exchange) { x.SetParams([]string{"rest"}, &[8]string{"/evil.example"}) }},
		"a parameter that climbs":              {"/v2/{param.id}/x", func(x *pipeline.Exchange) { x.SetParams([]string{"id"}, &[8]string{".."}) }},
		"a rest that climbs":                   {"/v2/{param.rest}", func(x *pipeline.Exchange) { x.SetParams([]string{"rest"}, &[8]string{"a/../../admin"}) }},
		"a host with a user":                   {"https://{request.host}/", func(x *pipeline.Exchange) { x.In.Host = "me@evil.example" }},
		"a host with a path":                   {"https://{request.host}/", func(x *pipeline.Exchange) { x.In.Host = "evil.example/x" }},
		"no host":                              {"https://{request.host}/", func(x *pipeline.Exchange) { x.In.Host = "" }},
		"a control in the query":               {"/new", func(x *pipeline.Exchange) { x.In.URL = &url.URL{Path: "/", RawQuery: "a=\r\nb"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange("GET", "/", "", "")
			tc.set(x)
			resp, err := serve(t, x, answer.RedirectPolicy(answer.RedirectConfig{To: tc.to}))
			require.Nil(t, resp)
			var p *pipeline.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, 400, p.Status)
			require.Equal(t, answer.CodeRedirectRefused, p.Code)
		})
	}
}

func TestRedirectSettingsAreRefused(t *testing.T) {
	t.Parallel()
	to := func(s string) answer.RedirectConfig { return answer.RedirectConfig{To: s} }
	for name, tc := range map[string]struct {
		config      answer.RedirectConfig
		field, want string
	}{
		"nothing":                            {to(""), "/to", "want a path"},
		"a relative path":                    {to("new"), "/to", `begins with "/"`},
		"a host without a scheme":            {to("//new.example.com/x"), "/to", "write the URL out"},
		"another scheme":                     {to("ftp://new.example.com/x"), "/to", "http or https"},
		"a script":                           {to("javascript:alert(1)"), "/to", `begins with "/"`},
		"no host":                            {to("https:///x"), "/to", "name of a host"},
		"a user":                             {to("https://me@new.example.com/"), "/to", "name of a host"},
		"a parameter as the host":            {to("https://{param.id}/"), "/to", "name of a host"},
		"a parameter in the host":            {to("https://new.example.com{param.id}/"), "/to", `begins with "/"`},
		"a parameter behind the same host":   {to("https://{request.host}{param.id}"), "/to", `begins with "/"`},
		"a parameter first":                  {to("{param.id}"), "/to", `begins with "/"`},
		"the host in the path":               {to("/{request.host}"), "/to", "whole host"},
		"who calls":                          {to("/{identity.subject}"), "/to", "cannot be part of a redirect"},
		"an unknown variable":                {to("/{request.paht}"), "/to", `did you mean "request.path"`},
		"a parameter of another path":        {to("/{param.ids}"), "/to", `did you mean "id"`},
		"a fragment":                         {to("/new#top"), "/to", "without fragment"},
		"a space":                            {to("/a b"), "/to", "escaped form"},
		"a newline":                          {to("/a\n"), "/to", "escaped form"},
		"a backslash":                        {to(`/\evil.example`), "/to", "escaped form"},
		"a bad escape":                       {to("/%zz"), "/to", "want an URL"},
		"a status that redirects nobody":     {answer.RedirectConfig{To: "/", Status: 304}, "/status", "301, 302, 303, 307 or 308"},
		"another thing to do with the query": {answer.RedirectConfig{To: "/", Query: "kep"}, "/query", `did you mean "keep"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answer.Redirect("redirect", tc.config, &registry.Route{Match: registry.Match{Path: path}})
			requireFault(t, err, tc.field, tc.want)
		})
	}
}

func TestTheStagesStandWhereOthersForward(t *testing.T) {
	t.Parallel()
	for _, p := range []registry.Policy{
		answer.RespondPolicy(answer.RespondConfig{}), answer.RedirectPolicy(answer.RedirectConfig{To: "/new"}),
	} {
		s := stages(t, p)
		require.Len(t, s, 1)
		require.Equal(t, pipeline.Forward, s[0].Phase)
		require.Equal(t, p.Kind, s[0].Name)
		require.Empty(t, s[0].Vary(exchange("GET", "/", "", "")))
	}
}

func BenchmarkRespond(b *testing.B) {
	benchmark(b, answer.RespondPolicy(answer.RespondConfig{Body: "hello", Headers: map[string]string{"X-A": "1"}}))
}

func BenchmarkRedirect(b *testing.B) {
	benchmark(b, answer.RedirectPolicy(answer.RedirectConfig{To: "/v2/users/{param.id}"}))
}

func benchmark(b *testing.B, p registry.Policy) {
	b.Helper()
	h := pipeline.Chain(nil, stages(b, p)...)
	x := exchange("GET", "/users/42?a=1", "42", "")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = h(b.Context(), x)
	}
}

func FuzzRedirect(f *testing.F) {
	for _, to := range []string{"/v2/{param.id}", "/{param.rest}", "https://a.example{request.path}", "https://{request.host}/", "/x?y={param.id}", "{request.path}"} {
		f.Add(to, "42", "/a", "api.example.com")
		f.Add(to, "//evil.example", "//evil.example", "evil@api")
	}
	f.Fuzz(func(t *testing.T, to, param, requestPath, host string) {
		s, err := answer.Redirect("redirect", answer.RedirectConfig{To: to}, &registry.Route{Match: registry.Match{Path: path}})
		if err != nil {
			return
		}
		x := exchange("GET", "/", param, param)
		x.In.URL, x.In.Host = &url.URL{Path: requestPath}, host
		resp, err := s.Wrap(nil)(t.Context(), x)
		if err != nil {
			return
		}
		location := resp.Header.Get("Location")
		if strings.ContainsAny(location, "\r\n\x00") {
			t.Fatalf("controls in %q", location)
		}
		u, err := url.Parse(location)
		if err != nil {
			t.Fatalf("%q is no URL: %v", location, err)
		}
		if strings.HasPrefix(to, "/") || strings.HasPrefix(to, "{") {
			if u.Host != "" || u.Scheme != "" || strings.HasPrefix(location, `/\`) {
				t.Fatalf("%q leads to another host: %q", to, location)
			}
		}
	})
}
