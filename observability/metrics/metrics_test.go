package metrics_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

// scrape returns what a scraper gets.
func scrape(t testing.TB, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	return w.Body.String()
}

// series returns the lines of the gateway's own series with this beginning.
func series(text, beginning string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, beginning) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// record tells m of an exchange of the route.
func record(m *metrics.Metrics, route string, status int, decisions ...pipeline.Decision) {
	x := &pipeline.Exchange{}
	for _, d := range decisions {
		x.Decide(d)
	}
	m.For(&registry.Route{Name: route})(x, &pipeline.Summary{Status: status})
}

func TestAnExchangeIsCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.In(prometheus.NewRegistry()), metrics.Buckets(.01, .001), metrics.OverheadBuckets(.0005))
	x, s := exchangetest.New()
	s.BytesIn = 7
	x.Decide(pipeline.Decision{Stage: "rate_limit", Verdict: pipeline.Deny, Code: "rate_limited", At: 1})
	m.For(x.Route)(x, s)
	require.NoError(t, testutil.GatherAndCompare(m.Registry(), strings.NewReader(`
# HELP gateway_denials_total Denials, by the stage that denied and its code.
# TYPE gateway_denials_total counter
gateway_denials_total{code="rate_limited",route="get-user",stage="rate_limit"} 1
# HELP gateway_metrics_routes Routes that have series of their own.
# TYPE gateway_metrics_routes gauge
gateway_metrics_routes 1
# HELP gateway_overhead_seconds Time not spent waiting for response heads: the gateway's own work and the transfer of bodies.
# TYPE gateway_overhead_seconds histogram
gateway_overhead_seconds_bucket{route="get-user",le="0.0005"} 1
gateway_overhead_seconds_bucket{route="get-user",le="+Inf"} 1
gateway_overhead_seconds_sum{route="get-user"} 0.000412
gateway_overhead_seconds_count{route="get-user"} 1
# HELP gateway_plan_duration_seconds Time from the request head to the end of the response body, by API and plan of the subscription.
# TYPE gateway_plan_duration_seconds histogram
gateway_plan_duration_seconds_bucket{api="users/v2",plan="gold",le="0.001"} 0
gateway_plan_duration_seconds_bucket{api="users/v2",plan="gold",le="0.01"} 1
gateway_plan_duration_seconds_bucket{api="users/v2",plan="gold",le="+Inf"} 1
gateway_plan_duration_seconds_sum{api="users/v2",plan="gold"} 0.003412
gateway_plan_duration_seconds_count{api="users/v2",plan="gold"} 1
# HELP gateway_request_bytes_total Bytes of request bodies.
# TYPE gateway_request_bytes_total counter
gateway_request_bytes_total{route="get-user"} 7
# HELP gateway_request_duration_seconds Time from the request head to the end of the response body.
# TYPE gateway_request_duration_seconds histogram
gateway_request_duration_seconds_bucket{route="get-user",le="0.001"} 0
gateway_request_duration_seconds_bucket{route="get-user",le="0.01"} 1
gateway_request_duration_seconds_bucket{route="get-user",le="+Inf"} 1
gateway_request_duration_seconds_sum{route="get-user"} 0.003412
gateway_request_duration_seconds_count{route="get-user"} 1
# HELP gateway_requests_by_plan_total Exchanges of subscribers that ended, by API, plan of the subscription and class of status.
# TYPE gateway_requests_by_plan_total counter
gateway_requests_by_plan_total{api="users/v2",class="2xx",plan="gold"} 1
# HELP gateway_requests_total Exchanges that ended, by the status that the client got.
# TYPE gateway_requests_total counter
gateway_requests_total{api="users/v2",route="get-user",status="200"} 1
# HELP gateway_response_bytes_total Bytes of response bodies.
# TYPE gateway_response_bytes_total counter
gateway_response_bytes_total{route="get-user"} 1024
# HELP gateway_upstream_duration_seconds Time spent waiting for response heads of the upstream, over all attempts.
# TYPE gateway_upstream_duration_seconds histogram
gateway_upstream_duration_seconds_bucket{route="get-user",le="0.001"} 0
gateway_upstream_duration_seconds_bucket{route="get-user",le="0.01"} 1
gateway_upstream_duration_seconds_bucket{route="get-user",le="+Inf"} 1
gateway_upstream_duration_seconds_sum{route="get-user"} 0.003
gateway_upstream_duration_seconds_count{route="get-user"} 1
`)))
}

