package rounds

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/peers"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// A Contender is one of those that are compared.
type Contender struct {
	Name   string
	Title  string
	Tokens bool // its callers bear tokens
	Masked bool // it masks its answers
	Routes int  // that requests are spread over; 0 is traffic.Routes

	// command makes the command that serves at a place; what it needs is built or
	// written into dir.
	command func(p control.Place, dir string) (*exec.Cmd, error)
	foreign bool // it does not talk by package control
}

// Base is what ratios are to.
const Base = "bare"

// Contenders returns all of them.
func Contenders() []Contender {
	return []Contender{
		{Name: Base, Title: "httputil.ReverseProxy, tuned", command: self(Base)},
		{Name: "bare_heap", Title: "the same with 128 MiB of live heap", command: self("bare_heap")},
		{Name: "gateway_pass", Title: "gateway, pass-through", command: self("gateway_pass")},
		{Name: "gateway_pass_net_http", Title: "gateway, pass-through by http.Transport", command: self("gateway_pass_net_http")},
		{Name: "gateway_full", Title: "gateway, full chain", Tokens: true, Masked: true, Routes: traffic.FullRoutes, command: self("gateway_full")},
		{Name: "gateway_full_net_http", Title: "gateway, full chain by http.Transport", Tokens: true, Masked: true, Routes: traffic.FullRoutes, command: self("gateway_full_net_http")},
		{Name: "naive", Title: "ReverseProxy with popular libraries", Tokens: true, command: self("naive")},
		{Name: "caddy", Title: "Caddy", command: built("caddy")},
		{Name: "oxy", Title: "oxy", command: built("oxy")},
		{Name: "skipper", Title: "Skipper", command: built("skipper")},
		{Name: "lura", Title: "lura", command: built("lura")},
		{Name: "nginx", Title: "nginx", command: peers.NGINX, foreign: true},
		{Name: "haproxy", Title: "HAProxy", command: peers.HAProxy, foreign: true},
	}
}

// Choose returns the contenders of the names given, the base always among them;
// no name chooses all.
func Choose(names []string) ([]Contender, error) {
	all := Contenders()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, c := range all {
		known = append(known, c.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no contender %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(c Contender) bool { return c.Name != Base && !slices.Contains(names, c.Name) }), nil
}

// self makes the command of a contender that is this program.
func self(name string) func(control.Place, string) (*exec.Cmd, error) {
	return func(p control.Place, _ string) (*exec.Cmd, error) {
		file, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return exec.Command(file, append([]string{"contender", name}, p.Args()...)...), nil
	}
}

// built makes the command of a contender that has a module of its own, because
// of all that it depends on, and is built on demand.
func built(name string) func(control.Place, string) (*exec.Cmd, error) {
	return func(p control.Place, dir string) (*exec.Cmd, error) {
		file := filepath.Join(dir, name)
		build := exec.Command("go", "build", "-o", file, ".")
		build.Dir, build.Env = filepath.Join("contenders", name), append(os.Environ(), "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build: %w: %.300s", err, out)
		}
		return exec.Command(file, p.Args()...), nil
	}
}

// errUnavailable says that a contender is not installed or cannot be built.
var errUnavailable = errors.New("not available")

// launch starts a contender and waits until it serves.
func (c Contender) launch(p control.Place, dir string) (*child, error) {
	cmd, err := c.command(p, dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if !c.foreign {
		return talk(cmd)
	}
	process, err := start(cmd, false)
	if err != nil {
		return nil, err
	}
	if err := process.await(func() bool { return peers.Ready(p.H1) && peers.Ready(p.H2C) }); err != nil {
		process.stop()
		return nil, err
	}
	return process, nil
}

// place chooses free addresses.
func place(backend, dir string) (control.Place, error) {
	p := control.Place{Backend: backend, Dir: dir}
	for _, addr := range []*string{&p.H1, &p.H2C} {
		ln, err := free()
		if err != nil {
			return p, err
		}
		defer func() { _ = ln.Close() }() // when both are chosen
		*addr = ln.Addr().String()
	}
	return p, nil
}

// Ports below those that the system gives to connections, each of which would
// keep a contender that is slow to start from its address.
const leastPort, mostPort = 15_000, 32_000

// free listens at a port that nobody else has.
func free() (net.Listener, error) {
	var last error
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", leastPort+rand.IntN(mostPort-leastPort)))
		if err == nil {
			return ln, nil
		}
		last = err
	}
	return nil, last
}
