package main

import (
	"context"
	"fmt"
	"io"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/standard"
)

// check validates configuration files without serving them: all faults at
// once, each with its place. It builds every policy, so that it finds what
// serve would find.
func check(ctx context.Context, paths []string, stdout, stderr io.Writer) int {
	if len(paths) == 0 {
		fmt.Fprintln(stderr, "check wants the files to check")
		return 2
	}
	update, err := file.Load(paths...)
	if err == nil {
		var g *gateway.Gateway
		if g, err = gateway.New(standard.Kinds()); err == nil {
			err = g.Check(ctx, update.Snapshot)
			_ = g.Close()
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, reason(err))
		return 1
	}
	fmt.Fprintf(stdout, "%d routes, %d upstreams, version %s: no fault\n",
		len(update.Snapshot.Routes), len(update.Snapshot.Upstreams), update.Snapshot.Version)
	return 0
}
