package payload_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz/payload"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// sent is a handler that reads the whole body, as an upstream does, and keeps
// what it got.
func sent(got *string) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		body, err := io.ReadAll(x.Out(ctx).Body)
		*got += string(body)
		if err != nil {
			return nil, err
		}
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}
}

func exchange(body io.Reader, length int64, fields ...string) *pipeline.Exchange {
	x := gatewaytest.NewExchange(http.MethodPost, "/things", gatewaytest.Stream(io.NopCloser(body), length))
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Add(fields[i], fields[i+1])
	}
	return x
}

func stage(t testing.TB, c payload.Config) pipeline.Stage {
	t.Helper()
	s, err := payload.New("payload", c)
	require.NoError(t, err)
	return s
}

// decided returns the decisions in one line each.
func decided(x *pipeline.Exchange) []string {
	var all []string
	for _, d := range x.Decisions() {
		all = append(all, strings.TrimSpace(d.Stage+" "+d.Verdict.String()+" "+d.Rule+" "+d.Code))
	}
	return all
}

func TestWhatABodyIsTakenFor(t *testing.T) {
	t.Parallel()
	const badJSON, badXML = `{"a":1,}`, `<a>`
	types := func(c payload.ContentTypes) payload.Config { return payload.Config{ContentTypes: c} }
	json := []string{"Content-Type", "application/json"}
	for _, c := range []struct {
		name   string
		config payload.Config
		body   string
		fields []string
		status int // 0 passes
		code   string
	}{
		{"JSON", payload.Config{}, badJSON, json, 400, payload.CodeMalformed},
		{"JSON in capitals", payload.Config{}, badJSON, []string{"Content-Type", "Application/JSON"}, 400, payload.CodeMalformed},
		{"JSON with space", payload.Config{}, badJSON, []string{"Content-Type", " application/json ; charset=UTF-8"}, 400, payload.CodeMalformed},
		{"JSON by suffix", payload.Config{}, badJSON, []string{"Content-Type", "application/problem+json"}, 400, payload.CodeMalformed},
		{"text/json", payload.Config{}, badJSON, []string{"Content-Type", "text/json"}, 400, payload.CodeMalformed},
		{"XML", payload.Config{}, badXML, []string{"Content-Type", "application/xml"}, 400, payload.CodeMalformed},
		{"text/xml", payload.Config{}, badXML, []string{"Content-Type", `text/xml; charset="utf-8"`}, 400, payload.CodeMalformed},
		{"SOAP 1.2", payload.Config{}, badXML, []string{"Content-Type", `application/soap+xml; action="urn:get"; charset=utf-8`}, 400, payload.CodeMalformed},
		{"a type that looks like JSON and is none", payload.Config{}, badJSON, []string{"Content-Type", "application/jsonp"}, 0, ""},
		{"lines of JSON", payload.Config{}, badJSON, []string{"Content-Type", "application/x-ndjson"}, 0, ""},
		{"a form", payload.Config{}, "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 0, ""},
		{"a form, where others are refused", types(payload.ContentTypes{Other: "refuse"}), "a=b",
			[]string{"Content-Type", "application/x-www-form-urlencoded"}, 415, payload.CodeTypeRefused},
		{"a type of one's own", types(payload.ContentTypes{JSON: []string{"application/vnd.acme"}}), badJSON,
			[]string{"Content-Type", "application/vnd.acme"}, 400, payload.CodeMalformed},
		{"JSON, where it is not in the list", types(payload.ContentTypes{JSON: []string{"application/vnd.acme"}}), badJSON, json, 0, ""},
		{"everything of a kind", types(payload.ContentTypes{JSON: []string{"text/*"}}), badJSON,
			[]string{"Content-Type", "text/plain"}, 400, payload.CodeMalformed},
		{"no type", payload.Config{}, `{}`, nil, 415, payload.CodeTypeRefused},
		{"an empty type", payload.Config{}, `{}`, []string{"Content-Type", ""}, 415, payload.CodeTypeRefused},
		{"no type, where it passes", types(payload.ContentTypes{Untyped: "pass"}), badJSON, nil, 0, ""},
		{"no type, taken for JSON", types(payload.ContentTypes{Untyped: "json"}), badJSON, nil, 400, payload.CodeMalformed},
		{"no type, taken for XML", types(payload.ContentTypes{Untyped: "xml"}), badXML, nil, 400, payload.CodeMalformed},
		{"two types", payload.Config{}, `{}`, []string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415, payload.CodeTypeRefused},
		{"another character set", payload.Config{}, `{}`, []string{"Content-Type", "application/json; charset=utf-16"}, 415, payload.CodeCharsetRefused},
		{"Latin-1", payload.Config{}, `<a/>`, []string{"Content-Type", "text/xml; charset=iso-8859-1"}, 415, payload.CodeCharsetRefused},
		{"two character sets", payload.Config{}, `{}`, []string{"Content-Type", "application/json; charset=utf-8; charset=utf-7"}, 415, payload.CodeTypeRefused},
		{"parameters that cannot be read", payload.Config{}, `{}`, []string{"Content-Type", "application/json; charset"}, 415, payload.CodeTypeRefused},
		{"parameters that do not matter", payload.Config{}, `{}`, []string{"Content-Type", "application/json; profile=x"}, 0, ""},
		{"gzip", payload.Config{}, "\x1f\x8b", append(json[:2:2], "Content-Encoding", "gzip"), 415, payload.CodeEncodingRefused},
		{"gzip within a list", payload.Config{}, "\x1f\x8b", append(json[:2:2], "Content-Encoding", "identity, gzip"), 415, payload.CodeEncodingRefused},
		{"identity", payload.Config{}, badJSON, append(json[:2:2], "Content-Encoding", "Identity"), 400, payload.CodeMalformed},
		{"gzip, where it passes", types(payload.ContentTypes{Encoded: "pass"}), "\x1f\x8b", append(json[:2:2], "Content-Encoding", "gzip"), 0, ""},
		{"gzip of another type", payload.Config{}, "\x1f\x8b", []string{"Content-Type", "text/plain", "Content-Encoding", "gzip"}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, length := range []int64{int64(len(c.body)), -1} {
				x := exchange(strings.NewReader(c.body), length, c.fields...)
				var got string
				_, err := pipeline.Chain(sent(&got), stage(t, c.config))(t.Context(), x)
				if c.status == 0 {
					require.NoError(t, err)
					require.Equal(t, c.body, got)
					continue
				}
				var p *pipeline.Problem
				require.ErrorAs(t, err, &p)
				require.Equal(t, c.status, p.Status)
				require.Equal(t, c.code, p.Code)
				require.Equal(t, c.code == payload.CodeEncodingRefused, p.Header.Get("Accept-Encoding") == "identity")
				require.Len(t, x.Decisions(), 1, "%v", decided(x))
				require.Equal(t, c.code, x.Decisions()[0].Code)
				require.NotEmpty(t, x.Decisions()[0].Rule)
				require.Empty(t, got)
			}
		})
	}
}

