package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
)

// settings are what belongs to the process, not to the configuration: flags,
// each also an environment variable GATEWAY_NAME.
type settings struct {
	config        string
	registry      string
	registryToken string
	listen        string
	admin         string
	tlsCert       string
	tlsKey        string
	lastGood      string
	lastGoodKeys  string
	proxies       string
	redis         string
	stale         gateway.Staleness
	grace         time.Duration
	delay         time.Duration
	deadline      time.Duration
	trail         trailSettings

	connections int
	perAddress  int

	certificate *listen.Certificate // that is served; set by tls
}

// parse reads flags and, for those that are not given, the environment.
func (s *settings) parse(name string, args []string, stderr io.Writer) error {
	fs := flag.NewFlagSet("reference "+name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what Parse says is its error too
	if name == "serve" {
		fs.StringVar(&s.config, "config", "", "configuration `file` or folder, YAML or JSON; several are separated by commas")
		fs.StringVar(&s.registry, "registry", "", "`URL` of a registry to poll for the configuration; beside -config, for the directory only")
		fs.StringVar(&s.registryToken, "registry-token-file", "", "`file` that holds the bearer token that the registry wants; read before each request")
		fs.StringVar(&s.tlsCert, "tls-cert", "", "certificate `file` in PEM; with -tls-key, serves HTTPS with HTTP/2")
		fs.StringVar(&s.tlsKey, "tls-key", "", "private key `file` in PEM, to be readable by this process alone")
		fs.StringVar(&s.redis, "redis", "", "`URL` of the Redis that limits with store: {redis: {}} count in, redis:// or rediss://")
		fs.StringVar(&s.proxies, "proxy-protocol", "", "`networks` of the proxies in front whose connections begin with a header of the PROXY protocol; several are separated by commas")
		fs.IntVar(&s.connections, "max-connections", 0, "`connections` that may be open at a time; -1 for any number (default 16384)")
		fs.IntVar(&s.perAddress, "max-connections-per-address", 0, "`connections` of one client, an IPv4 address or an IPv6 /64; -1 for any number (default a quarter of -max-connections)")
		fs.StringVar(&s.lastGood, "last-good", "", "`file` to keep the last good configuration in, and to start from when the source is away")
		fs.StringVar(&s.lastGoodKeys, "last-good-key-file", "", "`file` of the key that signs it; several are separated by commas: the first signs, all verify")
	}
	fs.DurationVar(&s.stale.WarnAfter, "stale-warn", s.stale.WarnAfter, "after how long without hearing from the source to warn; 0 never")
	fs.DurationVar(&s.stale.RefuseAfter, "stale-refuse", s.stale.RefuseAfter, "after how long without hearing from the source to refuse requests; 0 never")
	s.trail.flags(fs)
	fs.StringVar(&s.listen, "listen", "127.0.0.1:8080", "`address` of the gateway")
	fs.StringVar(&s.admin, "admin", "127.0.0.1:9090", "`address` of the admin listener; \"off\" for none")
	fs.DurationVar(&s.grace, "grace", 0, "how long readiness is off before a drain refuses requests (default 0s)")
	fs.DurationVar(&s.delay, "drain-delay", time.Second, "how long exchanges may end by themselves before streams are told to")
	fs.DurationVar(&s.deadline, "drain-deadline", 30*time.Second, "when a drain cuts what is left")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			describe(fs, name, stderr)
		}
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("%s takes no arguments beside its flags: %s", name, strings.Join(fs.Args(), " "))
	}
	if err := fromEnvironment(fs); err != nil {
		return err
	}
	if name == "serve" && s.config == "" && s.registry == "" {
		return fmt.Errorf("serve wants -config FILE or -registry URL")
	}
	if s.lastGoodKeys != "" && s.lastGood == "" {
		return fmt.Errorf("-last-good-key-file wants -last-good")
	}
	if err := s.trail.validate(); err != nil {
		return err
	}
	if err := staleness(s.stale); err != nil {
		return err
	}
	if (s.tlsCert == "") != (s.tlsKey == "") {
		return fmt.Errorf("-tls-cert and -tls-key go together")
	}
	if s.perAddress > 0 && s.connections > 0 && s.perAddress > s.connections {
		return fmt.Errorf("-max-connections-per-address is more than -max-connections")
	}
	if min(s.grace, s.delay, s.deadline) < 0 {
		return fmt.Errorf("-grace, -drain-delay and -drain-deadline want no negative times")
	}
	return nil
}

// staleness tells of flags that contradict one another, by their names.
func staleness(s gateway.Staleness) error {
	switch {
	case s.WarnAfter < 0 || s.RefuseAfter < 0:
		return fmt.Errorf("-stale-warn and -stale-refuse want no negative times")
	case s.RefuseAfter > 0 && s.WarnAfter > s.RefuseAfter:
		return fmt.Errorf("-stale-warn is longer than -stale-refuse")
	}
	return nil
}

// keys returns the keys of the last good configuration.
func (s *settings) keys() (all []registry.Secret) {
	for path := range strings.SplitSeq(s.lastGoodKeys, ",") {
		if path = strings.TrimSpace(path); path != "" {
			all = append(all, registry.Secret{File: path})
		}
	}
	return all
}

// describe writes the help of a command; that of the demo tells of the others.
func describe(fs *flag.FlagSet, name string, stderr io.Writer) {
	if name == "demo" {
		fmt.Fprintf(stderr, "%s\nflags of the demo:\n", overview)
	} else {
		fmt.Fprintf(stderr, "usage: %s [flags]\n", fs.Name())
	}
	fs.SetOutput(stderr)
	fs.PrintDefaults()
}

// fromEnvironment sets the flags that were not given from GATEWAY_ variables.
func fromEnvironment(fs *flag.FlagSet) error {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	fs.VisitAll(func(f *flag.Flag) {
		name := "GATEWAY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || given[f.Name] || err != nil {
			return
		}
		if setErr := fs.Set(f.Name, value); setErr != nil {
			err = fmt.Errorf("environment variable %s: invalid value %q: %w", name, value, setErr)
		}
	})
	return err
}

// tls returns the configuration of the listener, nil for plain HTTP. A
// certificate that is put in the place of the one before is taken up without a
// restart; a broken one is not.
func (s *settings) tls(log *slog.Logger) (*tls.Config, error) {
	if s.tlsCert == "" {
		return nil, nil
	}
	pair, err := listen.Certificates(s.tlsCert, s.tlsKey, log)
	if err != nil {
		return nil, fmt.Errorf("load certificate %q with key %q: %w", s.tlsCert, s.tlsKey, err)
	}
	s.certificate = pair
	return &tls.Config{GetCertificate: pair.GetCertificate, MinVersion: tls.VersionTLS12}, nil
}

// networks returns the proxies that speak the PROXY protocol.
func (s *settings) networks() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for text := range strings.SplitSeq(s.proxies, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("-proxy-protocol: want networks such as 10.0.0.0/8, found %q", text)
		}
		all = append(all, network)
	}
	return all, nil
}
