package problem_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/problem"
)

const (
	neutralRefused = "The service refused the request."
	neutralFailed  = "The service answered with an error."
)

// body tells how often it was closed.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

// answer returns a handler that answers with a body of unknown length; fields
// are names and values.
func answer(status int, b io.ReadCloser, fields ...string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, status, "", nil)
		resp.Body, resp.ContentLength = b, -1
		for i := 0; i < len(fields); i += 2 {
			resp.Header.Add(fields[i], fields[i+1])
		}
		return resp, nil
	}
}

func stage(t testing.TB, c problem.Config) pipeline.Stage {
	t.Helper()
	return gatewaytest.BuildPolicy(t, problem.Kind(), problem.Policy(c))[0]
}

// run returns the problem that the answer became; nil where it was passed on.
func run(t testing.TB, c problem.Config, method string, next pipeline.Handler) (*pipeline.Problem, gatewaytest.Result) {
	t.Helper()
	r := gatewaytest.Run(t, stage(t, c), gatewaytest.NewExchange(method, "/"), gatewaytest.Next(next))
	p, _ := errors.AsType[*pipeline.Problem](r.Err)
	return p, r
}

func TestErrorsOfTheBackendBecomeProblems(t *testing.T) {
	t.Parallel()
	const html = "text/html"
	for name, c := range map[string]struct {
		config      problem.Config
		method      string
		status      int
		contentType string
		code        string // empty where the answer is passed on
		detail      string
	}{
		"a refusal":                                   {status: 404, contentType: html, code: problem.CodeRefused, detail: neutralRefused},
		"the first and the last status":               {status: 400, contentType: html, code: problem.CodeRefused, detail: neutralRefused},
		"a status that nobody registered":             {status: 499, contentType: html, code: problem.CodeRefused, detail: neutralRefused},
		"a failure":                                   {status: 500, contentType: html, code: problem.CodeFailed, detail: neutralFailed},
		"the last failure":                            {status: 599, contentType: html, code: problem.CodeFailed, detail: neutralFailed},
		"an error without a type":                     {status: 500, code: problem.CodeFailed, detail: neutralFailed},
		"an answer to HEAD":                           {method: http.MethodHead, status: 404, code: problem.CodeRefused, detail: neutralRefused},
		"success is passed on":                        {status: 200, contentType: html},
		"a redirect is passed on":                     {status: 302, contentType: html},
		"304 is passed on":                            {status: 304},
		"204 is passed on":                            {status: 204},
		"a problem of the backend is passed on":       {status: 422, contentType: "application/problem+json"},
		"so it is in another case and with a charset": {status: 422, contentType: "Application/Problem+JSON; charset=utf-8"},
		"a type that cannot be read is not kept":      {status: 422, contentType: "application/problem+json; =", code: problem.CodeRefused, detail: neutralRefused},
		"an empty list keeps no problem":              {config: problem.Config{Keep: []string{}}, status: 422, contentType: "application/problem+json", code: problem.CodeRefused, detail: neutralRefused},
		"a list replaces the default":                 {config: problem.Config{Keep: []string{"Text/HTML"}}, status: 422, contentType: "application/problem+json", code: problem.CodeRefused, detail: neutralRefused},
		"a type that is listed is passed on":          {config: problem.Config{Keep: []string{"Text/HTML"}}, status: 500, contentType: html},
		"a class that is listed":                      {config: problem.Config{Statuses: []problem.Status{"5xx"}}, status: 503, contentType: html, code: problem.CodeFailed, detail: neutralFailed},
		"a class that is not listed is passed on":     {config: problem.Config{Statuses: []problem.Status{"5xx"}}, status: 404, contentType: html},
		"a status that is listed":                     {config: problem.Config{Statuses: []problem.Status{"404", "5xx"}}, status: 404, contentType: html, code: problem.CodeRefused, detail: neutralRefused},
		"a status beside it is passed on":             {config: problem.Config{Statuses: []problem.Status{"404", "5xx"}}, status: 405, contentType: html},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &body{Reader: strings.NewReader("stack trace of db7.internal")}
			var fields []string
			if c.contentType != "" {
				fields = []string{"Content-Type", c.contentType}
			}
			method := c.method
			if method == "" {
				method = http.MethodGet
			}
			p, r := run(t, c.config, method, answer(c.status, b, fields...))
			require.Equal(t, 1, b.closed)
			require.Equal(t, c.status, r.Status)
			if c.code == "" {
				require.NoError(t, r.Err)
				require.Empty(t, r.Decisions)
				return
			}
			require.Equal(t, c.status, p.Status)
			require.Equal(t, c.code, p.Code)
			require.Equal(t, c.detail, p.Detail)
			require.NotContains(t, p.Error(), "db7")
			require.Len(t, r.Decisions, 1, "no stage denied it")
			require.Equal(t, pipeline.Alter, r.Decisions[0].Verdict)
			require.Equal(t, c.code, r.Decisions[0].Code)
			require.Equal(t, "problems", r.Decisions[0].Stage)
		})
	}
}

