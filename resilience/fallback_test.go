package resilience_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

var degraded = resilience.FallbackAnswer{
	Body: `{"items":[]}`, Headers: map[string]string{"x-degraded": "yes"},
}

func TestWhatAFallbackStandsInFor(t *testing.T) {
	t.Parallel()
	kind := func(k string) pipeline.Handler { return failing(&pipeline.UpstreamError{Kind: k}) }
	gone, leave := context.WithCancel(context.Background())
	leave()
	for _, c := range []struct {
		name   string
		on     resilience.FallbackOn
		method string
		next   pipeline.Handler
		opts   []gatewaytest.Option
		rule   string // empty where it does not answer
	}{
		{"no connection", resilience.FallbackOn{}, "GET", kind(pipeline.UpstreamConnect), nil, "connect"},
		{"no answer in time", resilience.FallbackOn{}, "GET", kind(pipeline.UpstreamTimeout), nil, "timeout"},
		{"a deadline that passed", resilience.FallbackOn{}, "GET", failing(context.DeadlineExceeded), nil, "timeout"},
		{"no endpoint", resilience.FallbackOn{}, "HEAD", kind(pipeline.UpstreamNoneReady), nil, "none_ready"},
		{"a failure that is listed", resilience.FallbackOn{Errors: []string{"connect", "timeout"}}, "GET",
			kind(pipeline.UpstreamTimeout), nil, "timeout"},
		{"a failure that is not listed", resilience.FallbackOn{Errors: []string{"connect"}}, "GET",
			kind(pipeline.UpstreamTimeout), nil, ""},
		{"a status that is listed", resilience.FallbackOn{Statuses: []int{404, 503}}, "GET", status(503), nil, "status"},
		{"a status that is not listed", resilience.FallbackOn{Statuses: []int{404}}, "GET", status(503), nil, ""},
		{"no status is listed", resilience.FallbackOn{}, "GET", status(503), nil, ""},
		{"an answer", resilience.FallbackOn{Statuses: []int{503}}, "GET", status(200), nil, ""},
		{"a method that writes", resilience.FallbackOn{}, "POST", kind(pipeline.UpstreamConnect), nil, ""},
		{"a refusal", resilience.FallbackOn{}, "GET", failing(pipeline.Refuse(403, "scope_missing", "")), nil, ""},
		{"a refusal for want of time", resilience.FallbackOn{}, "GET",
			failing(pipeline.Refuse(503, "limiter_unavailable", "").Because(context.DeadlineExceeded)), nil, ""},
		{"a fault of the gateway", resilience.FallbackOn{}, "GET", failing(errors.New("odd")), nil, ""},
		{"a client that left", resilience.FallbackOn{}, "GET", failing(context.Canceled), nil, ""},
		{"a client that left while the backend failed", resilience.FallbackOn{}, "GET", kind(pipeline.UpstreamReset),
			[]gatewaytest.Option{gatewaytest.Context(gone)}, ""},
		{"a client that asks for another protocol", resilience.FallbackOn{}, "GET", kind(pipeline.UpstreamConnect),
			[]gatewaytest.Option{gatewaytest.Upgrade("websocket")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stage, err := resilience.NewFallback("fallback", resilience.FallbackConfig{On: c.on, Respond: degraded})
			require.NoError(t, err)
			r := gatewaytest.Run(t, stage, gatewaytest.NewExchange(c.method, "/"), append(c.opts, gatewaytest.Next(c.next))...)
			if c.rule == "" {
				require.Empty(t, r.Header.Get("X-Degraded"))
				for _, d := range r.Decisions {
					require.NotEqual(t, resilience.CodeFallbackServed, d.Code)
				}
				return
			}
			require.NoError(t, r.Err)
			require.Equal(t, 200, r.Status)
			require.Equal(t, "yes", r.Header.Get("X-Degraded"))
			require.Equal(t, "application/json", r.Header.Get("Content-Type"))
			require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
			require.Equal(t, c.method == "GET", r.Body == degraded.Body)
			require.Equal(t, c.rule, r.Decisions[0].Rule)
			require.Equal(t, pipeline.Alter, r.Decisions[0].Verdict)
		})
	}
}

