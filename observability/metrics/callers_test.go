package metrics_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

const (
	byPlan     = "gateway_requests_by_plan_total{"
	byConsumer = "gateway_consumer_errors_total{"
)

// call tells m of a call of a consumer to an API, by a subscription of the plan.
func call(m *metrics.Metrics, api, plan, consumer string, status int) {
	x := &pipeline.Exchange{
		Identity:     &pipeline.Identity{Consumer: consumer},
		Subscription: &registry.Subscription{Plan: &registry.Plan{Name: plan}},
	}
	m.For(&registry.Route{Name: "route of " + api, API: api})(x, &pipeline.Summary{Status: status})
}

func TestCallsAreCountedByAPIAndPlan(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	call(m, "users/v1", "gold", "acme", 200)
	call(m, "users/v1", "gold", "acme", 201)
	call(m, "users/v2", "gold", "acme", 429)
	call(m, "users/v2", "free", "acme", 502)
	call(m, "users/v2", "", "acme", 101)
	call(m, "users/v2", "free", "acme", 999)
	m.For(&registry.Route{Name: "public"})(&pipeline.Exchange{}, &pipeline.Summary{Status: 200})
	none := m.For(&registry.Route{Name: "no plan", API: "users/v3"})
	none(&pipeline.Exchange{Subscription: &registry.Subscription{}}, &pipeline.Summary{Status: 302})
	require.ElementsMatch(t, []string{
		byPlan + `api="users/v1",class="2xx",plan="gold"} 2`,
		byPlan + `api="users/v2",class="4xx",plan="gold"} 1`,
		byPlan + `api="users/v2",class="5xx",plan="free"} 1`,
		byPlan + `api="users/v2",class="1xx",plan="(none)"} 1`,
		byPlan + `api="users/v2",class="(other)",plan="free"} 1`,
		byPlan + `api="users/v3",class="3xx",plan="(none)"} 1`,
	}, series(scrape(t, m), byPlan))
}

func TestFailuresAreCountedByConsumer(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	for _, status := range []int{200, 302, 400, 404, 499, 500, 503, 101} {
		call(m, "users/v1", "gold", "acme", status)
	}
	call(m, "users/v1", "gold", "well", 200)
	call(m, "users/v1", "gold", "", 500)
	record(m, "public", 500)
	require.ElementsMatch(t, []string{
		byConsumer + `class="4xx",consumer="acme"} 3`,
		byConsumer + `class="5xx",consumer="acme"} 2`,
	}, series(scrape(t, m), byConsumer))
}

func TestCallersBeyondACeilingShareOne(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxConsumers(3), metrics.MaxPlans(5))
	for i := range 100 {
		call(m, "users/v1", "plan-"+strconv.Itoa(i), "consumer-"+strconv.Itoa(i), http.StatusForbidden)
	}
	text := scrape(t, m)
	require.Len(t, series(text, byConsumer), 3+1)
	require.Contains(t, text, byConsumer+`class="4xx",consumer="(other)"} 97`)
	require.Len(t, series(text, byPlan), 5+1)
	require.Contains(t, text, byPlan+`api="(other)",class="4xx",plan="(other)"} 95`)
}

func TestRoutesBeyondTheirCeilingHaveNoPlansOfTheirOwn(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxRoutes(1))
	call(m, "users/v1", "gold", "acme", 200)
	call(m, "users/v2", "gold", "acme", 200)
	require.ElementsMatch(t, []string{
		byPlan + `api="users/v1",class="2xx",plan="gold"} 1`,
		byPlan + `api="(other)",class="2xx",plan="(other)"} 1`,
	}, series(scrape(t, m), byPlan))
}

func TestNoCallersNameBreaksAScrape(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	for _, name := range []string{"a\xff", "a\xfe", metrics.Other, metrics.None, "\"\n{}\\"} {
		call(m, name, name, name, 500)
		call(m, "users/v1", name, name, 500)
	}
	require.Len(t, series(scrape(t, m), byConsumer), 3)
}