func TestTheMetricsPassTheLint(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.In(prometheus.NewRegistry()))
	record(m, "r", 200, pipeline.Decision{Stage: "s", Verdict: pipeline.Deny})
	problems, err := testutil.GatherAndLint(m.Registry())
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestStatusesAreABoundedSet(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	for status := -1; status < 1000; status++ {
		record(m, "r", status)
	}
	text := scrape(t, m)
	require.Less(t, len(series(text, "gateway_requests_total{")), 80)
	for _, want := range []string{`"404"} 1`, `"499"} 1`, `"101"} 1`, `"4xx"} `, `"(other)"} `} {
		require.Contains(t, text, `gateway_requests_total{api="",route="r",status=`+want)
	}
}

func TestATunnelIsNoOverhead(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.For(&registry.Route{Name: "r"})(&pipeline.Exchange{}, &pipeline.Summary{Status: 101, Took: time.Hour})
	text := scrape(t, m)
	require.Empty(t, series(text, "gateway_overhead_seconds"))
	require.Contains(t, text, `gateway_request_duration_seconds_count{route="r"} 1`)
}

func TestOverlappingAttemptsLeaveNoNegativeOverhead(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	x := &pipeline.Exchange{}
	x.Tried(pipeline.Attempt{Took: time.Second, Err: errors.New("lost")})
	x.Tried(pipeline.Attempt{Took: time.Second})
	m.For(&registry.Route{Name: "r"})(x, &pipeline.Summary{Status: 200, Took: time.Second})
	text := scrape(t, m)
	require.Contains(t, text, `gateway_overhead_seconds_sum{route="r"} 0`)
	require.Contains(t, text, `gateway_upstream_duration_seconds_sum{route="r"} 2`)
}

func TestExchangesOfNoRouteAreCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.For(nil)(&pipeline.Exchange{}, &pipeline.Summary{Status: 404})
	require.Contains(t, scrape(t, m), `gateway_requests_total{api="",route="(none)",status="404"} 1`)
}

func TestRoutesBeyondTheCeilingShareOne(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxRoutes(3))
	for i := range 10 {
		record(m, "route-"+strconv.Itoa(i), 200)
	}
	text := scrape(t, m)
	require.Len(t, series(text, "gateway_requests_total{"), 4)
	require.Contains(t, text, `gateway_requests_total{api="",route="(other)",status="200"} 7`)
	require.Contains(t, text, "gateway_metrics_routes 3")

	m.Forget("route-0")
	record(m, "route-9", 200)
	require.Contains(t, scrape(t, m), `route="route-9",status="200"} 1`, "there is room again")
}

func TestDenialsBeyondACeilingShareOne(t *testing.T) {
	t.Parallel()
	deny := func(i int) pipeline.Decision {
		return pipeline.Decision{Stage: "stage", Code: "code_" + strconv.Itoa(i), Verdict: pipeline.Deny}
	}
	t.Run("within a route", func(t *testing.T) {
		t.Parallel()
		m := metrics.New()
		for i := range 1000 {
			record(m, "r", 403, deny(i))
		}
		text := scrape(t, m)
		require.Len(t, series(text, "gateway_denials_total{"), 65)
		require.Contains(t, text, `gateway_denials_total{code="(other)",route="r",stage="(other)"} 936`)
	})
	t.Run("over all routes", func(t *testing.T) {
		t.Parallel()
		m := metrics.New(metrics.MaxDenials(10))
		for i := range 100 {
			record(m, "r"+strconv.Itoa(i%4), 403, deny(i))
		}
		text := scrape(t, m)
		require.Len(t, series(text, "gateway_denials_total{"), 10+4)

		for i := range 4 {
			m.Forget("r" + strconv.Itoa(i))
		}
		record(m, "again", 403, deny(1))
		require.Contains(t, scrape(t, m), `gateway_denials_total{code="code_1",route="again",stage="stage"} 1`)
	})
}

func TestDenialsAfterForgetTakeNoRoom(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxDenials(1))
	late := m.For(&registry.Route{Name: "gone"})
	late(&pipeline.Exchange{}, &pipeline.Summary{Status: 200})
	m.Forget("gone")
	x := &pipeline.Exchange{}
	x.Decide(pipeline.Decision{Stage: "stage", Code: "code", Verdict: pipeline.Deny})
	late(x, &pipeline.Summary{Status: 403})

	record(m, "r", 403, pipeline.Decision{Stage: "stage", Code: "code", Verdict: pipeline.Deny})
	require.Contains(t, scrape(t, m), `gateway_denials_total{code="code",route="r",stage="stage"} 1`)
}

