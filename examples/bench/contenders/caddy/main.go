// Command caddy is the contender Caddy: its reverse proxy, from its modules,
// with a configuration that does nothing else.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"              // the app http
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy" // its handler

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	p, err := control.ParsePlace("caddy", os.Args[1:])
	if err != nil {
		return err
	}
	text, err := json.Marshal(configuration(p))
	if err != nil {
		return err
	}
	if err := caddy.Load(text, true); err != nil {
		return err
	}
	return control.Contend()
}

type object = map[string]any

func configuration(p control.Place) object {
	return object{
		"admin":   object{"disabled": true, "config": object{"persist": false}},
		"logging": object{"logs": object{"default": object{"level": "ERROR"}}},
		"apps": object{"http": object{"servers": object{
			"h1": server(p, p.H1, "h1"),
			"h2": server(p, p.H2C, "h1", "h2c"), // h2c needs h1 beside it
		}}},
	}
}

func server(p control.Place, addr string, protocols ...string) object {
	return object{
		"listen":          []string{addr},
		"protocols":       protocols,
		"automatic_https": object{"disable": true},
		"routes": []object{{"handle": []object{{
			"handler":   "reverse_proxy",
			"upstreams": []object{{"dial": p.Backend}},
			"transport": object{
				"protocol": "http", "compression": false,
				"keep_alive": object{"max_idle_conns": 1024, "max_idle_conns_per_host": 1024},
			},
		}}}},
	}
}
