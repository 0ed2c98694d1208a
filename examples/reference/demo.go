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
	"time"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/poll"
)

//go:embed demo.yaml
var demoConfig string

//go:embed demo_directory.json
var demoDirectory string

//go:embed demo.txt
var demoTable string

// demo runs a gateway with everything embedded, and prints what to try.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s := settings{stale: gateway.Staleness{WarnAfter: 2 * time.Second, RefuseAfter: 5 * time.Second}}
	if err := s.parse("demo", args, stderr); err != nil {
		return usage(err, stderr)
	}
	d, err := prepare()
	if err == nil {
		defer d.clean()
		err = d.mint()
	}
	if err == nil && s.trail.file == "" {
		s.trail.file, s.trail.keyFile = d.Trail, d.TrailKey
	}
	var options []gateway.Option
	if err == nil {
		options, err = d.options(stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	s.listen, s.admin = free(s.listen), free(s.admin)
	return application(ctx, s, stderr, io.Discard, func(g *gateway.Gateway) {
		d.Gateway, d.Admin = first(g.Addrs()), first(g.AdminAddrs())
		d.print(stdout)
	}, append(options, gateway.Listen(s.listen))...)
}

// A demonstration holds what configuration and table are filled in from.
type demonstration struct {
	Folder, Config, Secret string
	Trail, TrailKey        string // the audit trail, and the file of its key
	Self                   string // this program
	Gateway, Admin, Lab    string
	JWKS, Tokens           string // URLs of the identity provider
	Registry, Redis        string
	Keys, Hashes           map[string]string // by consumer
	Token                  string            // of a caller who may read personal data
	Backends               map[string]string // URLs by name
	lab                    *laboratory
}

// prepare makes a folder for the registry and starts what is around the
// gateway.
func prepare() (*demonstration, error) {
	folder, err := os.MkdirTemp("", "gateway-demo-")
	if err != nil {
		return nil, err
	}
	d := &demonstration{
		Folder: folder, Config: filepath.Join(folder, "gateway.yaml"), Secret: filepath.Join(folder, "key-secret"),
		Keys: map[string]string{}, Hashes: map[string]string{}, Backends: map[string]string{},
	}
	if d.Self, err = os.Executable(); err != nil {
		return nil, err
	}
	d.Trail, d.TrailKey = filepath.Join(folder, "audit.jsonl"), filepath.Join(folder, "audit-key")
	if err := os.WriteFile(d.TrailKey, randomText(), 0o600); err != nil {
		return nil, err
	}
	if err := d.keys("acme", "initech", "hooli"); err != nil {
		return nil, err
	}
	if err := d.write(filepath.Join(folder, "directory.json"), demoDirectory); err != nil {
		return nil, err
	}
	if d.lab, err = newLaboratory(folder); err != nil {
		return nil, err
	}
	for name, b := range d.lab.backends {
		d.Backends[name] = b.url
	}
	d.JWKS, d.Tokens, d.Lab = d.lab.idp.url+"/jwks", d.lab.idp.url, d.lab.control.addr
	d.Registry, d.Redis = d.lab.registry.url, d.lab.redis.addr
	return d, d.write(d.Config, demoConfig)
}

// options names where the gateway gets its configuration: the document from the
// file, so that faults bear lines, and the directory from the registry.
func (d *demonstration) options(stderr io.Writer) ([]gateway.Option, error) {
	directory, err := poll.New(d.lab.registry.url, poll.DirectoryOnly(), poll.Interval(200*time.Millisecond), poll.Logger(newLogger(stderr)))
	if err != nil {
		return nil, err
	}
	return []gateway.Option{
		gateway.Source(registry.Merge(source(stderr, d.Config), directory)),
		gateway.Kinds(redislimit.KindFromURL("redis://" + d.lab.redis.addr)),
	}, nil
}

// randomText returns a secret of 64 characters.
func randomText() []byte {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.AppendEncode(nil, random[:])
}

// keys makes the secret that keys are hashed with, and a key for each consumer.
func (d *demonstration) keys(consumers ...string) error {
	secret := randomText()
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

// mint makes the token that the table shows.
func (d *demonstration) mint() (err error) {
	d.Token, err = d.lab.issuer.Token(map[string]any{
		"sub": "ada", "client_id": "globex", "aud": "users", "scope": "users.read pii.read",
	}, time.Hour)
	return err
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

func (d *demonstration) write(path, text string) error {
	filled, err := d.fill(text)
	if err != nil {
		return err
	}
	return os.WriteFile(path, filled, 0o600)
}

func (d *demonstration) print(stdout io.Writer) {
	table, err := d.fill(demoTable)
	if err != nil {
		table = []byte(err.Error())
	}
	_, _ = stdout.Write(table)
}

func (d *demonstration) clean() {
	d.lab.close()
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
		return "nowhere"
	}
	return addrs[0].String()
}
