package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/backend"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/load"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/ours"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/proxies"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// contend is the process of a contender that is part of this program.
func contend(name string, args []string) error {
	p, err := control.ParsePlace(name, args)
	if err != nil {
		return err
	}
	if err := ours.SetSecret(); err != nil {
		return err
	}
	switch name {
	case "bare":
		return control.Serve(p, proxies.Bare(p))
	case "bare_heap":
		return control.Serve(p, proxies.BareHeap(p))
	case "naive":
		h, err := proxies.Naive(p)
		if err != nil {
			return err
		}
		return control.Serve(p, h)
	}
	form, found := map[string]ours.Form{
		"gateway_pass":          {},
		"gateway_full":          {Full: true},
		"gateway_pass_net_http": {Client: "net_http"},
		"gateway_full_net_http": {Full: true, Client: "net_http"},
	}[name]
	if !found {
		return fmt.Errorf("there is no contender %q in this program", name)
	}
	return form.Serve(p)
}

// serveBackend is the process of the backend.
func serveBackend(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s := backend.New()
	go func() {
		if err := s.Serve(ln); err != nil {
			fmt.Fprintln(os.Stderr, "backend:", err)
			os.Exit(1)
		}
	}()
	return control.Answer(os.Stdin, os.Stdout, func(string) (any, error) { return s.Served(), nil })
}

// generate is the process of the load generator.
func generate(dir string) error {
	tokens, err := traffic.Tokens(dir)
	if err != nil {
		return err
	}
	g := load.New(tokens)
	return control.Answer(os.Stdin, os.Stdout, func(line string) (any, error) {
		var o load.Order
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			return nil, err
		}
		return g.Run(o)
	})
}
