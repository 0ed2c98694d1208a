package cors_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/cors"
)

const app = "https://app.example.com"

func stages(t testing.TB, c cors.Config, route *registry.Route) []pipeline.Stage {
	t.Helper()
	kinds, err := pipeline.NewKinds(cors.Kind())
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	p := cors.Policy(c)
	made, err := pipeline.Make[[]pipeline.Stage](scope.Env(pipeline.Workshop{Kinds: kinds}, route, p.String()), p)
	require.NoError(t, err)
	return made
}

func exchange(method string, fields ...string) *pipeline.Exchange {
	x := &pipeline.Exchange{In: httptest.NewRequest(method, "/", nil)}
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Add(fields[i], fields[i+1])
	}
	return x
}

func preflight(origin string, fields ...string) *pipeline.Exchange {
	return exchange("OPTIONS", append([]string{"Origin", origin, "Access-Control-Request-Method", "PUT"}, fields...)...)
}

// serve returns what the client sees: fields of the response with those of
// Reply over them.
func serve(t testing.TB, x *pipeline.Exchange, h pipeline.Handler, c cors.Config) (int, http.Header, error) {
	t.Helper()
	resp, err := pipeline.Chain(h, stages(t, c, nil)...)(t.Context(), x)
	seen, status := http.Header{}, 0
	if resp != nil {
		seen, status = resp.Header.Clone(), resp.StatusCode
	}
	for name, values := range x.Reply {
		seen[name] = values
	}
	return status, seen, err
}

func backend(fields ...string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, 200, "", []byte("hello"))
		for i := 0; i < len(fields); i += 2 {
			resp.Header.Add(fields[i], fields[i+1])
		}
		return resp, nil
	}
}

func nobody(t testing.TB) pipeline.Handler {
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		t.Error("the preflight went on")
		return nil, pipeline.Refuse(401, "no", "")
	}
}

func TestPreflightsAreAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	const flightVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"
	for name, tc := range map[string]struct {
		config cors.Config
		x      *pipeline.Exchange
		want   http.Header
		deny   bool
	}{
		"of an allowed origin": {
			cors.Config{Origins: []string{app}}, preflight(app),
			http.Header{
				"Access-Control-Allow-Origin": {app}, "Vary": {flightVary},
				"Access-Control-Allow-Methods": {"GET, HEAD, POST, PUT, PATCH, DELETE"},
			}, false,
		},
		"with everything that can be set": {
			cors.Config{
				Origins: []string{app}, Methods: []string{"GET", "PUT"}, Headers: []string{"Authorization", "X-A"},
				ExposeHeaders: []string{"X-B"}, Credentials: true, MaxAge: registry.Duration(time.Hour), PrivateNetwork: true,
			},
			preflight(app, "Access-Control-Request-Private-Network", "true"),
			http.Header{
				"Access-Control-Allow-Origin": {app}, "Vary": {flightVary},
				"Access-Control-Allow-Methods": {"GET, PUT"}, "Access-Control-Allow-Headers": {"Authorization, X-A"},
				"Access-Control-Allow-Credentials": {"true"}, "Access-Control-Expose-Headers": {"X-B"},
				"Access-Control-Max-Age": {"3600"}, "Access-Control-Allow-Private-Network": {"true"},
			}, false,
		},
		"of anybody where all may call": {
			cors.Config{Origins: []string{"*"}, Methods: []string{"*"}, Headers: []string{"*"}}, preflight("null"),
			http.Header{
				"Access-Control-Allow-Origin": {"*"}, "Vary": {flightVary},
				"Access-Control-Allow-Methods": {"*"}, "Access-Control-Allow-Headers": {"*"},
			}, false,
		},
		"of an origin that is not allowed, without a field": {
			cors.Config{Origins: []string{app}, Credentials: true}, preflight("https://evil.example"),
			http.Header{"Vary": {flightVary}}, true,
		},
		"that no setting lets into the private network": {
			cors.Config{Origins: []string{app}, Methods: []string{"GET"}},
			preflight(app, "Access-Control-Request-Private-Network", "true"),
			http.Header{
				"Access-Control-Allow-Origin": {app}, "Vary": {flightVary}, "Access-Control-Allow-Methods": {"GET"},
			}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, got, err := serve(t, tc.x, nobody(t), tc.config)
			require.NoError(t, err)
			require.Equal(t, http.StatusNoContent, status)
			require.Equal(t, tc.want, got)
			require.Len(t, tc.x.Decisions(), 1)
			want := pipeline.Decision{Stage: "cors", Verdict: pipeline.Pass, Code: cors.CodePreflight}
			if tc.deny {
				want.Verdict, want.Code = pipeline.Deny, cors.CodeOriginRefused
			}
			require.Equal(t, want, tc.x.Decisions()[0])
		})
	}
}

