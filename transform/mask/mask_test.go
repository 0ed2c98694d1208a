package mask_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/mask"
)

func TestMaskStage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]mask.Config{
		"other types pass":   {Fields: []string{"ssn"}, OtherTypes: "pass"},
		"the mask is lifted": {Fields: []string{"ssn"}, UnlessPII: true},
		"members go away":    {Fields: []string{"ssn"}, With: "remove", OtherTypes: "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage { return stage(t, c) },
				gatewaytest.Grant(&pipeline.Grant{PII: c.UnlessPII}))
		})
	}
}

func TestWhatStandsInThePlaceOfAValue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config mask.Config
		rule   string
		want   string
	}{
		"redact is the default":    {mask.Config{}, "redact", `{"id":1,"ssn":"***"}`},
		"redact":                   {mask.Config{With: "redact"}, "redact", `{"id":1,"ssn":"***"}`},
		"null":                     {mask.Config{With: "null"}, "null", `{"id":1,"ssn":null}`},
		"remove":                   {mask.Config{With: "remove"}, "remove", `{"id":1}`},
		"the last characters stay": {mask.Config{KeepLast: 4}, "keep_last:4", `{"id":1,"ssn":"***6789"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.Fields = []string{"ssn"}
			r := run(t, test.config, `{"id":1,"ssn":"123-45-6789"}`)
			require.NoError(t, r.Err)
			require.Equal(t, test.want, r.Body)
			require.Len(t, r.Decisions, 1)
			d := r.Decisions[0]
			d.At = 0
			require.Equal(t, pipeline.Decision{Stage: "mask", Rule: test.rule, Verdict: pipeline.Alter, Code: mask.CodeMasked}, d)
		})
	}
}

func TestWhoMayLiftTheMask(t *testing.T) {
	t.Parallel()
	scope, pii := mask.Config{UnlessScope: "pii.read"}, mask.Config{UnlessPII: true}
	either := mask.Config{UnlessScope: "pii.read", UnlessPII: true}
	tests := map[string]struct {
		config mask.Config
		grant  *pipeline.Grant
		rule   string // of what lifts; empty: masked
	}{
		"nobody by default":               {mask.Config{}, &pipeline.Grant{PII: true, AllFields: true, Scopes: []string{""}}, ""},
		"no grant lifts nothing":          {either, nil, ""},
		"an empty grant lifts nothing":    {either, &pipeline.Grant{}, ""},
		"the scope lifts":                 {scope, &pipeline.Grant{Scopes: []string{"a", "pii.read"}}, "unless_scope"},
		"another scope does not":          {scope, &pipeline.Grant{Scopes: []string{"pii.read.x", "PII.READ"}, PII: true}, ""},
		"a grant of personal data lifts":  {pii, &pipeline.Grant{PII: true}, "unless_pii"},
		"all fields are no personal data": {pii, &pipeline.Grant{AllFields: true, Scopes: []string{"pii.read"}}, ""},
		"either lifts, by scope":          {either, &pipeline.Grant{Scopes: []string{"pii.read"}}, "unless_scope"},
		"either lifts, by grant":          {either, &pipeline.Grant{PII: true}, "unless_pii"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.Fields = []string{"ssn"}
			x := gatewaytest.NewExchange("GET", "/", gatewaytest.Grant(test.grant), gatewaytest.Header("Range", "bytes=1-2"), gatewaytest.Header("Accept-Encoding", "gzip"))
			s := stage(t, test.config)
			vary := s.Vary(x)
			r := gatewaytest.Run(t, s, x, gatewaytest.Next(answer(200, strings.NewReader(`{"ssn":1}`), "ETag", `"v1"`)))
			if test.rule == "" {
				require.Equal(t, `{"ssn":"***"}`, r.Body)
				require.Equal(t, "masked", vary)
				require.Empty(t, r.Header.Get("ETag"))
				require.Equal(t, "identity", r.Sent.Header.Get("Accept-Encoding"))
				require.Empty(t, r.Sent.Header["Range"])
				return
			}
			require.Equal(t, `{"ssn":1}`, r.Body)
			require.Equal(t, "lifted", vary)
			require.Equal(t, test.rule, r.Decisions[0].Rule)
			require.Equal(t, mask.CodeLifted, r.Decisions[0].Code)
			require.Equal(t, `"v1"`, r.Header.Get("ETag"))
			require.Equal(t, "gzip", r.Sent.Header.Get("Accept-Encoding"))
			require.Equal(t, "bytes=1-2", r.Sent.Header.Get("Range"))
		})
	}
}

func TestWhatTheBackendIsAskedFor(t *testing.T) {
	t.Parallel()
	fields := []gatewaytest.Option{
		gatewaytest.Header("Accept-Encoding", "br"), gatewaytest.Header("Range", "bytes=0-9"), gatewaytest.Header("If-Range", `"v"`),
		gatewaytest.Header("If-None-Match", `"v"`), gatewaytest.Header("If-Match", `"v"`), gatewaytest.Header("If-Modified-Since", "x"),
	}
	for method, kept := range map[string]bool{"GET": false, "HEAD": false, "PUT": true, "PATCH": true} {
		r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange(method, "/", fields...), gatewaytest.Next(answer(204, http.NoBody)))
		require.Equal(t, "identity", r.Sent.Header.Get("Accept-Encoding"))
		require.Empty(t, r.Sent.Header["Range"])
		require.Empty(t, r.Sent.Header["If-Range"])
		require.Equal(t, kept, len(r.Sent.Header["If-None-Match"]) > 0, method)
		require.NotEmpty(t, r.Sent.Header["If-Match"])
		require.NotEmpty(t, r.Sent.Header["If-Modified-Since"])
	}
}

func TestAnswersOfEveryStatusAreMasked(t *testing.T) {
	t.Parallel()
	for status, contentType := range map[int]string{
		200: "application/json", 201: "application/hal+json", 400: "application/problem+json", 404: "Application/JSON", 500: "application/problem+json; charset=UTF-8",
	} {
		r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("POST", "/"),
			gatewaytest.Next(answer(status, strings.NewReader(`{"detail":"no","ssn":1}`), "Content-Type", contentType)))
		require.NoError(t, r.Err)
		require.Equal(t, status, r.Status)
		require.Equal(t, `{"detail":"no","ssn":"***"}`, r.Body)
	}
}

func TestAnswersThatCannotBeJudgedAreWithheld(t *testing.T) {
	t.Parallel()
	const doc = `{"ssn":1}`
	tests := map[string]struct {
		status int
		fields []string
		body   string
		passes bool // where other_types is pass
	}{
		"HTML":                         {200, []string{"Content-Type", "text/html"}, doc, true},
		"text":                         {500, []string{"Content-Type", "text/plain"}, doc, true},
		"no type":                      {200, []string{"Content-Type", ""}, doc, true},
		"a stream of events":           {200, []string{"Content-Type", "text/event-stream"}, "data: {}\n\n", true},
		"a type that only looks alike": {200, []string{"Content-Type", "application/jsonp"}, doc, true},
		"two types in one":             {200, []string{"Content-Type", "text/plain, application/json"}, doc, false},
		"another charset":              {200, []string{"Content-Type", "application/json; charset=utf-16"}, doc, false},
		"another charset, quoted":      {200, []string{"Content-Type", `application/json;a=b; CharSet="UTF-7"`}, doc, false},
		"an encoded body":              {200, []string{"Content-Encoding", "gzip"}, doc, false},
		"an encoded body, twice":       {200, []string{"Content-Encoding", "identity, br"}, doc, false},
		"a part":                       {206, nil, `"1"`, false},
		"a range by its field":         {200, []string{"Content-Range", "bytes 0-2/9"}, `"1"`, false},
		"what is no JSON":              {200, nil, `<html>`, false},
		"a fault in the first read":    {200, nil, `{"ssn":1,}`, false},
		"a document cut short":         {200, nil, `{"ssn":1`, false},
		"a byte order mark":            {200, nil, "\ufeff" + doc, false},
		"something behind it":          {200, nil, doc + doc, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, others := range []string{"", "refuse", "pass"} {
				c := ssn()
				c.OtherTypes = others
				body := iotest.DataErrReader(strings.NewReader(test.body)) // the end comes with the first read
				r := gatewaytest.Run(t, stage(t, c), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(answer(test.status, body, test.fields...)))
				if test.passes && others == "pass" {
					require.NoError(t, r.Err)
					require.Equal(t, test.body, r.Body)
					require.Empty(t, r.Decisions)
					continue
				}
				require.Equal(t, http.StatusBadGateway, r.Status)
				require.Equal(t, mask.CodeNotJudgeable, r.Code)
				require.True(t, r.Denied(mask.CodeNotJudgeable))
				require.Empty(t, r.Body)
			}
		})
	}
}

func TestEveryNameOfJSONIsJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"application/json", "text/json", "Text/JSON; charset=utf-8", "application/problem+json"} {
		c := ssn()
		c.OtherTypes = "pass"
		r := gatewaytest.Run(t, stage(t, c), gatewaytest.NewExchange("GET", "/"),
			gatewaytest.Next(answer(200, strings.NewReader(`{"ssn":1}`), "Content-Type", name)))
		require.Equal(t, `{"ssn":"***"}`, r.Body, name)
	}
}

func TestTwoContentTypesAreNone(t *testing.T) {
	t.Parallel()
	c := ssn()
	c.OtherTypes = "pass"
	r := gatewaytest.Run(t, stage(t, c), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(
		func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp, err := answer(200, strings.NewReader(`{"ssn":1}`))(ctx, x)
			resp.Header["Content-Type"] = []string{"text/plain", "application/json"}
			return resp, err
		}))
	require.Equal(t, mask.CodeNotJudgeable, r.Code)
}

func TestATunnelCannotBeJudged(t *testing.T) {
	t.Parallel()
	r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("GET", "/", gatewaytest.Upgrade("websocket")),
		gatewaytest.Next(answer(101, strings.NewReader(""), "Content-Type", "")))
	require.Equal(t, mask.CodeNotJudgeable, r.Code)
}

func TestAFaultThatComesLaterCutsTheBodyOff(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	for name, rest := range map[string]string{
		"a fault in the grammar": `,}`, "something behind the document": `} ` + secret, "the end too early": ``, "single quotes": `,'ssn':'` + secret + `'}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := io.MultiReader(strings.NewReader(`{"a":1`), strings.NewReader(rest))
			r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(answer(200, body)))
			require.Equal(t, http.StatusOK, r.Status)
			require.Equal(t, mask.CodeNotJudgeable, pipeline.Code(r.Err))
			require.NotContains(t, r.Body, secret)
			require.NotContains(t, r.Err.Error(), secret)
			require.Equal(t, `{"a":1`, r.Body)
		})
	}
}

