package accesslog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged returns what the log writes while f runs.
func logged(t testing.TB, f func(*accesslog.Log), opts ...accesslog.Option) string {
	t.Helper()
	var out bytes.Buffer
	written(t, f, append([]accesslog.Option{accesslog.Writer(&out)}, opts...)...)
	return out.String()
}

func written(t testing.TB, f func(*accesslog.Log), opts ...accesslog.Option) {
	t.Helper()
	log := accesslog.New(opts...)
	f(log)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, log.Run(ctx))
}

// one returns the line of one exchange.
func one(t testing.TB, x *pipeline.Exchange, s *pipeline.Summary, opts ...accesslog.Option) string {
	t.Helper()
	return logged(t, func(l *accesslog.Log) { l.For(x.Route)(x, s) }, opts...)
}

// fields returns the members of a line.
func fields(t testing.TB, line string) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &m), line)
	return m
}

func TestALineTellsOfAnExchangeThatWentWell(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	require.Equal(t, `{"time":"2026-11-24T22:00:00.003412Z","level":"INFO","msg":"exchange",`+
		`"request_id":"01JD8Q4Z6W3V5X7Y9A1B2C3D4E",`+
		`"route":"get-user","api":"users/v2","protocol":"rest","upstream":"users-v2","environment":"production",`+
		`"method":"GET","host":"api.example.com","path":"/users/42","proto":"HTTP/1.1","scheme":"https",`+
		`"status":200,"bytes_in":0,"bytes_out":1024,"took_ms":3.412,`+
		`"endpoint":"http://10.0.0.1:9001","attempts":1,"upstream_ms":3.000,`+
		`"client":"203.0.113.7","subject":"alice","consumer":"acme","auth":"jwt","subscription":"sub-1","plan":"gold",`+
		`"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}`+"\n", one(t, x, s))
}

func TestALineTellsWhyAnExchangeFailed(t *testing.T) {
	t.Parallel()
	refusal := pipeline.Refuse(http.StatusTooManyRequests, "rate_limited", "Too many requests.")
	for _, tt := range []struct {
		name               string
		status             int
		err                error
		level, code, cause string
	}{
		{"a refusal has its code and is a warning", 429, refusal.Because(errors.New("bucket empty")),
			"WARN", "rate_limited", "429 rate_limited: bucket empty"},
		{"a wrapped refusal has its code", 429, fmt.Errorf("stage: %w", pipeline.Refuse(429, "rate_limited", "")),
			"WARN", "rate_limited", "stage: 429 rate_limited"},
		{"a backend that is down is an error", 502, &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect, Err: errors.New("refused")},
			"ERROR", "upstream_failed", "connect: refused"},
		{"a backend that is late is an error", 504, &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout},
			"ERROR", "upstream_timeout", "timeout"},
		{"a backend that is spared is an error", 503, &pipeline.UpstreamError{Kind: pipeline.UpstreamBreakerOpen},
			"ERROR", "upstream_not_ready", "breaker_open"},
		{"a client that went away is a warning", 499, context.Canceled, "WARN", "client_gone", "context canceled"},
		{"anything else is internal", 500, errors.New("boom"), "ERROR", "internal", "boom"},
		{"a body that broke after its head is a warning", 200, errors.New("cut off"), "WARN", "internal", "cut off"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x, s := exchangetest.New()
			s.Status, s.Err = tt.status, tt.err
			got := fields(t, one(t, x, s))
			require.Equal(t, tt.level, got["level"])
			require.Equal(t, tt.code, got["code"])
			require.Equal(t, tt.cause, got["error"])
		})
	}
}