func TestTheMethodsAreThoseOfSettingsElseRouterElseRoute(t *testing.T) {
	t.Parallel()
	route := &registry.Route{Match: registry.Match{Methods: []string{"GET", "PUT"}}}
	methods := func(c cors.Config, allow string) string {
		x := preflight(app)
		x.Allow = allow
		resp, err := pipeline.Chain(nobody(t), stages(t, c, route)...)(t.Context(), x)
		require.NoError(t, err)
		return resp.Header.Get("Access-Control-Allow-Methods")
	}
	set := cors.Config{Origins: []string{app}, Methods: []string{"DELETE"}}
	unset := cors.Config{Origins: []string{app}}
	require.Equal(t, "DELETE", methods(set, "GET, POST"))
	require.Equal(t, "GET, POST", methods(unset, "GET, POST"))
	require.Equal(t, "GET, PUT", methods(unset, ""))
}

func TestRequestsThatAreNoPreflightGoOn(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]*pipeline.Exchange{
		"OPTIONS without an origin":       exchange("OPTIONS", "Access-Control-Request-Method", "PUT"),
		"OPTIONS that asks for no method": exchange("OPTIONS", "Origin", app),
		"another method":                  exchange("POST", "Origin", app, "Access-Control-Request-Method", "PUT"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, err := serve(t, x, backend(), cors.Config{Origins: []string{app}})
			require.NoError(t, err)
			require.Equal(t, 200, status)
		})
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		allowed, sent string
		want          bool
	}{
		"the same":                       {app, app, true},
		"another host":                   {app, "https://app.example.org", false},
		"another scheme":                 {app, "http://app.example.com", false},
		"another port":                   {app, "https://app.example.com:8443", false},
		"a name that only begins alike":  {app, "https://app.example.com.evil.example", false},
		"null":                           {app, "null", false},
		"none":                           {app, "", false},
		"another case":                   {app, "https://APP.example.com", false},
		"a label before the wildcard":    {"https://*.example.com", app, true},
		"no label before it":             {"https://*.example.com", "https://example.com", false},
		"an empty label":                 {"https://*.example.com", "https://.example.com", false},
		"two labels":                     {"https://*.example.com", "https://a.b.example.com", false},
		"a name that only ends alike":    {"https://*.example.com", "https://evilexample.com", false},
		"a user before the host":         {"https://*.example.com", "https://evil@a.example.com", false},
		"a path that ends alike":         {"https://*.example.com", "https://evil.example/a.example.com", false},
		"a port with a wildcard":         {"https://*.example.com:8443", "https://a.example.com:8443", true},
		"a port that no wildcard takes":  {"https://*.example.com", "https://a.example.com:8443", false},
		"another scheme with a wildcard": {"https://*.example.com", "http://a.example.com", false},
		"a local page":                   {"http://localhost:3000", "http://localhost:3000", true},
		"an app":                         {"capacitor://localhost", "capacitor://localhost", true},
		"an address":                     {"http://[::1]:8080", "http://[::1]:8080", true},
		"an extension of a browser":      {"chrome-extension://abcdef", "chrome-extension://abcdef", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange("GET", "Origin", tc.sent)
			if tc.sent == "" {
				x = exchange("GET")
			}
			_, got, err := serve(t, x, backend(), cors.Config{Origins: []string{"https://other.example", tc.allowed}, Credentials: true})
			require.NoError(t, err)
			require.Equal(t, "Origin", got.Get("Vary"), "allowed or not, the answer depends on it")
			if !tc.want {
				require.NotContains(t, got, "Access-Control-Allow-Origin")
				require.NotContains(t, got, "Access-Control-Allow-Credentials")
				return
			}
			require.Equal(t, []string{tc.sent}, got["Access-Control-Allow-Origin"])
			require.Equal(t, []string{"true"}, got["Access-Control-Allow-Credentials"])
		})
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	t.Parallel()
	_, got, err := serve(t, exchange("GET", "Origin", app, "Origin", app), backend(), cors.Config{Origins: []string{app}})
	require.NoError(t, err)
	require.NotContains(t, got, "Access-Control-Allow-Origin")
}