func TestAnotherTypeBesideAKeptOneIsNotTrusted(t *testing.T) {
	t.Parallel()
	p, _ := run(t, problem.Config{}, "GET", answer(500, &body{Reader: strings.NewReader("x")},
		"Content-Type", "application/problem+json", "Content-Type", "text/html"))
	require.NotNil(t, p)
}

func TestFieldsThatTellWhatToDoAreKept(t *testing.T) {
	t.Parallel()
	sent := []string{
		"Retry-After", "7", "Allow", "GET", "Www-Authenticate", "Basic", "Www-Authenticate", `Bearer realm="x"`,
		"X-Quota", "3", "X-Broken", "a\x01b", "Server", "db7.internal", "Set-Cookie", "a=b", "Etag", `"1"`, "Content-Length", "5",
	}
	p, _ := run(t, problem.Config{Fields: []string{"x-quota", "X-Broken", "X-Absent"}}, "GET", answer(401, &body{Reader: strings.NewReader("x")}, sent...))
	require.Equal(t, http.Header{
		"Retry-After": {"7"}, "Allow": {"GET"}, "Www-Authenticate": {"Basic", `Bearer realm="x"`}, "X-Quota": {"3"},
	}, p.Header)
	p, _ = run(t, problem.Config{}, "GET", answer(500, &body{Reader: strings.NewReader("x")}))
	require.Nil(t, p.Header)
}

func TestTheCauseTellsCachesThatTheBackendFailed(t *testing.T) {
	t.Parallel()
	for status, failed := range map[int]bool{400: false, 404: false, 429: false, 500: true, 501: false, 502: true, 503: true, 504: true, 505: false} {
		p, _ := run(t, problem.Config{}, "GET", answer(status, &body{Reader: strings.NewReader("x")}))
		u, ok := errors.AsType[*pipeline.UpstreamError](error(p))
		require.Equal(t, failed, ok, "%d", status)
		if ok {
			require.Equal(t, pipeline.UpstreamAnswered, u.Kind)
			require.True(t, u.Sent)
		}
		require.ErrorContains(t, p.Cause, "the backend answered ")
	}
}