func TestDecisionsAreDenialsAndWarningsUnlessAllAreAskedFor(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	x.Decide(pipeline.Decision{Stage: "waf", Verdict: pipeline.Warn, Code: "odd", Rule: "r1", At: 1})
	x.Decide(pipeline.Decision{Stage: "scopes", Verdict: pipeline.Deny, Code: "scope_missing", At: 1})
	require.Contains(t, one(t, x, s), `,"decisions":[{"stage":"waf","verdict":"warn","code":"odd","rule":"r1"},`+
		`{"stage":"scopes","verdict":"deny","code":"scope_missing"}]`)
	require.Len(t, fields(t, one(t, x, s, accesslog.AllDecisions()))["decisions"], 4)

	for range 100 {
		x.Decide(pipeline.Decision{Stage: "scopes", Verdict: pipeline.Deny, At: 1})
	}
	require.Len(t, fields(t, one(t, x, s))["decisions"], 16)
}

func TestNoCredentialReachesALine(t *testing.T) {
	t.Parallel()
	const canary = "gw_canary_0123456789abcdefghij"
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5"
	in := httptest.NewRequest(http.MethodGet, "http://h/a/"+canary+"/b/"+jwt+"?token=canary-query&x="+canary, nil)
	for _, field := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Referer"} {
		in.Header.Set(field, "canary-field")
	}
	in.Header.Set("User-Agent", "curl "+canary)
	x := &pipeline.Exchange{In: in, Identity: &pipeline.Identity{Subject: jwt}}
	x.Tried(pipeline.Attempt{Endpoint: "http://user:canary-user@backend:80"})
	x.Begin(nil, pipeline.Raw{Target: "/?token=canary-raw", Header: in.Header}, nil)
	s := &pipeline.Summary{Status: 401, Err: pipeline.Refuse(401, "token_malformed", "").Because(
		errors.New("parse Bearer canary-bearer: password=canary-password"))}
	for _, opts := range [][]accesslog.Option{nil, {accesslog.Query()}, {accesslog.Query(), accesslog.AllDecisions()}} {
		line := one(t, x, s, opts...)
		require.NotContains(t, line, "canary")
		require.NotContains(t, line, "Y2FuYXJ5")
		require.Contains(t, line, `"path":"/a/***/b/***"`)
		require.Contains(t, line, `password=***`)
	}
}

func TestTheQueryIsLoggedOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	require.NotContains(t, one(t, x, s), "fields=name")
	require.Equal(t, "fields=name&api_key=***", fields(t, one(t, x, s, accesslog.Query()))["query"])
	require.Equal(t, "fields=***&api_key=***", fields(t, one(t, x, s, accesslog.Query(), accesslog.Redact("fields")))["query"])
}

func TestHostileTextCannotForgeALine(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	hostile := "a\r\n{\"level\":\"INFO\"}\x1b[31m\u202e\u2028\x00\xff\u009b\x7f\U000e0041"
	x.ID, x.In.Host, x.In.Method = hostile, hostile, hostile
	x.In.Header["User-Agent"] = []string{hostile}
	x.In.URL.Path = "/" + hostile
	s.Err = errors.New(hostile)
	line := one(t, x, s)
	require.Equal(t, 1, strings.Count(line, "\n"))
	for _, bad := range []string{"\r", "\x1b", "\u202e", "\u2028", "\x00", "\xff", "\u009b", "\x7f", "\U000e0041"} {
		require.NotContains(t, line, bad)
	}
	want := strings.ToValidUTF8(hostile, "\uFFFD")
	for _, name := range []string{"request_id", "host", "method", "user_agent", "error"} {
		require.Equal(t, want, fields(t, line)[name])
	}
}

func TestFieldsAreCutWhereTheyAreTooLong(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	x.In.URL.Path = "/" + strings.Repeat("é", 10_000)
	x.In.Header["User-Agent"] = []string{strings.Repeat("x", 1<<20)}
	s.Err = errors.New(strings.Repeat("e", 1<<20))
	line := one(t, x, s)
	require.Less(t, len(line), 4*accesslog.DefaultMaxField)
	require.Equal(t, "/"+strings.Repeat("é", 511)+"…", fields(t, line)["path"])
	require.Equal(t, "xxxxxxxx…", fields(t, one(t, x, s, accesslog.MaxField(8)))["user_agent"])
	require.Equal(t, line, one(t, x, s, accesslog.MaxField(0)))
}

