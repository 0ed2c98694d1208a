package edge_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
)

// A sink is the least that an answer can be written to.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

func plainRequest() *http.Request {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://example.com/users/42?full=1", nil)
	if err != nil {
		panic(err)
	}
	r.URL.Scheme, r.URL.Host = "", ""
	r.RequestURI, r.RemoteAddr = "/users/42?full=1", "192.0.2.1:4711"
	r.Header = http.Header{
		"User-Agent": {"bench/1"}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"},
		"Authorization": {"Bearer abcdefghijklmnopqrstuvwxyz"}, "X-Request-Id": {"0123456789abcdef"},
	}
	return r
}

// BenchmarkPassThrough is what the edge costs around a handler that does
// nothing: the answer is ready made.
func BenchmarkPassThrough(b *testing.B) {
	h := http.Header{"Content-Type": {"application/json"}, "Content-Length": {"0"}, "Date": {"today"}}
	resp := &http.Response{StatusCode: http.StatusOK, Header: h, Body: http.NoBody}
	e := edge.Handler(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil })
	run(b, e)
}

// BenchmarkRespond adds what pipeline.Respond costs, and the copy of a body.
func BenchmarkRespond(b *testing.B) {
	run(b, edge.Handler(respond("hello")))
}

// BenchmarkProblem is a refusal.
func BenchmarkProblem(b *testing.B) {
	run(b, edge.Handler(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, pipeline.Refuse(http.StatusForbidden, "scope_missing", "No.")
	}))
}

func run(b *testing.B, h http.Handler) {
	r, w := plainRequest(), &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkCanonical(b *testing.B) {
	b.Run("as it is", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = edge.Canonical("/users/42/orders/2026-01-02")
		}
	})
	b.Run("with escapes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = edge.Canonical("/users/%7e42/../orders/%c3%a9")
		}
	})
}

// BenchmarkReadings is what a spelling costs that a route allows.
func BenchmarkReadings(b *testing.B) {
	for _, path := range []string{"/projects/group%2Fproject/issues", "/a;x=1/b//c%2541.%20"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				edge.Readings(path)
			}
		})
	}
}