func TestRefusalsCarryTheFields(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 429, 502} {
		x := exchange("GET", "Origin", app)
		_, got, err := serve(t, x, func(context.Context, *pipeline.Exchange) (*http.Response, error) {
			return nil, pipeline.Refuse(status, "no", "")
		}, cors.Config{Origins: []string{app}, Credentials: true, ExposeHeaders: []string{"Retry-After"}})
		require.Error(t, err)
		require.Equal(t, http.Header{
			"Access-Control-Allow-Origin": {app}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"Retry-After"}, "Vary": {"Origin"},
		}, got)
	}
}

func TestVaryIsAddedToWhatTheBackendSays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields []string
		want   []string
	}{
		"nothing":            {nil, []string{"Origin"}},
		"another field":      {[]string{"Vary", "Accept-Language"}, []string{"Accept-Language, Origin"}},
		"two lines":          {[]string{"Vary", "A", "Vary", "B"}, []string{"A, B, Origin"}},
		"it already":         {[]string{"Vary", "accept, origin"}, []string{"accept, origin"}},
		"everything already": {[]string{"Vary", "*"}, []string{"*"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got, err := serve(t, exchange("GET"), backend(tc.fields...), cors.Config{Origins: []string{app}})
			require.NoError(t, err)
			require.Equal(t, tc.want, got["Vary"])
		})
	}
}

func TestToAllAlikeTheAnswerDependsOnNothing(t *testing.T) {
	t.Parallel()
	for _, x := range []*pipeline.Exchange{exchange("GET"), exchange("GET", "Origin", app)} {
		_, got, err := serve(t, x, backend(), cors.Config{Origins: []string{"*"}})
		require.NoError(t, err)
		require.Equal(t, []string{"*"}, got["Access-Control-Allow-Origin"])
		require.NotContains(t, got, "Vary")
	}
}