func TestSeriesOfPlansGoWithTheLastRouteOfTheirAPI(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxPlans(1))
	x := &pipeline.Exchange{Subscription: &registry.Subscription{Plan: &registry.Plan{Name: "gold"}}}
	s := &pipeline.Summary{Status: 200}
	one, two := m.For(&registry.Route{Name: "one", API: "users/v1"}), m.For(&registry.Route{Name: "two", API: "users/v1"})
	one(x, s)
	two(x, s)
	m.Forget("one")
	m.Forget("one")
	require.Contains(t, scrape(t, m), byPlan+`api="users/v1",class="2xx",plan="gold"} 2`)

	late := m.For(&registry.Route{Name: "two", API: "users/v1"})
	m.Forget("two")
	two(x, s)
	late(x, s)
	text := scrape(t, m)
	require.NotContains(t, text, `api="users/v1"`, "an exchange that ends late brings nothing back")
	require.Contains(t, text, byPlan+`api="(other)",class="2xx",plan="(other)"} 1`)

	served := m.For(&registry.Route{Name: "two", API: "users/v2"})
	served(x, s)
	require.Contains(t, scrape(t, m), byPlan+`api="users/v2",class="2xx",plan="gold"} 1`, "there is room again")
	moved := m.For(&registry.Route{Name: "two", API: "users/v3"})
	served(x, s)
	require.Contains(t, scrape(t, m), byPlan+`api="users/v2",class="2xx",plan="gold"} 2`, "a route that does not serve yet changes nothing")
	moved(x, s)
	text = scrape(t, m)
	require.NotContains(t, text, `api="users/v2"`, "the route has moved to another API")
	require.Contains(t, text, byPlan+`api="users/v3",class="2xx",plan="gold"} 1`)
}

func TestManyCallersCountAndGoAtOnce(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.MaxConsumers(50), metrics.MaxPlans(20))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 400 {
				n := strconv.Itoa(i % 80)
				call(m, "api-"+strconv.Itoa(i%4), "plan-"+n, "consumer-"+n, 400+i%2*100)
				if i%100 == 0 {
					m.Forget("route of api-" + strconv.Itoa(g))
				}
			}
		})
	}
	wg.Wait()
	text := scrape(t, m)
	require.LessOrEqual(t, len(series(text, byConsumer)), 2*51)
	require.LessOrEqual(t, len(series(text, byPlan)), 2*21)
}

func TestCountingCallersCostsNoAllocation(t *testing.T) {
	m := metrics.New(metrics.MaxConsumers(1))
	x := &pipeline.Exchange{
		Identity:     &pipeline.Identity{Consumer: "acme"},
		Subscription: &registry.Subscription{Plan: &registry.Plan{Name: "gold"}},
	}
	s := &pipeline.Summary{Status: 500}
	count := m.For(&registry.Route{Name: "r", API: "users/v1"})
	call(m, "users/v1", "gold", "first", 500)
	count(x, s)
	require.Zero(t, testing.AllocsPerRun(100, func() { count(x, s) })) // no parallel test may measure this
}

// TestAMillionNamesTakeBoundedRoom: what may come in any number meets the
// ceiling and takes no room beyond it.
func TestAMillionNamesTakeBoundedRoom(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	id, plan := &pipeline.Identity{}, &registry.Plan{}
	x := &pipeline.Exchange{Identity: id, Subscription: &registry.Subscription{Plan: plan}}
	s := &pipeline.Summary{Status: 429}
	count := m.For(&registry.Route{Name: "r", API: "users/v1"})
	for i := range 1_000_000 {
		id.Consumer, plan.Name = strconv.Itoa(i), strconv.Itoa(i)
		count(x, s)
	}
	text := scrape(t, m)
	require.Len(t, series(text, byConsumer), 1001)
	require.Contains(t, text, byConsumer+`class="4xx",consumer="(other)"} 999000`)
	require.Len(t, series(text, byPlan), 1001)
}

func TestATunnelIsNoDurationOfItsPlan(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	call(m, "users/v1", "gold", "acme", 101)
	require.Empty(t, series(scrape(t, m), "gateway_plan_duration_seconds"))
}
