package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// A plain handler writes log records for people: one line each, and a line for
// each fault of a refused configuration.
type plain struct {
	mu    *sync.Mutex
	out   io.Writer
	attrs []slog.Attr
}

func newLogger(out io.Writer) *slog.Logger {
	return slog.New(plain{mu: new(sync.Mutex), out: out})
}

// Enabled implements slog.Handler: details are left out.
func (plain) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements slog.Handler.
func (p plain) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", strings.ToLower(r.Level.String()), r.Message)
	var faults error
	add := func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			faults = err
			return true
		}
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	}
	for _, a := range p.attrs {
		add(a)
	}
	r.Attrs(add)
	b.WriteByte('\n')
	if faults != nil {
		b.WriteString("  " + strings.ReplaceAll(reason(faults), "\n", "\n  ") + "\n")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := io.WriteString(p.out, b.String())
	return err
}

// WithAttrs implements slog.Handler.
func (p plain) WithAttrs(attrs []slog.Attr) slog.Handler {
	p.attrs = append(p.attrs[:len(p.attrs):len(p.attrs)], attrs...)
	return p
}

// WithGroup implements slog.Handler; groups are not told apart.
func (p plain) WithGroup(string) slog.Handler { return p }
