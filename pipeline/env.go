package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Env is what a thing may use while it is built. Its zero value builds things
// that need none of it, for tests.
type Env struct {
	Context     context.Context // ends after the last exchange of the retired route; bounds nothing else
	Route       *registry.Route // nil for the edge chain and for what is shared
	Environment string          // of the snapshot
	Name        string          // of the policy: its kind, with its own name where it has one
	Log         *slog.Logger
	Directory   registry.Directory

	kinds     *Kinds
	upstreams func(name string) (Handler, error)
	scope     *Scope
}

// Go starts f when the table is swapped in, and is waited for when it is
// retired: f returns soon after its context has ended. A panic of f is logged
// and ends f alone. Without a scope (in tests of one stage) f is not started.
func (e *Env) Go(f func(ctx context.Context)) {
	if e.scope != nil {
		e.scope.add(f)
	}
}

// Needs keeps the gateway from being ready until ready returns true: a key set
// that has to be fetched before tokens can be judged. It is asked each time
// that readiness is, and must not block. What is served is served meanwhile.
func (e *Env) Needs(ready func() bool) {
	if e.scope != nil {
		e.scope.need(ready)
	}
}

// Logger returns Log, or one that drops everything.
func (e *Env) Logger() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

// Upstream returns the handler that delivers to the named upstream.
func (e *Env) Upstream(name string) (Handler, error) {
	if e.upstreams == nil {
		return nil, registry.Unknown("upstream", name, nil)
	}
	return e.upstreams(name)
}

// Secret resolves a reference. The error names the place, never what was
// found there. A file that is read is part of the route's identity: where its
// content changes, the next update compiles the route anew.
func (e *Env) Secret(s registry.Secret) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if s.File != "" {
		content, err := e.File(s.File)
		content = bytes.TrimRight(content, "\r\n")
		if err == nil && len(content) == 0 {
			err = errors.New(s.File + " is empty")
		}
		return content, err
	}
	value, ok := os.LookupEnv(s.Env)
	if !ok || value == "" {
		return nil, fmt.Errorf("environment variable %s is not set", s.Env)
	}
	return []byte(value), nil
}

// File reads a file of at most 16 MiB that settings name. What is read is part
// of the route's identity, as with Secret.
func (e *Env) File(path string) ([]byte, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return nil, errors.New(path + " is empty")
	}
	if e.scope != nil {
		e.scope.read(path, sha256.Sum256(content))
	}
	return content, nil
}

const maxFile = 16 << 20

// readFile reads a regular file, never more of it than maxFile: devices and
// pipes have no end, or wait for it.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New(path + " is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return content, nil
}