func TestSeriesOfAForgottenRouteAreGone(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	route := &registry.Route{Name: "r"}
	x, s := &pipeline.Exchange{}, &pipeline.Summary{Status: 200}
	served, late := m.For(route), m.For(route)
	served(x, s)
	require.Contains(t, scrape(t, m), `route="r"`)

	m.Forget("r")
	served(x, s)
	late(x, s)
	text := scrape(t, m)
	require.NotContains(t, text, `route="r"`, "exchanges that end late bring nothing back")
	require.Contains(t, text, `route="(other)",status="200"} 1`)

	m.For(route)(x, s)
	require.Contains(t, scrape(t, m), `route="r",status="200"} 1`, "a route that comes back begins anew")
	m.Forget("unknown")
}

func TestCountersGoOnWhereARouteIsCompiledAnew(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	record(m, "r", 200)
	record(m, "r", 200)
	require.Contains(t, scrape(t, m), `gateway_requests_total{api="",route="r",status="200"} 2`)

	m.For(&registry.Route{Name: "r", API: "users/v2"})(&pipeline.Exchange{}, &pipeline.Summary{Status: 200})
	require.Equal(t, []string{`gateway_requests_total{api="users/v2",route="r",status="200"} 1`},
		series(scrape(t, m), "gateway_requests_total{"), "of another API they begin anew")
}

func TestARouteThatNeverServedHasNoSeries(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.For(&registry.Route{Name: "r"})
	require.NotContains(t, scrape(t, m), `route="r"`)
}

func TestNoNameBreaksAScrape(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	for _, name := range []string{"", "a\xff", "a\xfe", metrics.None, metrics.Other, "\"\n{}\\"} {
		record(m, name, 403,
			pipeline.Decision{Stage: name, Code: name, Verdict: pipeline.Deny},
			pipeline.Decision{Stage: "s\xff", Verdict: pipeline.Deny}, pipeline.Decision{Stage: "s\xfe", Verdict: pipeline.Deny})
		m.Watch(name, counts{})
	}
	m.For(nil)(&pipeline.Exchange{}, &pipeline.Summary{Status: 403})
	require.Contains(t, scrape(t, m), "gateway_metrics_routes 3")
}

type counts struct{ dropped, failed uint64 }

func (c counts) Dropped() uint64 { return c.dropped }
func (c counts) Failed() uint64  { return c.failed }

func TestLossesOfRecordersAreExported(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Watch("accesslog", counts{1, 1})
	m.Watch("accesslog", counts{3, 2})
	text := scrape(t, m)
	require.Contains(t, text, `gateway_recorder_dropped_total{recorder="accesslog"} 3`)
	require.Contains(t, text, `gateway_recorder_failed_total{recorder="accesslog"} 2`)
}

func TestTheHandlerServesOpenMetricsAndTheProcess(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	require.Contains(t, w.Header().Get("Content-Type"), "application/openmetrics-text")
	require.Contains(t, w.Body.String(), "go_goroutines")
	require.True(t, strings.HasSuffix(w.Body.String(), "# EOF\n"))
}

func TestTwoMetricsShareNothing(t *testing.T) {
	t.Parallel()
	a, b := metrics.New(), metrics.New()
	record(a, "r", 200)
	require.NotContains(t, scrape(t, b), `route="r"`)
	require.Panics(t, func() { metrics.New(metrics.In(a.Registry())) })
}

func TestManyCountAndScrapeAtOnce(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxRoutes(5))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				record(m, "r"+strconv.Itoa(i%8), 403, pipeline.Decision{Stage: fmt.Sprint(i % 100), Verdict: pipeline.Deny})
				if i%100 == 0 {
					m.Forget("r" + strconv.Itoa(g))
					_, err := m.Registry().Gather()
					if err != nil {
						panic(err)
					}
				}
			}
		})
	}
	wg.Wait()
	scrape(t, m)
}

func TestMetricsIsARecorderThatForgets(t *testing.T) {
	t.Parallel()
	var m any = metrics.New()
	_, records := m.(pipeline.Recorder)
	_, forgets := m.(observability.Forgetter)
	require.True(t, records && forgets)
}

func TestCountingCostsNoAllocation(t *testing.T) {
	x, s := exchangetest.New()
	x.Decide(pipeline.Decision{Stage: "rate_limit", Verdict: pipeline.Deny, Code: "rate_limited"})
	count := metrics.New().For(x.Route)
	count(x, s)
	require.Zero(t, testing.AllocsPerRun(100, func() { count(x, s) })) // no parallel test may measure this
}