func TestABodyThatBreaksIsBroken(t *testing.T) {
	t.Parallel()
	reset := errors.New("reset")
	r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(answer(200, iotest.ErrReader(reset))))
	require.Equal(t, http.StatusBadGateway, r.Status)
	require.Equal(t, pipeline.CodeUpstreamFailed, r.Code)

	r = gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(answer(200, iotest.ErrReader(context.Canceled))))
	require.Equal(t, 499, r.Status)

	r = gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(
		answer(200, io.MultiReader(strings.NewReader(`{"a":1,"ssn":`), iotest.ErrReader(reset)))))
	require.ErrorIs(t, r.Err, reset)
	require.Equal(t, `{"a":1,"ssn":`, r.Body)
}

func TestAnswersWithoutABodyPass(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method string
		status int
		body   io.Reader
		etag   bool
	}{
		"HEAD": {"HEAD", 200, http.NoBody, false}, "not modified": {"GET", 304, http.NoBody, false}, "no content": {"PUT", 204, http.NoBody, true},
		"JSON that is empty": {"GET", 200, strings.NewReader(""), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange(test.method, "/"), gatewaytest.Next(
				answer(test.status, test.body, "ETag", `"v"`, "Content-Length", "100")))
			require.NoError(t, r.Err)
			require.Equal(t, test.status, r.Status)
			require.Equal(t, test.etag, r.Header.Get("ETag") != "")
			require.Empty(t, r.Body)
		})
	}
}

