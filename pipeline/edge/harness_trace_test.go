package edge_test

import (
	"context"
	"io"
	"log"
	"net/http/httptrace"
	"net/textproto"
	"time"

	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// interims passes the 1xx responses of the backend on.
func interims(ctx context.Context, x *pipeline.Exchange) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			x.Interim(code, http.Header(h))
			return nil
		},
	})
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// modified is when what the origin serves was last changed.
var modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