func TestAnErrorThatPanicsCostsItsFieldAlone(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	s.Status, s.Err = 500, panicking{}
	got := fields(t, one(t, x, s))
	require.Equal(t, "internal", got["code"])
	require.NotContains(t, got, "error")
}

type panicking struct{}

func (panicking) Error() string { panic("no text") }

func TestSamplingKeepsOneInSoManyAndAllThatFailed(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	failed := &pipeline.Summary{Status: 404}
	lines := logged(t, func(l *accesslog.Log) {
		record := l.For(x.Route)
		for range 10 {
			record(x, s)
			record(x, failed)
		}
	}, accesslog.OneIn(5))
	require.Equal(t, 2, strings.Count(lines, `"status":200`))
	require.Equal(t, 10, strings.Count(lines, `"status":404`))
}

func TestAnExchangeOfNoRouteAndWithoutAnythingHasALine(t *testing.T) {
	t.Parallel()
	line := logged(t, func(l *accesslog.Log) {
		l.For(nil)(&pipeline.Exchange{}, &pipeline.Summary{Status: 404, Took: -time.Second})
	})
	got := fields(t, line)
	delete(got, "time")
	require.Equal(t, map[string]any{
		"level": "WARN", "msg": "exchange", "status": 404.0, "bytes_in": 0.0, "bytes_out": 0.0, "took_ms": 0.0,
	}, got)
}

func TestSlogGetsTheSameRecord(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	s.Status, s.Err = 502, &pipeline.UpstreamError{Kind: pipeline.UpstreamReset}
	x.Decide(pipeline.Decision{Stage: "breaker", Verdict: pipeline.Deny, At: 1})
	line := one(t, x, s)

	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil)).With("service", "edge")
	written(t, func(l *accesslog.Log) { l.For(x.Route)(x, s) }, accesslog.Slog(logger))
	got := fields(t, out.String())
	require.Equal(t, "edge", got["service"])
	delete(got, "service")
	require.Equal(t, fields(t, line), got)
	require.Less(t, strings.Index(out.String(), "request_id"), strings.Index(out.String(), "user_agent"), "the order is kept")
}

func TestSlogIsAskedForTheLevelAndItsErrorsAreCounted(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	var out bytes.Buffer
	written(t, func(l *accesslog.Log) { l.For(x.Route)(x, s) },
		accesslog.Slog(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))))
	require.Empty(t, out.String())

	var log *accesslog.Log
	written(t, func(l *accesslog.Log) { log = l; l.For(x.Route)(x, s) },
		accesslog.Slog(slog.New(slog.NewJSONHandler(broken{}, nil))))
	require.EqualValues(t, 1, log.Failed())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestLinesBeyondTheRoomAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	x, s := exchangetest.New()
	var log *accesslog.Log
	lines := logged(t, func(l *accesslog.Log) {
		log = l
		record := l.For(x.Route)
		for range 5 {
			record(x, s)
		}
	}, accesslog.Queue(observability.Room(2, 0)))
	require.Equal(t, 2, strings.Count(lines, "\n"))
	require.EqualValues(t, 3, log.Dropped())
}

func TestALogIsARecorderThatRuns(t *testing.T) {
	t.Parallel()
	var log any = accesslog.New()
	_, records := log.(pipeline.Recorder)
	_, runs := log.(observability.Runner)
	require.True(t, records && runs)
}

func TestStaticFieldsAreEncodedOnce(t *testing.T) {
	route := &registry.Route{Name: "\"quoted\"\n"}
	x, s := exchangetest.New()
	x.Route = route
	require.Equal(t, "\"quoted\"\n", fields(t, one(t, x, s))["route"])
	log := accesslog.New(accesslog.Queue(observability.Room(1, 0)))
	record := log.For(route)
	record(x, s)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { record(x, s) }), 1.0) // no parallel test may measure this
}
