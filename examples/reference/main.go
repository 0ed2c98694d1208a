// Command reference is the gateway as a program: the shop window of the
// library, and a start for a binary of one's own.
//
//	reference                     the demo: everything embedded, with curl lines to paste
//	reference serve -config FILE  serves a configuration against real backends
//	reference check FILE...       tells what is wrong with a configuration
//	reference key                 makes an API key and the hash of it
//	reference audit verify FILE   finds what was done to an audit trail
//	reference schema              prints the JSON Schema of configurations, for editors
//
// Each but schema takes -h. Every flag of the first two may be given as an environment variable as well:
// GATEWAY_ADMIN for -admin, GATEWAY_LAST_GOOD for -last-good.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 for an orderly end, 1 for a failure, 2 for
// wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, rest := "demo", args
	if len(args) > 0 && len(args[0]) > 0 && args[0][0] != '-' {
		command, rest = args[0], args[1:]
	}
	switch command {
	case "help":
		fmt.Fprint(stdout, overview)
		return 0
	case "demo":
		return demo(ctx, rest, stdout, stderr)
	case "serve":
		return serve(ctx, rest, stdout, stderr)
	case "check":
		return check(ctx, rest, stdout, stderr)
	case "key":
		return key(rest, stdout, stderr)
	case "audit":
		return auditing(rest, stdout, stderr)
	case "schema":
		return schema(rest, stdout, stderr)
	}
	fmt.Fprintf(stderr, "unknown command %q; want serve, check, key, audit, schema, help, or none for the demo\n", command)
	return 2
}

const overview = `usage:
  reference [flags]                     the demo: everything embedded, with curl lines to paste
  reference serve -config FILE [flags]  serves a configuration against real backends
  reference check FILE...               tells what is wrong with a configuration
  reference key -secret-env NAME        makes an API key, and the hash of it for a configuration
  reference audit verify FILE           finds what was done to an audit trail, and where
  reference schema                      prints the JSON Schema of what serve and check take, for editors
  reference COMMAND -h                  the flags of demo, serve, key or audit

Each flag of demo and serve may be given as an environment variable: GATEWAY_LAST_GOOD for -last-good.
The status is 0 for an orderly end, 1 for a failure, 2 for wrong usage.
`
