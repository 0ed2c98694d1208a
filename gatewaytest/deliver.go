package gatewaytest

import (
	"context"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Deliver returns a handler that hands what is sent to h, in process, and
// takes its answer whole. A handler that panics with http.ErrAbortHandler is a
// backend whose connection broke.
func Deliver(h http.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		rec := httptest.NewRecorder()
		out := x.Out(ctx)
		out.RequestURI = out.URL.RequestURI()
		if err := serve(h, rec, out); err != nil {
			return nil, err
		}
		resp := rec.Result()
		resp.Request = x.In
		if x.In.Method == http.MethodHead {
			resp.Body = http.NoBody
		}
		return resp, nil
	}
}

func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true}
		default:
			panic(p)
		}
	}()
	defer func() { _ = r.Body.Close() }()
	h.ServeHTTP(w, r)
	return nil
}
