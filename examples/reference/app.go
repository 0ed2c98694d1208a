package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/fx"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/admin"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/standard"
)

// application runs a gateway as an fx application until ctx ends: recorders,
// admin listener and drain report are the same for demo and serve. ready is
// called once it listens.
func application(ctx context.Context, s settings, stderr io.Writer, access io.Writer, ready func(*gateway.Gateway), options ...gateway.Option) int {
	log, figures := accesslog.New(accesslog.Writer(access), accesslog.Stages()), metrics.New()
	figures.Watch("access_log", log)
	trail, err := s.trail.open(stderr)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if trail != nil {
		figures.Watch("audit", trail)
		options = append(options, gateway.Recorders(trail))
		defer func() { _ = trail.Close() }() // where the gateway never ran
	}
	options = append(options,
		standard.Kinds(),
		gateway.WhenStale(s.stale),
		gateway.Recorders(log, figures),
		gateway.Logger(newLogger(stderr)),
		gateway.Draining(gateway.Drain{Grace: s.grace, Delay: s.delay, Deadline: s.deadline}),
		gateway.DrainReport(func(r gateway.Report) { fmt.Fprint(stderr, r) }),
	)
	if s.admin != "off" {
		options = append(options, gateway.Admin(s.admin, func(g *gateway.Gateway) http.Handler {
			return admin.New(g, admin.Metrics(figures.Handler()))
		}))
	}
	var g *gateway.Gateway
	app := fx.New(
		fx.NopLogger,
		fx.StartTimeout(time.Minute),
		fx.StopTimeout(s.grace+s.deadline+10*time.Second),
		gateway.Module(options...),
		fx.Populate(&g),
	)
	if err := app.Start(ctx); err != nil {
		fmt.Fprintln(stderr, reason(err))
		return 1
	}
	figures.WatchInsecure(g.Insecure)
	if s.certificate != nil {
		figures.WatchCertificate(s.tlsCert, s.certificate)
	}
	ready(g)
	status := 0
	select {
	case <-ctx.Done():
	case signal := <-app.Wait():
		status = signal.ExitCode
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.StopTimeout())
	defer cancel()
	if err := app.Stop(stopping); err != nil {
		fmt.Fprintln(stderr, reason(err))
		return 1
	}
	return status
}
