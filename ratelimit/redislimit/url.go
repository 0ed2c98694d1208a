package redislimit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// What is wrong with a URL is said without a word of it: where one is
// misspelled, the password may stand anywhere.
var (
	errURL       = errors.New("redislimit: want a URL such as redis://user:password@host:6379/0")
	errScheme    = errors.New("redislimit: want a URL that begins with redis:// or rediss://")
	errPassword  = errors.New("redislimit: want a password beside the user of the URL")
	errDatabase  = errors.New("redislimit: want the number of a database, 0 or more, as the path of the URL")
	errParameter = errors.New("redislimit: want no parameters in the URL but addr, master_set and ca, each of them said once but addr")
	errAddr      = errors.New("redislimit: want host:port as the parameter addr of the URL")
	errPlainCA   = errors.New("redislimit: the parameter ca of the URL is for rediss alone")
)

const (
	defaultPort = "6379"
	maxDatabase = 1 << 20
	// A connection on which nothing comes for this long is given up and made
	// anew. Decisions do not wait for it.
	connTimeout = time.Second
	bufferSize  = 64 << 10
	maxMoves    = 3
)

// parse reads a URL that Dial knows.
func parse(raw string) (rueidis.ClientOption, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(raw, "#") {
		return rueidis.ClientOption{}, errURL
	}
	o := plain()
	for _, step := range [...]func(*url.URL, *rueidis.ClientOption) error{
		readScheme, readHost, readUser, readDatabase, readParameters,
	} {
		if err := step(u, &o); err != nil {
			return rueidis.ClientOption{}, err
		}
	}
	return o, nil
}

// plain returns the options that no URL says.
func plain() rueidis.ClientOption {
	o := rueidis.ClientOption{
		ConnWriteTimeout:    connTimeout,
		ReadBufferEachConn:  bufferSize,
		WriteBufferEachConn: bufferSize,
		DisableCache:        true, // nothing is read that could be kept
		// One connection to each machine carries more than Redis runs scripts,
		// and where a probe came through, all that follows does.
		PipelineMultiplex: -1,
	}
	o.Dialer.Timeout = connTimeout
	o.ClusterOption.MaxMovedRedirections = maxMoves
	return o
}

func readScheme(u *url.URL, o *rueidis.ClientOption) error {
	switch u.Scheme {
	case "redis":
	case "rediss":
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	default:
		return errScheme
	}
	return nil
}

func readHost(u *url.URL, o *rueidis.ClientOption) error {
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	if !isHost(u.Hostname()) || strings.HasSuffix(u.Host, ":") || !isPort(port) {
		return errURL
	}
	o.InitAddress = []string{net.JoinHostPort(u.Hostname(), port)}
	return nil
}

func isHost(s string) bool { return s != "" && !strings.ContainsAny(s, "[]") }

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func readUser(u *url.URL, o *rueidis.ClientOption) error {
	if u.User == nil {
		return nil
	}
	password, _ := u.User.Password()
	if password == "" {
		return errPassword
	}
	o.Username, o.Password = u.User.Username(), password
	return nil
}

func readDatabase(u *url.URL, o *rueidis.ClientOption) error {
	path := strings.TrimPrefix(u.Path, "/")
	if path == "" {
		return nil
	}
	n, err := strconv.ParseUint(path, 10, 32)
	if err != nil || n > maxDatabase {
		return errDatabase
	}
	o.SelectDB = int(n) // within int: see maxDatabase
	return nil
}

func readParameters(u *url.URL, o *rueidis.ClientOption) error {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errParameter
	}
	for name, all := range values {
		known := name == "addr" || name == "master_set" || name == "ca"
		if !known || (name != "addr" && len(all) != 1) {
			return errParameter
		}
	}
	if err := readAddrs(values["addr"], o); err != nil {
		return err
	}
	if values.Has("ca") {
		if err := readCA(values.Get("ca"), o); err != nil {
			return err
		}
	}
	if set := values.Get("master_set"); set != "" {
		o.Sentinel = rueidis.SentinelOption{MasterSet: set, Dialer: o.Dialer, TLSConfig: o.TLSConfig}
	}
	return nil
}

func readAddrs(addrs []string, o *rueidis.ClientOption) error {
	for _, addr := range addrs {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || !isHost(host) || !isPort(port) {
			return errAddr
		}
		o.InitAddress = append(o.InitAddress, addr)
	}
	return nil
}

func readCA(file string, o *rueidis.ClientOption) error {
	if o.TLSConfig == nil {
		return errPlainCA
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("redislimit: read the ca of the URL: %w", errors.Unwrap(err))
	}
	o.TLSConfig.RootCAs = x509.NewCertPool()
	if !o.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
		return errors.New("redislimit: the ca of the URL holds no certificate")
	}
	return nil
}
