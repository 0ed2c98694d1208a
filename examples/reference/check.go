package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/standard"
)

// check validates configuration files without serving them, and tells each
// fault with its place. It builds every policy, so that it finds what serve
// would find: where the files themselves have faults, those come first, and
// what policies say is judged once they are gone.
func check(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("reference check", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what Parse says is its error too
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "usage: reference check FILE...\nSeveral files, and the files of a folder, are checked as the one configuration that they make.")
		}
		return usage(err, stderr)
	}
	paths := fs.Args()
	if len(paths) == 0 {
		return usage(errors.New("check wants the files to check"), stderr)
	}
	update, err := file.Load(paths...)
	if err == nil {
		var g *gateway.Gateway
		redis := redislimit.KindFromURL("redis://localhost") // built, and never asked
		if g, err = gateway.New(standard.Kinds(), gateway.Kinds(redis)); err == nil {
			err = g.Check(ctx, update.Snapshot)
			_ = g.Close()
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, reason(err))
		return 1
	}
	fmt.Fprintf(stdout, "no fault: %d route(s), %d upstream(s), version %s\n",
		len(update.Snapshot.Routes), len(update.Snapshot.Upstreams), update.Snapshot.Version)
	return 0
}
