package metrics_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func BenchmarkRecord(b *testing.B) {
	x, s := exchangetest.New()
	record := metrics.New().For(x.Route)
	b.ReportAllocs()
	for b.Loop() {
		record(x, s)
	}
}

func BenchmarkRecordDenial(b *testing.B) {
	x, s := exchangetest.New()
	x.Decide(pipeline.Decision{Stage: "rate_limit", Verdict: pipeline.Deny, Code: "rate_limited"})
	s.Status = http.StatusTooManyRequests
	record := metrics.New().For(x.Route)
	b.ReportAllocs()
	for b.Loop() {
		record(x, s)
	}
}

// BenchmarkScrape collects ten thousand routes that have served.
func BenchmarkScrape(b *testing.B) {
	m := metrics.New()
	x, s := exchangetest.New()
	for i := range 10_000 {
		m.For(&registry.Route{Name: "route-" + strconv.Itoa(i), API: "users/v2"})(x, s)
	}
	h, r := m.Handler(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		n, _ := io.Copy(io.Discard, w.Body)
		b.ReportMetric(float64(n), "bytes/scrape")
	}
}
