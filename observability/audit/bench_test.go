package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/observability/audit"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
)

// BenchmarkRecord is what a denial costs the exchange: encoding and handing
// over. The chain is made by the writer.
func BenchmarkRecord(b *testing.B) {
	tr := start(b, where(b), audit.Room(64<<20))
	x, s := denial()
	record := tr.For(x.Route)
	b.ReportAllocs()
	for b.Loop() {
		record(x, s)
	}
	b.StopTimer()
	_ = tr.end()
	b.ReportMetric(float64(tr.Dropped())/float64(b.N), "dropped/op")
}

// BenchmarkPassed is what an exchange costs that is none of the trail's
// business.
func BenchmarkPassed(b *testing.B) {
	tr := start(b, where(b))
	x, s := exchangetest.New()
	record := tr.For(x.Route)
	b.ReportAllocs()
	for b.Loop() {
		record(x, s)
	}
}

// BenchmarkDurable is what a denial waits for the disk, with many at once.
func BenchmarkDurable(b *testing.B) {
	tr := start(b, where(b), audit.Durable(time.Minute))
	x, s := denial()
	record := tr.For(x.Route)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			record(x, s)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	all, head := sample(key, 1000)
	text := join(all)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		report, err := audit.Check{Key: []byte(key), Head: head, From: 1}.Verify(audit.Part{Name: "trail", Text: strings.NewReader(text)})
		if err != nil || report.Err() != nil {
			b.Fatal(err, report.Err())
		}
	}
}
