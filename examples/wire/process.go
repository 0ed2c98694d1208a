package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ready bounds the wait for a process to listen.
const ready = 5 * time.Second

// launch runs a proxy that is a program of its own, with a configuration that
// text makes of its folder and two free addresses, until it is stopped.
func launch(ctx context.Context, text func(dir, plain, http2 string) string, command func(config string) *exec.Cmd) (*instance, error) {
	dir, err := os.MkdirTemp("", "wire")
	if err != nil {
		return nil, err
	}
	i, err := launchIn(ctx, dir, text, command)
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return i, err
}

func launchIn(ctx context.Context, dir string, text func(dir, plain, http2 string) string, command func(config string) *exec.Cmd) (*instance, error) {
	plain, err := free()
	if err != nil {
		return nil, err
	}
	http2, err := free()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "proxy.conf")
	if err := os.WriteFile(config, []byte(text(dir, plain, http2)), 0o600); err != nil {
		return nil, err
	}
	cmd := command(config)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() {
		_ = cmd.Process.Signal(os.Interrupt) // one that has ended already is waited for all the same
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	for _, addr := range []string{plain, http2} {
		if err := await(ctx, addr); err != nil {
			stop()
			return nil, err
		}
	}
	return &instance{plain, http2, stop}, nil
}

// free returns an address on which nobody listens.
func free() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

func await(ctx context.Context, addr string) error {
	for by := time.Now().Add(ready); time.Now().Before(by); {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("nobody listens on %s", addr)
}
