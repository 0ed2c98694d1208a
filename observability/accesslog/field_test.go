package accesslog_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// says returns the value of a field that is the same for all exchanges.
func says(text string) func(*pipeline.Exchange) string {
	return func(*pipeline.Exchange) string { return text }
}

func TestFieldsOfOnesOwnStandInEachLine(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	x.Decide(pipeline.Decision{Stage: "waf", Verdict: pipeline.Warn, Code: "odd", At: 1})
	line := one(t, x, s,
		accesslog.Field("tenant_id", func(x *pipeline.Exchange) string { return "of " + x.Identity.Consumer }),
		accesslog.Field("region", says("first")), accesslog.Field("zone2", says("b")), accesslog.Field("nothing", says("")),
		accesslog.Field("region", says("eu")),
	)
	require.Contains(t, line, `,"tenant_id":"of acme","zone2":"b","region":"eu","decisions":[`)
	require.NotContains(t, line, "nothing")
	require.NotContains(t, line, "first")

	var out bytes.Buffer
	written(t, func(l *accesslog.Log) { l.For(x.Route)(x, s) },
		accesslog.Slog(slog.New(slog.NewJSONHandler(&out, nil))), accesslog.Field("region", says("eu")))
	require.Equal(t, "eu", fields(t, out.String())["region"])
}

func TestFieldsOfOnesOwnAreBoundedEscapedAndRedacted(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	for name, c := range map[string]struct{ field, value, want string }{
		"a long text is cut":                   {"note", strings.Repeat("x", 1<<20), strings.Repeat("x", accesslog.DefaultMaxField) + "…"},
		"a credential is hidden by its shape":  {"note", "Bearer canary-0123456789", "Bearer ***"},
		"a credential is hidden by its name":   {"api_key", "canary", "***"},
		"a name that was listed is secret too": {"badge", "canary", "***"},
		"a name beside it is not":              {"note", "ada", "ada"},
		"hostile text is text":                 {"note", "a\r\n{\"level\":\"INFO\"}\x1b\u202e", "a\r\n{\"level\":\"INFO\"}\x1b\u202e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := one(t, x, s, accesslog.Field(c.field, says(c.value)), accesslog.Redact("badge"))
			require.Equal(t, 1, strings.Count(line, "\n"))
			require.NotContains(t, line, "\x1b")
			require.NotContains(t, line, "\u202e")
			require.NotContains(t, line, "canary")
			require.Equal(t, c.want, fields(t, line)[c.field])
		})
	}
}

func TestAFieldThatPanicsCostsItselfAlone(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	got := fields(t, one(t, x, s, accesslog.Field("a", func(*pipeline.Exchange) string { panic("no text") }), accesslog.Field("b", says("b"))))
	require.NotContains(t, got, "a")
	require.Equal(t, "b", got["b"])
	require.Contains(t, got, "status")
}

func TestNamesOfFieldsAreChecked(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "tenant_id", "zone2", "a_2b", strings.Repeat("x", 64)} {
		require.NotPanics(t, func() { accesslog.Field(name, says("")) }, name)
	}
	for _, name := range []string{"", "A", "tenantId", "tenant-id", "_a", "a_", "a__b", "2a", "a b", "a\"b", "ä", "a.b", strings.Repeat("x", 65)} {
		require.Panics(t, func() { accesslog.Field(name, says("")) }, name)
	}
	require.Panics(t, func() { accesslog.Field("a", nil) })
}

// TestNoFieldTakesANameOfTheLog makes a line that has every field of the log.
func TestNoFieldTakesANameOfTheLog(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	x.TraceID, x.Upgrade, s.Err = "0123456789abcdef0123456789abcdef", "websocket", errors.New("boom")
	x.In.URL.RawQuery = "a=b"
	x.Decide(pipeline.Decision{Stage: "waf", Verdict: pipeline.Warn, Code: "odd", At: 1})
	names := fields(t, one(t, x, s, accesslog.Query()))
	names["stages"] = nil // of exchanges that a gateway has timed
	require.Len(t, names, 35, "all of them")
	for name := range names {
		require.PanicsWithValue(t, "accesslog: the log has a field "+name+" of its own", func() { accesslog.Field(name, says("")) })
	}
}
