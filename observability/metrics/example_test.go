package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	m := metrics.New()

	// The gateway does this: one recorder for each route, told of each exchange.
	record := m.For(&registry.Route{Name: "get-user", API: "users/v2"})
	record(&pipeline.Exchange{}, &pipeline.Summary{Status: 200})
	record(&pipeline.Exchange{}, &pipeline.Summary{Status: 404})

	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "gateway_requests_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// gateway_requests_total{api="users/v2",route="get-user",status="200"} 1
	// gateway_requests_total{api="users/v2",route="get-user",status="404"} 1
}