// TestAGoodBodyComesAsItWas sends good bodies, short and long, in all the ways
// that a body can come.
func TestAGoodBodyComesAsItWas(t *testing.T) {
	t.Parallel()
	long := `["` + strings.Repeat(strings.Repeat("é", 50)+`","`, 5000) + `"]`
	for name, body := range map[string]string{"short": ` {"a": 1.50} ` + "\n", "long": long} {
		for config, c := range map[string]payload.Config{"": {}, " streamed": {Stream: true}, " held": {Inspect: payload.MaxInspect}} {
			t.Run(name+config, func(t *testing.T) {
				t.Parallel()
				ways := map[string]func() *pipeline.Exchange{
					"known":        func() *pipeline.Exchange { return exchange(strings.NewReader(body), int64(len(body))) },
					"unknown":      func() *pipeline.Exchange { return exchange(strings.NewReader(body), -1) },
					"bit by bit":   func() *pipeline.Exchange { return exchange(iotest.OneByteReader(strings.NewReader(body)), -1) },
					"with its end": func() *pipeline.Exchange { return exchange(iotest.DataErrReader(strings.NewReader(body)), -1) },
					"kept before": func() *pipeline.Exchange {
						x := exchange(strings.NewReader(body), int64(len(body)))
						_, err := x.Body(1 << 20)
						require.NoError(t, err)
						return x
					},
				}
				for way, exchange := range ways {
					x := exchange()
					x.In.Header.Set("Content-Type", "application/json")
					var got string
					_, err := pipeline.Chain(sent(&got), stage(t, c))(t.Context(), x)
					require.NoError(t, err, way)
					require.True(t, body == got, way)
					require.Equal(t, []string{"payload pass json"}, decided(x), way)
				}
			})
		}
	}
}

// TestNothingOfAPieceWithAFaultIsHandedOn: what is sent of a long body ends
// before the piece in which its fault lies, and so before its end.
func TestNothingOfAPieceWithAFaultIsHandedOn(t *testing.T) {
	t.Parallel()
	body := `["` + strings.Repeat("x", 100_000) + `",]`
	for _, length := range []int64{int64(len(body)), -1} {
		x := exchange(strings.NewReader(body), length, "Content-Type", "application/json")
		var got string
		_, err := pipeline.Chain(sent(&got), stage(t, payload.Config{}))(t.Context(), x)
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Contains(t, p.Detail, "at byte 100004 by the rule json.syntax")
		require.Less(t, len(got), len(body))
		require.Equal(t, []string{"payload deny json.syntax payload_malformed"}, decided(x))
		var fault *payload.Fault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, int64(100_004), fault.Offset)
	}
}