func TestWhatTheBackendSaysOfCORSIsDropped(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{app, "https://evil.example"} {
		_, got, err := serve(t, exchange("GET", "Origin", origin), backend(
			"Access-Control-Allow-Origin", "*", "Access-Control-Allow-Credentials", "true",
			"Access-Control-Expose-Headers", "*", "Access-Control-Allow-Methods", "*", "Access-Control-Max-Age", "1",
			"Access-Control-Allow-Headers", "*", "Access-Control-Allow-Private-Network", "true", "X-Kept", "1",
		), cors.Config{Origins: []string{app}})
		require.NoError(t, err)
		require.Equal(t, "1", got.Get("X-Kept"))
		delete(got, "X-Kept")
		delete(got, "Vary")
		want := http.Header{}
		if origin == app {
			want["Access-Control-Allow-Origin"] = []string{app}
		}
		require.Equal(t, want, got)
	}
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	origins := func(o ...string) cors.Config { return cors.Config{Origins: o} }
	for name, tc := range map[string]struct {
		config      cors.Config
		field, want string
	}{
		"no origin":                  {origins(), "/origins", "at least one origin"},
		"an empty origin":            {origins(""), "/origins/0", "want an origin"},
		"a host alone":               {origins("app.example.com"), "/origins/0", "want an origin"},
		"null":                       {origins("null"), "/origins/0", "sandboxed"},
		"a path":                     {origins(app + "/"), "/origins/0", `"https://app.example.com"`},
		"an upper-case host":         {origins("https://APP.example.com"), "/origins/0", `"https://app.example.com"`},
		"a port that goes unsaid":    {origins("https://app.example.com:443"), "/origins/0", `"https://app.example.com"`},
		"the same with a wildcard":   {origins("http://*.example.com:80"), "/origins/0", `"http://*.example.com"`},
		"a user":                     {origins("https://me@app.example.com"), "/origins/0", `"https://app.example.com"`},
		"a wildcard in a label":      {origins("https://a*.example.com"), "/origins/0", "want an origin"},
		"a wildcard in the middle":   {origins("https://a.*.com"), "/origins/0", "want an origin"},
		"two wildcards":              {origins("https://*.*.example.com"), "/origins/0", "want an origin"},
		"a wildcard for the port":    {origins("http://localhost:*"), "/origins/0", "want an origin"},
		"a wildcard for all of .com": {origins("https://*.com"), "/origins/0", "sites of everybody"},
		"a host beyond ASCII":        {origins("https://bücher.example"), "/origins/0", "ASCII form"},
		"one origin twice":           {origins(app, app), "/origins/1", "listed twice"},
		"a star among others":        {origins("*", app), "/origins/0", "stands alone"},
		"a star with credentials":    {cors.Config{Origins: []string{"*"}, Credentials: true}, "/origins/0", "caller's session"},
		"any method with credentials": {
			cors.Config{Origins: []string{app}, Credentials: true, Methods: []string{"*"}}, "/methods/0", "list them",
		},
		"any field with credentials": {
			cors.Config{Origins: []string{app}, Credentials: true, Headers: []string{"X-A", "*"}}, "/headers/1", "list them",
		},
		"all exposed with credentials": {
			cors.Config{Origins: []string{app}, Credentials: true, ExposeHeaders: []string{"*"}}, "/expose_headers/0", "list them",
		},
		"a method in lower case":   {cors.Config{Origins: []string{app}, Methods: []string{"get"}}, "/methods/0", "upper case"},
		"a method never sent":      {cors.Config{Origins: []string{app}, Methods: []string{"TRACE"}}, "/methods/0", "never send"},
		"a field that is no token": {cors.Config{Origins: []string{app}, Headers: []string{"X A"}}, "/headers/0", "name of a field"},
		"part of a second":         {cors.Config{Origins: []string{app}, MaxAge: registry.Duration(time.Millisecond)}, "/max_age", "whole seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cors.Stage("cors", tc.config, nil)
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1, "%v", err)
			require.Equal(t, tc.field, faults[0].Field)
			require.ErrorContains(t, faults[0].Err, tc.want)
		})
	}
}

func TestTheStageStandsBeforeAuthentication(t *testing.T) {
	t.Parallel()
	s := stages(t, cors.Config{Origins: []string{app}}, nil)
	require.Len(t, s, 1)
	require.Less(t, s[0].Phase, pipeline.Authenticate)
	require.Equal(t, app, s[0].Vary(exchange("GET", "Origin", app)))
}

func BenchmarkCORS(b *testing.B) {
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
	h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil },
		stages(b, cors.Config{Origins: []string{app}, Credentials: true}, nil)...)
	for name, x := range map[string]*pipeline.Exchange{"origin": exchange("GET", "Origin", app), "none": exchange("GET")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Reply = nil
				delete(resp.Header, "Vary")
				_, _ = h(b.Context(), x)
			}
		})
	}
}

func FuzzOrigin(f *testing.F) {
	for _, s := range []string{app, "https://*.example.com", "null", "*", "http://[::1]:1", "https://a.example.com", "https://*.com"} {
		f.Add(s, app)
	}
	f.Fuzz(func(t *testing.T, allowed, sent string) {
		s, err := cors.Stage("cors", cors.Config{Origins: []string{allowed}}, nil)
		if err != nil || allowed == "*" {
			return
		}
		x := exchange("GET")
		x.In.Header["Origin"] = []string{sent}
		_, err = s.Wrap(backend())(t.Context(), x)
		require.NoError(t, err)
		got, ok := x.Reply["Access-Control-Allow-Origin"]
		if ok {
			require.Equal(t, []string{sent}, got)
			require.NotEqual(t, "null", sent)
		}
		if allowed == sent && !strings.Contains(allowed, "*") {
			require.True(t, ok, "what is listed is allowed")
		}
	})
}
