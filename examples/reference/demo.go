package main

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"text/template"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
)

//go:embed demo.yaml
var demoConfig string

//go:embed demo.txt
var demoTable string

// demo runs a gateway with everything embedded, and prints what to try.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s settings
	if err := s.parse("demo", args, stderr); err != nil {
		return usage(err, stderr)
	}
	d, err := prepare()
	defer d.clean()
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	s.listen, s.admin = free(s.listen), free(s.admin)
	return application(ctx, s, stderr, io.Discard, func(g *gateway.Gateway) {
		d.Gateway, d.Admin = first(g.Addrs()), first(g.AdminAddrs())
		d.print(stdout)
	}, gateway.Listen(s.listen), gateway.Source(source(stderr, d.Config)))
}

// demonstration holds what the table of things to try is filled in from.
type demonstration struct {
	Folder, Config, Secret string
	Gateway, Admin         string
	Keys                   map[string]string // by consumer
	Hashes                 map[string]string
	Backends               map[string]string // URLs by name
	running                map[string]*backend
}

// prepare starts the backends and writes the configuration that routes to
// them. What it returns is to be cleaned, with an error too.
func prepare() (*demonstration, error) {
	d := &demonstration{Keys: map[string]string{}, Hashes: map[string]string{}, Backends: map[string]string{}}
	var err error
	if d.Folder, err = os.MkdirTemp("", "gateway-demo-"); err != nil {
		return d, err
	}
	d.Config, d.Secret = filepath.Join(d.Folder, "gateway.yaml"), filepath.Join(d.Folder, "key-secret")
	if err := d.keys("acme", "initech", "hooli"); err != nil {
		return d, err
	}
	if d.running, err = backends(); err != nil {
		return d, err
	}
	for name, b := range d.running {
		d.Backends[name] = b.url
	}
	config, err := d.fill(demoConfig)
	if err != nil {
		return d, err
	}
	return d, os.WriteFile(d.Config, config, 0o600)
}

// keys makes the secret that keys are hashed with, and a key for each consumer.
func (d *demonstration) keys(consumers ...string) error {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	secret := []byte(hex.EncodeToString(random[:]))
	if err := os.WriteFile(d.Secret, secret, 0o600); err != nil {
		return err
	}
	for _, c := range consumers {
		key, err := apikey.NewKey(rand.Reader)
		if err != nil {
			return err
		}
		d.Keys[c], d.Hashes[c] = key, apikey.Hash(secret, []byte(key))
	}
	return nil
}

func (d *demonstration) fill(text string) ([]byte, error) {
	t, err := template.New("demo").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, d)
	return out.Bytes(), err
}

func (d *demonstration) print(stdout io.Writer) {
	table, err := d.fill(demoTable)
	if err != nil {
		table = []byte(err.Error())
	}
	_, _ = stdout.Write(table)
}

func (d *demonstration) clean() {
	for _, b := range d.running {
		_ = b.server.Close()
	}
	_ = os.RemoveAll(d.Folder)
}

// free returns the address where it can be listened on, and otherwise one with
// a port of the system's choice.
func free(addr string) string {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		_ = ln.Close()
		return addr
	}
	host, _, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		return addr
	}
	return net.JoinHostPort(host, "0")
}

func first(addrs []net.Addr) string {
	if len(addrs) == 0 {
		return "no address"
	}
	return addrs[0].String()
}