func TestAFallbackClosesWhatItDrops(t *testing.T) {
	t.Parallel()
	b := &backend{tries: []try{{status: 503}}}
	stage, err := resilience.NewFallback("fallback", resilience.FallbackConfig{
		On: resilience.FallbackOn{Statuses: []int{503}}, Respond: degraded,
	})
	require.NoError(t, err)
	r := gatewaytest.Run(t, stage, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(b.serve))
	require.Equal(t, degraded.Body, r.Body)
	require.Equal(t, 1, b.closed)
}

func TestAFallbackAnswersAsItIsTold(t *testing.T) {
	t.Parallel()
	stage := gatewaytest.Build(t, resilience.FallbackKind(), `{"methods":["POST"],"respond":{
		"status":503,"content_type":"text/plain","body":"later","headers":{"cache-control":"max-age=1","retry-after":"60"}}}`)[0]
	for range 2 {
		r := gatewaytest.Run(t, stage, gatewaytest.NewExchange("POST", "/"), gatewaytest.Next(failing(errSent)))
		require.Equal(t, 503, r.Status)
		require.Equal(t, "later", r.Body)
		require.Equal(t, http.Header{
			"Content-Type": {"text/plain"}, "Cache-Control": {"max-age=1"}, "Retry-After": {"60"},
		}, r.Header)
		r.Header.Set("Cache-Control", "altered by who got it")
	}
	bare := gatewaytest.Build(t, resilience.FallbackKind(), `{"respond":{"status":204}}`)[0]
	r := gatewaytest.Run(t, bare, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(failing(errSent)))
	require.Equal(t, 204, r.Status)
	require.Equal(t, http.Header{"Cache-Control": {"no-store"}}, r.Header)
}

func TestAFallbackStandsInForABreakerAndABulkhead(t *testing.T) {
	t.Parallel()
	fallback, err := resilience.NewFallback("fallback", resilience.FallbackConfig{Respond: degraded})
	require.NoError(t, err)
	g := guard(t, resilience.BreakerConfig{ConsecutiveFailures: 1})
	g.call(status(503))
	b, full := bulkhead(t, resilience.BulkheadConfig{MaxConcurrent: 1})
	_, err = pipeline.Chain(status(200), full)(t.Context(), request("GET", ""))
	require.NoError(t, err)
	require.Equal(t, 1, b.InFlight())
	for rule, stage := range map[string]pipeline.Stage{
		pipeline.UpstreamBreakerOpen: g.breaker.Stage("breaker"), pipeline.UpstreamOverloaded: full,
	} {
		r := gatewaytest.RunChain(t, []pipeline.Stage{fallback, stage}, gatewaytest.NewExchange("GET", "/"))
		require.Equal(t, 200, r.Status)
		require.Equal(t, degraded.Body, r.Body)
		require.Empty(t, r.Header.Get("Retry-After"), "the answer is one")
		require.Equal(t, rule, r.Decisions[1].Rule)
	}
}

func TestEveryFaultOfFallbackIsReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config string
		fields       []string
	}{
		{"no answer is 200 without a body", `{"respond":{}}`, nil},
		{"what is not there", `{"on":{"errors":["conect"],"statuses":[200]},"methods":["get"],"respond":{"status":101,
			"content_type":"json\n"}}`,
			[]string{"/on/errors/0", "/on/statuses/0", "/methods/0", "/respond/status", "/respond/content_type"}},
		{"a body that cannot be", `{"respond":{"status":204,"body":"x"}}`, []string{"/respond/body"}},
		{"fields that cannot be", `{"respond":{"headers":{"Content-Length":"1","Content-Type":"a/b","a b":"c","X":"\u0001","y":"1","Y":"2"}}}`,
			[]string{"/respond/headers/Content-Length", "/respond/headers/Content-Type", "/respond/headers/X",
				"/respond/headers/a b", "/respond/headers/y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, f := range registry.AsFaults(registry.Decode([]byte(c.config), &resilience.FallbackConfig{})) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, c.fields, fields)
		})
	}
	_, err := resilience.NewFallback("x", resilience.FallbackConfig{
		Respond: resilience.FallbackAnswer{Body: strings.Repeat("x", 1<<20+1)},
	})
	require.Len(t, registry.AsFaults(err), 1)
}
