package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"go.uber.org/dig"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/registry/poll"
)

// serve serves a configuration document against real backends. Changes of the
// file are taken up at once; a bad one is refused with its reasons on stderr
// and in the admin API, and what was served goes on being served.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s settings
	if err := s.parse("serve", args, stderr); err != nil {
		return usage(err, stderr)
	}
	options, err := serving(&s, stderr)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return application(ctx, s, stderr, stdout, func(g *gateway.Gateway) {
		fmt.Fprintf(stderr, "gateway on %s, admin on %s, serving %s\n", first(g.Addrs()), first(g.AdminAddrs()), cmp.Or(s.config, s.registry))
	}, options...)
}

func serving(s *settings, stderr io.Writer) ([]gateway.Option, error) {
	secure, err := s.tls(newLogger(stderr))
	if err != nil {
		return nil, err
	}
	proxies, err := s.networks()
	if err != nil {
		return nil, err
	}
	source, err := s.source(stderr)
	if err != nil {
		return nil, err
	}
	options := []gateway.Option{
		gateway.Source(source),
		gateway.Kinds(redislimit.KindFromURL(s.redis)),
		gateway.ListenWith(s.listen, listen.Config{
			TLS: secure, Proxy: proxies, MaxConnections: s.connections, MaxConnectionsPerAddress: s.perAddress,
		}),
	}
	if s.lastGood != "" {
		var signed []gateway.LastGoodOption
		if keys := s.keys(); len(keys) > 0 {
			signed = append(signed, gateway.SignedBy(keys...))
		}
		options = append(options, gateway.LastGood(s.lastGood, signed...))
	}
	return options, nil
}

// source returns where the configuration comes from: files, a registry, or the
// document from files and the directory from a registry.
func (s *settings) source(stderr io.Writer) (registry.Source, error) {
	if s.registry == "" {
		return source(stderr, strings.Split(s.config, ",")...), nil
	}
	options := []poll.Option{poll.Logger(newLogger(stderr))}
	if s.registryToken != "" {
		options = append(options, poll.Token(func() (string, error) {
			token, err := new(pipeline.Env).Secret(registry.Secret{File: s.registryToken})
			return string(token), err
		}))
	}
	if s.config != "" {
		options = append(options, poll.DirectoryOnly())
	}
	polled, err := poll.New(s.registry, options...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("-registry: %w", err)
	case s.config == "":
		return polled, nil
	}
	return registry.Merge(source(stderr, strings.Split(s.config, ",")...), polled), nil
}

// source watches configuration files, and tells stderr why one is refused.
func source(stderr io.Writer, paths ...string) registry.Source {
	return file.New(paths[0], paths[1:]...).Logger(newLogger(stderr))
}

// reason returns the faults within err, one a line, without what libraries put
// around them.
func reason(err error) string {
	var faults registry.Faults
	if errors.As(err, &faults) {
		return faults.Error()
	}
	return dig.RootCause(err).Error()
}

// usage tells of a wrong command line, unless help was asked for, and returns
// the exit status.
func usage(err error, stderr io.Writer) int {
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(stderr, "%v\nreference help tells of the commands, and COMMAND -h of the flags\n", err)
	return 2
}