func TestAnEmptyBodyOfAnyTypePasses(t *testing.T) {
	t.Parallel()
	r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("POST", "/"), gatewaytest.Next(
		func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp, err := answer(201, strings.NewReader(""), "Content-Type", "")(ctx, x)
			resp.ContentLength = 0
			return resp, err
		}))
	require.NoError(t, r.Err)
	require.Equal(t, 201, r.Status)

	r = gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("POST", "/"), gatewaytest.Next(
		func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp, err := answer(201, strings.NewReader("not empty"), "Content-Type", "")(ctx, x)
			resp.ContentLength = 0 // a lie
			return resp, err
		}))
	require.Equal(t, mask.CodeNotJudgeable, r.Code)
}

func TestSeveralMasksOnOneRoute(t *testing.T) {
	t.Parallel()
	stages := []pipeline.Stage{
		stage(t, ssn()), stage(t, mask.Config{Fields: []string{"debug"}, With: "remove"}), stage(t, mask.Config{Fields: []string{"card"}, KeepLast: 4}),
	}
	doc := `{"debug":{"ssn":1},"ssn":2,"card":"4111111111111111"}`
	r := gatewaytest.RunChain(t, stages, gatewaytest.NewExchange("GET", "/", gatewaytest.Header("Accept-Encoding", "gzip")),
		gatewaytest.Next(answer(200, iotest.OneByteReader(strings.NewReader(doc)))))
	require.NoError(t, r.Err)
	require.Equal(t, `{"ssn":"***","card":"***1111"}`, r.Body)
	require.Equal(t, []string{"identity"}, r.Sent.Header["Accept-Encoding"])
	require.Len(t, r.Decisions, 3)
}