// TestAnAnswerToHalfARequestCountsForNothing has a handler answer although the
// body that it read broke.
func TestAnAnswerToHalfARequestCountsForNothing(t *testing.T) {
	t.Parallel()
	answer := &closing{Reader: strings.NewReader("done")}
	h := func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, x.Out(ctx).Body)
		resp := pipeline.Respond(x, http.StatusOK, "", nil)
		resp.Body = answer
		return resp, nil
	}
	x := exchange(strings.NewReader(`[1,]`), -1, "Content-Type", "application/json")
	_, err := pipeline.Chain(h, stage(t, payload.Config{Stream: true}))(t.Context(), x)
	require.Equal(t, payload.CodeMalformed, pipeline.Code(err))
	require.Equal(t, 1, answer.closed)
}

type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error {
	c.closed++
	return nil
}

// TestABodyIsNoLongerThanItWasSaidToBe: what comes behind the length is not let
// through unchecked.
func TestABodyIsNoLongerThanItWasSaidToBe(t *testing.T) {
	t.Parallel()
	for _, c := range []payload.Config{{}, {Stream: true}} {
		x := exchange(iotest.OneByteReader(strings.NewReader(`[1]{"a":`)), 3, "Content-Type", "application/json")
		var got string
		_, err := stage(t, c).Wrap(sent(&got))(t.Context(), x)
		require.Equal(t, payload.CodeMalformed, pipeline.Code(err))
		require.LessOrEqual(t, len(got), 3)
	}
}

// TestABodyThatBreaksIsTheClientsFault: what the edge says of a body that does
// not come is the answer, and no decision of this stage.
func TestABodyThatBreaksIsTheClientsFault(t *testing.T) {
	t.Parallel()
	late := pipeline.Refuse(http.StatusRequestTimeout, pipeline.CodeBodyTimeout, "")
	body := io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(late))
	x := exchange(body, -1, "Content-Type", "application/json")
	var got string
	_, err := stage(t, payload.Config{}).Wrap(sent(&got))(t.Context(), x)
	require.Equal(t, error(late), err)
	require.Empty(t, x.Decisions())
	require.Empty(t, got)

	broken := errors.New("broken")
	x = exchange(io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(broken)), -1, "Content-Type", "application/json")
	_, err = stage(t, payload.Config{}).Wrap(sent(&got))(t.Context(), x)
	require.ErrorIs(t, err, broken)
}

func TestARequestWithoutABodyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, x := range []*pipeline.Exchange{
		gatewaytest.NewExchange(http.MethodGet, "/things"),
		exchange(strings.NewReader(""), -1, "Content-Type", "application/json"),
		exchange(strings.NewReader(""), -1),
	} {
		var got string
		_, err := pipeline.Chain(sent(&got), stage(t, payload.Config{}))(t.Context(), x)
		require.NoError(t, err)
		require.Empty(t, x.Decisions())
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config payload.Config
		want   []string
	}{
		"bounds of JSON": {payload.Config{JSON: payload.JSON{Depth: 1001, Keys: -1, Elements: -1, Values: -1, Key: -1, String: -1, Number: -1, Exponent: -1, DuplicateKeys: "maybe"}},
			[]string{"/json/depth", "/json/keys", "/json/elements", "/json/values", "/json/key", "/json/string", "/json/number", "/json/exponent", "/json/duplicate_keys"}},
		"bounds of XML": {payload.Config{XML: payload.XML{Depth: -1, Elements: -1, Children: -1, Attributes: 10_001, Namespaces: -1, Name: 1 << 20, Value: -1, Text: -1, SchemaLocation: "x"}},
			[]string{"/xml/depth", "/xml/elements", "/xml/children", "/xml/attributes", "/xml/namespaces", "/xml/name", "/xml/value", "/xml/text", "/xml/schema_location"}},
		"types": {payload.Config{ContentTypes: payload.ContentTypes{JSON: []string{"json", "Application/JSON", "a/b;c=d", "*/json", "a/*/*"}, XML: []string{"a/b", "a/b"}, Other: "x", Untyped: "x", Encoded: "x"}},
			[]string{"/content_types/json/0", "/content_types/json/1", "/content_types/json/2", "/content_types/json/3", "/content_types/json/4", "/content_types/xml/1", "/content_types/other", "/content_types/untyped", "/content_types/encoded"}},
		"a stream that is inspected": {payload.Config{Stream: true, Inspect: 1}, []string{"/inspect"}},
		"too much to hold":           {payload.Config{Inspect: payload.MaxInspect + 1}, []string{"/inspect"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := payload.New("payload", c.config)
			for _, field := range c.want {
				require.ErrorContains(t, err, "field "+field+":")
			}
		})
	}
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage { return stage(t, payload.Config{}) },
		gatewaytest.Header("Content-Type", "application/json"))
}
