package main

import (
	"context"
	"fmt"
	"os/exec"
)

func haproxyVersion() (string, error) {
	out, err := exec.Command("haproxy", "-v").CombinedOutput()
	return firstLine(out), err
}

// startHAProxy starts HAProxy with its defaults; it wants to be told timeouts.
func startHAProxy(ctx context.Context, backend string) (*instance, error) {
	return launch(ctx, func(_, plain, http2 string) string {
		return fmt.Sprintf(`
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend wire
  bind %s
  bind %s proto h2
  default_backend wire
backend wire
  server backend %s
`, plain, http2, backend)
	}, func(config string) *exec.Cmd { return exec.Command("haproxy", "-f", config, "-db") })
}