func TestOneTextOfTheBodyMayBecomeTheDetail(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	for name, c := range map[string]struct {
		path, contentType, coding, body string
		want                            string // empty: the neutral one
	}{
		"a text at the path":                  {"error.message", asJSON, "", `{"error":{"message":"Taken.","trace":"x"}}`, "Taken."},
		"an item of a list":                   {"errors.0.title", asJSON, "", `{"errors":[{"title":"Taken."}]}`, "Taken."},
		"a text with escapes":                 {"m", asJSON, "", `{"m":"\u00e4\"b"}`, `ä"b`},
		"JSON of another name":                {"m", "application/vnd.api+json; charset=UTF-8", "", `{"m":"Taken."}`, "Taken."},
		"a coding that is none":               {"m", asJSON, "identity", `{"m":"Taken."}`, "Taken."},
		"256 bytes":                           {"m", asJSON, "", `{"m":"` + strings.Repeat("x", 256) + `"}`, strings.Repeat("x", 256)},
		"a longer text is cut":                {"m", asJSON, "", `{"m":"` + strings.Repeat("x", 300) + `"}`, strings.Repeat("x", 256)},
		"no character is cut in two":          {"m", asJSON, "", `{"m":"` + strings.Repeat("x", 255) + `äää"}`, strings.Repeat("x", 255)},
		"64 KiB":                              {"m", asJSON, "", `{"m":"Taken."}` + strings.Repeat(" ", 64<<10-14), "Taken."},
		"a longer body":                       {"m", asJSON, "", `{"m":"Taken."}` + strings.Repeat(" ", 64<<10-13), ""},
		"nothing at the path":                 {"error.message", asJSON, "", `{"error":"Taken."}`, ""},
		"a number":                            {"m", asJSON, "", `{"m":5}`, ""},
		"an object":                           {"m", asJSON, "", `{"m":{"a":"b"}}`, ""},
		"an empty text":                       {"m", asJSON, "", `{"m":""}`, ""},
		"a line break":                        {"m", asJSON, "", `{"m":"a\nb"}`, ""},
		"an escape of terminals":              {"m", asJSON, "", `{"m":"\u001b[31m"}`, ""},
		"a control character far behind":      {"m", asJSON, "", `{"m":"` + strings.Repeat("x", 300) + `\u0000"}`, ""},
		"a turn of direction":                 {"m", asJSON, "", `{"m":"\u202eevil"}`, ""},
		"a line separator":                    {"m", asJSON, "", `{"m":"a\u2028b"}`, ""},
		"bytes that are no UTF-8":             {"m", asJSON, "", "{\"m\":\"\xff\"}", ""},
		"something behind the document":       {"m", asJSON, "", `{"m":"Taken."}{}`, ""},
		"a body that is cut short":            {"m", asJSON, "", `{"m":"Taken."`, ""},
		"a body deeper than anybody reads":    {"m", asJSON, "", `{"m":"Taken.","d":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, ""},
		"no JSON by its type":                 {"m", "text/html", "", `{"m":"Taken."}`, ""},
		"no type":                             {"m", "", "", `{"m":"Taken."}`, ""},
		"another charset":                     {"m", "application/json; charset=utf-16", "", `{"m":"Taken."}`, ""},
		"a body in a coding":                  {"m", asJSON, "gzip", `{"m":"Taken."}`, ""},
		"no body":                             {"m", asJSON, "", ``, ""},
		"without a path nothing is looked at": {"", asJSON, "", `{"":"Taken."}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fields := []string{"Content-Encoding", c.coding}
			if c.contentType != "" {
				fields = append(fields, "Content-Type", c.contentType)
			}
			for _, reader := range []io.Reader{strings.NewReader(c.body), iotest.OneByteReader(strings.NewReader(c.body))} {
				b := &body{Reader: reader}
				p, _ := run(t, problem.Config{Detail: c.path}, "GET", answer(422, b, fields...))
				want := c.want
				if want == "" {
					want = neutralRefused
				}
				require.Equal(t, want, p.Detail)
				require.Equal(t, 1, b.closed)
			}
		})
	}
}

func TestABodyThatBreaksIsNoDetail(t *testing.T) {
	t.Parallel()
	b := &body{Reader: io.MultiReader(strings.NewReader(`{"m":"Taken."}`), iotest.ErrReader(io.ErrUnexpectedEOF))}
	p, _ := run(t, problem.Config{Detail: "m"}, "GET", answer(500, b, "Content-Type", "application/json"))
	require.Equal(t, neutralFailed, p.Detail)
	require.Equal(t, 1, b.closed)
}

// stuck is a body that comes to no end until it is closed.
type stuck struct {
	*io.PipeReader
	closed int
}

func (s *stuck) Close() error { s.closed++; return s.PipeReader.Close() }

func TestABodyIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config problem.Config
		length int64
		want   time.Duration
	}{
		"a detail is waited for":            {problem.Config{Detail: "m"}, -1, time.Second},
		"a short rest is waited for less":   {problem.Config{}, 100, 50 * time.Millisecond},
		"a long rest is not waited for":     {problem.Config{}, 10_000, 0},
		"an unknown rest is not waited for": {problem.Config{}, -1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				go func() { _, _ = io.WriteString(w, `{"m":`) }()
				b := &stuck{PipeReader: r}
				begun := time.Now()
				p, _ := run(t, c.config, "GET", func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
					resp, err := answer(500, b, "Content-Type", "application/json")(ctx, x)
					resp.ContentLength = c.length
					return resp, err
				})
				require.Equal(t, neutralFailed, p.Detail)
				require.Equal(t, c.want, time.Since(begun))
				require.Equal(t, 1, b.closed)
			})
		})
	}
}

func TestFailuresOfTheGatewayStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, err := range []error{pipeline.Refuse(403, "nope", ""), &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout}} {
		_, r := run(t, problem.Config{}, "GET", func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, err })
		require.ErrorIs(t, r.Err, err)
	}
}

func TestTheStageStandsInSanitizeAndVariesWithNothing(t *testing.T) {
	t.Parallel()
	s := stage(t, problem.Config{})
	require.Equal(t, pipeline.Sanitize, s.Phase)
	require.Equal(t, "problems", s.Name)
	require.Empty(t, s.Vary(gatewaytest.NewExchange("GET", "/", gatewaytest.Identity(&pipeline.Identity{Subject: "ada"}))))
}

func TestEveryFaultOfSettingsIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config string
		fields []string
	}{
		"statuses in every spelling":     {`{"statuses":[404,"409","4xx","5xx",599]}`, nil},
		"statuses that are no errors":    {`{"statuses":[200,"3xx",600,"4XX","0404",true,-1,"+40"]}`, []string{"/statuses/0", "/statuses/1", "/statuses/2", "/statuses/3", "/statuses/4", "/statuses/5", "/statuses/6", "/statuses/7"}},
		"types":                          {`{"keep":["json","text/*","a/b; c=d","","Application/JSON"]}`, []string{"/keep/0", "/keep/1", "/keep/2", "/keep/3"}},
		"fields that are not to be kept": {`{"fields":["Content-Type","etag","Cache-Control","Connection","X Y","X-A","x-a","retry-after","Grpc-Status","Content-Range"]}`, []string{"/fields/0", "/fields/1", "/fields/2", "/fields/3", "/fields/4", "/fields/6", "/fields/7", "/fields/8"}},
		"a path with an empty name":      {`{"detail":"a..b"}`, []string{"/detail"}},
		"a path with a query":            {`{"detail":"a.#(b==1)"}`, []string{"/detail"}},
		"a path with a modifier":         {`{"detail":"@this"}`, []string{"/detail"}},
		"a path with a wildcard":         {`{"detail":"a*"}`, []string{"/detail"}},
		"a path of nine names":           {`{"detail":"a.b.c.d.e.f.g.h.i"}`, []string{"/detail"}},
		"a path of eight names":          {`{"detail":"a.b.c.d.e.f.g.H_0-9"}`, nil},
		"a path that is too long":        {`{"detail":"` + strings.Repeat("x", 257) + `"}`, []string{"/detail"}},
		"a member that is not there":     {`{"status":[404]}`, []string{"/status"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, f := range registry.AsFaults(registry.Decode([]byte(c.config), &problem.Config{})) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, c.fields, fields)
		})
	}
	_, err := problem.New("x", problem.Config{Statuses: []problem.Status{"200"}})
	require.Error(t, err)
}

func TestAnEmptyListToKeepSurvivesADocument(t *testing.T) {
	t.Parallel()
	var c problem.Config
	require.NoError(t, registry.Decode([]byte(`{"keep":[]}`), &c))
	require.NotNil(t, c.Keep)
	require.Contains(t, string(problem.Policy(c).Config), `"keep":[]`)
}

func FuzzDetail(f *testing.F) {
	for _, s := range []string{`{"m":"Taken."}`, `{"m":"a\nb"}`, `{"m":5}`, `{"m":"\ud83d"}`, `{"m":"a","m":"b"}`, "{\"m\":\"\xff\"}", `[`, ``} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		p, _ := run(t, problem.Config{Detail: "m"}, "GET", answer(500, &body{Reader: strings.NewReader(doc)}, "Content-Type", "application/json"))
		require.NotNil(t, p)
		require.LessOrEqual(t, len(p.Detail), 256)
		require.NotEmpty(t, p.Detail)
		require.True(t, strings.ToValidUTF8(p.Detail, "") == p.Detail)
		require.False(t, strings.ContainsFunc(p.Detail, func(r rune) bool { return r < ' ' || r == 0x7f }))
	})
}
