package accesslog_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	log := accesslog.New(accesslog.Writer(os.Stdout))
	ctx, cancel := context.WithCancel(context.Background())

	// The gateway does this: one recorder for each route, told of each exchange.
	record := log.For(&registry.Route{Name: "get-user", API: "users/v2"})
	record(exchange("/users/42"), &pipeline.Summary{Status: 200, BytesOut: 17})

	cancel()
	_ = log.Run(ctx)
	// Output:
	// {"time":"2026-11-24T22:00:00Z","level":"INFO","msg":"exchange","route":"get-user","api":"users/v2","method":"GET","host":"api.example.com","path":"/users/42","proto":"HTTP/1.1","status":200,"bytes_in":0,"bytes_out":17,"took_ms":0.000}
}

func ExampleSlog() {
	handler := slog.NewTextHandler(os.Stdout, nil)
	log := accesslog.New(accesslog.Slog(slog.New(handler).With("service", "edge")))
	ctx, cancel := context.WithCancel(context.Background())

	log.For(nil)(exchange("/nowhere"), &pipeline.Summary{
		Status: 404, Err: pipeline.Refuse(404, pipeline.CodeRouteUnknown, "There is nothing here."),
	})

	cancel()
	_ = log.Run(ctx)
	// Output:
	// time=2026-11-24T22:00:00.000Z level=WARN msg=exchange service=edge method=GET host=api.example.com path=/nowhere proto=HTTP/1.1 status=404 code=route_unknown bytes_in=0 bytes_out=0 took_ms=0 error="404 route_unknown"
}

func ExampleField() {
	region := accesslog.Field("region", func(x *pipeline.Exchange) string { return x.In.Header.Get("X-Region") })
	log := accesslog.New(accesslog.Writer(os.Stdout), region)
	ctx, cancel := context.WithCancel(context.Background())

	x := exchange("/users/42")
	x.In.Header.Set("X-Region", "eu-west")
	log.For(nil)(x, &pipeline.Summary{Status: 204})

	cancel()
	_ = log.Run(ctx)
	// Output:
	// {"time":"2026-11-24T22:00:00Z","level":"INFO","msg":"exchange","method":"GET","host":"api.example.com","path":"/users/42","proto":"HTTP/1.1","status":204,"bytes_in":0,"bytes_out":0,"took_ms":0.000,"region":"eu-west"}
}
