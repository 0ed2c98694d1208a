// Command wire plays the suite of gatewaytest/wire against several proxies and
// prints a table of what each of them got right, in Markdown, as it stands in
// docs/wire.md.
//
//	go run ./examples/wire [-target NAME]... [-misses]
//
// Proxies are gateway (this module), reverseproxy (net/http/httputil), and
// nginx and haproxy where they are installed. All run on loopback, each with
// its own defaults and no more than it takes to forward everything to one
// backend: see the file named like it.
//
// Cases that look at a bound or a choice of this module are left out.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

func run() error {
	var names []string
	flag.Func("target", "a `proxy` to play against; all that are there otherwise", func(name string) error {
		names = append(names, name)
		return nil
	})
	misses := flag.Bool("misses", false, "tell what was wrong with each miss")
	patience := flag.Duration("patience", 2*time.Second, "how long a case waits for what does not come")
	flag.Parse()
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var all []result
	for _, p := range chosen {
		r, err := play(ctx, p, *patience)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		all = append(all, r)
	}
	write(os.Stdout, all, *misses)
	return nil
}

// A proxy is one that can be started in front of a backend.
type proxy struct {
	name    string
	version func() (string, error) // an error: it is not there
	start   func(ctx context.Context, backend string) (*instance, error)
}

// An instance is a proxy that runs. stop ends it and waits for that.
type instance struct {
	addr, http2 string
	stop        func()
}

func proxies() []proxy {
	return []proxy{
		{"gateway", gatewayVersion, startGateway},
		{"reverseproxy", goVersion, startReverseProxy},
		{"nginx", nginxVersion, startNginx},
		{"haproxy", haproxyVersion, startHAProxy},
	}
}

// choose returns the proxies named, which have to be there, or all that are.
func choose(names []string) ([]proxy, error) {
	var chosen []proxy
	for _, p := range proxies() {
		if len(names) > 0 && !slices.Contains(names, p.name) {
			continue
		}
		if _, err := p.version(); err == nil {
			chosen = append(chosen, p)
		} else if len(names) > 0 {
			return nil, fmt.Errorf("%s is not installed: %w", p.name, err)
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(chosen, func(p proxy) bool { return p.name == n }) {
			return nil, fmt.Errorf("there is no proxy %q", n)
		}
	}
	return chosen, nil
}

// cases are those that make sense for any proxy.
func cases() []wire.Case {
	return slices.DeleteFunc(wire.Cases(), func(c wire.Case) bool { return c.Own })
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}