func TestLinesAreDocuments(t *testing.T) {
	t.Parallel()
	r := gatewaytest.Run(t, stage(t, ssn()), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(
		answer(200, strings.NewReader("{\"ssn\":1}\n{\"ssn\":2}\n"), "Content-Type", "application/x-ndjson")))
	require.NoError(t, r.Err)
	require.Equal(t, "{\"ssn\":\"***\"}\n{\"ssn\":\"***\"}\n", r.Body)
}

func TestTheHeadDoesNotWaitForTheFirstLine(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	h := pipeline.Chain(answer(200, from, "Content-Type", "application/x-ndjson"), stage(t, ssn()))
	resp, err := h(t.Context(), gatewaytest.NewExchange("GET", "/")) // nothing was written
	require.NoError(t, err)
	go func() {
		_, _ = io.WriteString(to, "{'ssn':1}\n")
		_ = to.Close()
	}()
	got, err := io.ReadAll(resp.Body)
	require.Equal(t, mask.CodeNotJudgeable, pipeline.Code(err))
	require.Empty(t, got)
	require.NoError(t, resp.Body.Close())
}

// TestAStreamIsNotHeldBack writes a line only after the one before came through.
func TestAStreamIsNotHeldBack(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	go func() { _, _ = io.WriteString(to, "{\"ssn\":1}\n") }()
	h := pipeline.Chain(answer(200, from, "Content-Type", "application/x-ndjson"), stage(t, ssn()))
	x := gatewaytest.NewExchange("GET", "/")
	resp, err := h(t.Context(), x)
	require.NoError(t, err)
	buf := make([]byte, 100)
	for range 3 {
		n, err := io.ReadFull(resp.Body, buf[:len("{\"ssn\":\"***\"}\n")])
		require.NoError(t, err)
		require.Equal(t, "{\"ssn\":\"***\"}\n", string(buf[:n]))
		go func() { _, _ = io.WriteString(to, "{\"ssn\":2}\n") }()
	}
	require.NoError(t, resp.Body.Close())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, want string }{
		"no fields":                 {`{}`, `field /fields: want at least one path`},
		"a path that is none":       {`{"fields":["a","b..c"]}`, `field /fields/1: path "b..c"`},
		"an unknown choice":         {`{"fields":["a"],"with":"remov"}`, `did you mean "remove"`},
		"null without quotes":       {`{"fields":["a"],"with":null}`, `field /with`},
		"too many characters kept":  {`{"fields":["a"],"keep_last":17}`, `field /keep_last: want 0 to 16 characters, not 17`},
		"characters kept of null":   {`{"fields":["a"],"with":"null","keep_last":2}`, `field /keep_last: nothing is kept`},
		"an unknown other_types":    {`{"fields":["a"],"other_types":"drop"}`, `field /other_types`},
		"an unknown member":         {`{"fields":["a"],"unless":"x"}`, `unless`},
		"more steps than there may": {`{"fields":[` + strings.Repeat(`"a.b.c.d.e.f.g.h",`, 128) + `"a"]}`, `field /fields: want at most 1024 steps`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gatewaytest.TryBuild(t, mask.Kind(), test.config)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := gatewaytest.TryBuild(t, mask.Kind(), `{"fields":["ssn","card.number"],"unless_scope":"pii.read"}`)
	require.NoError(t, err)
	_, err = mask.New("mask", mask.Config{})
	require.Error(t, err)
}
