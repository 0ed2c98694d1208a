package accesslog_test

import (
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// exchange returns a plain exchange of a fixed time, for the examples.
func exchange(path string) *pipeline.Exchange {
	return &pipeline.Exchange{
		In:    httptest.NewRequest(http.MethodGet, "http://api.example.com"+path, nil),
		Start: time.Date(2026, time.November, 24, 22, 0, 0, 0, time.UTC),
	}
}
