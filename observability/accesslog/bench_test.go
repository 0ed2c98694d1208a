package accesslog_test

import (
	"context"
	"io"
	"testing"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
)

func BenchmarkRecord(b *testing.B) {
	benchmark(b, accesslog.Writer(io.Discard))
}

func BenchmarkRecordWithQuery(b *testing.B) {
	benchmark(b, accesslog.Writer(io.Discard), accesslog.Query())
}

func benchmark(b *testing.B, opts ...accesslog.Option) {
	log := accesslog.New(opts...)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	x, s := exchangetest.New()
	record := log.For(x.Route)
	b.ReportAllocs()
	for b.Loop() {
		record(x, s)
	}
	b.StopTimer()
	cancel()
	<-done
	b.ReportMetric(float64(log.Dropped())/float64(b.N), "dropped/op")
}

// BenchmarkRecordWithMetrics holds the log and the metrics to their common
// budget: 1.5µs and two allocations an exchange.
func BenchmarkRecordWithMetrics(b *testing.B) {
	log, m := accesslog.New(accesslog.Writer(io.Discard)), metrics.New()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	x, s := exchangetest.New()
	record, count := log.For(x.Route), m.For(x.Route)
	b.ReportAllocs()
	for b.Loop() {
		record(x, s)
		count(x, s)
	}
	b.StopTimer()
	cancel()
	<-done
	b.ReportMetric(float64(log.Dropped())/float64(b.N), "dropped/op")
}

func BenchmarkRecordWithFields(b *testing.B) {
	benchmark(b, accesslog.Writer(io.Discard),
		accesslog.Field("region", says("eu-west")), accesslog.Field("tenant_id", says("tenant-4711")))
}
