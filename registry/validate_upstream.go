package registry

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (v *validator) upstream(u *Upstream) {
	v.subject = Fault{Upstream: u.Name, Pos: u.Pos}
	v.name(u.Name, v.upstreams, "upstream")
	if len(u.Endpoints) == 0 && !v.part && !slices.Contains(v.served, u.Name) {
		v.fault("/endpoints", errors.New("want at least one endpoint"))
	}
	for i, e := range u.Endpoints {
		at := "/endpoints/" + strconv.Itoa(i)
		v.fault(at+"/url", endpointFault(e.URL))
		v.atLeastZero(at+"/weight", int64(e.Weight))
	}
	if u.Balancer != nil && (u.Balancer.Kind == "" || u.Balancer.Off) {
		v.fault("/balancer", errors.New("want a kind of balancer and its settings"))
	}
	if h := u.Host; h != "" && h != "endpoint" && h != "preserve" && !validAuthority(h) {
		v.fault("/host", fmt.Errorf("want endpoint, preserve or the name of a host, found %q", clip(h)))
	}
	v.word("/forward/x_forwarded", "word", u.Forward.XForwarded, "on", "off")
	v.word("/forward/forwarded", "word", u.Forward.Forwarded, "on", "off")
	v.word("/forward/via", "word", u.Forward.Via, "on", "off")
	v.bounds(u)
	v.health(u)
}

func (v *validator) bounds(u *Upstream) {
	c, t := &u.Connections, &u.Timeouts
	v.atLeastZero("/connections/max_per_endpoint", int64(c.MaxPerEndpoint))
	v.atLeastZero("/connections/idle_per_endpoint", int64(c.IdlePerEndpoint))
	v.atLeastZero("/connections/idle", int64(c.Idle))
	v.atLeastZero("/connections/max_age", int64(c.MaxAge))
	v.fault("/connections/max_age", ageFault(u))
	v.word("/connections/http2", "word", c.HTTP2, "on", "off")
	v.word("/connections/client", "word", c.Client, "direct", "net_http")
	v.atLeastZero("/timeouts/dial", int64(t.Dial))
	v.atLeastZero("/timeouts/tls_handshake", int64(t.TLSHandshake))
	v.atLeastZero("/timeouts/response_head", int64(t.ResponseHead))
	if name := u.TLS.ServerName; name != "" && !validHost(name) {
		v.fault("/tls/server_name", fmt.Errorf("want a name such as backend.example.com, found %q", clip(name)))
	}
	if field := halfPair(&u.TLS); field != "" {
		v.fault(field, errors.New("want cert_file and key_file together, or none of them"))
	}
	if strings.Contains(u.TLS.KeyFile, "-----BEGIN") { // which is not repeated
		v.fault("/tls/key_file", errors.New("want the path of a file, not what it holds"))
	}
}

// halfPair returns the one of certificate and key that is missing, "" where
// both are there or none is.
func halfPair(t *UpstreamTLS) string {
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		return "/tls/key_file"
	case t.CertFile == "" && t.KeyFile != "":
		return "/tls/cert_file"
	}
	return ""
}

// ageFault says that a bound of age would not count: only our own client, and
// so only HTTP/1.1, ends connections by age.
func ageFault(u *Upstream) error {
	c := &u.Connections
	switch {
	case c.MaxAge <= 0:
		return nil
	case c.Client == "net_http":
		return errors.New("net_http does not end connections by age; want client direct, or no max_age")
	case c.HTTP2 != "off" && slices.ContainsFunc(u.Endpoints, func(e Endpoint) bool { return strings.HasPrefix(e.URL, "https:") }):
		return errors.New("connections that may speak HTTP/2 are not ended by age; want http2 off, or no max_age")
	}
	return nil
}

// endpointFault checks the URL of an endpoint. One that cannot be read, or
// has user information in it, is not repeated: there may be a password in it.
func endpointFault(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return errors.New("want a URL such as http://10.0.0.7:8080")
	case err != nil:
		return errors.New("not a URL; want one such as http://10.0.0.7:8080")
	case strings.Contains(text, "@"):
		return errors.New("want a URL without user and password; credentials come from policies")
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return fmt.Errorf("want a URL that begins with http:// or https://, found %q", clip(text))
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("want a URL without query and fragment, found %q", clip(text))
	case !validAuthority(u.Host):
		return fmt.Errorf("want a URL with a host, and a port from 1 to 65535 where there is one, found %q", clip(text))
	}
	return nil
}

// validAuthority accepts a host with or without port.
func validAuthority(authority string) bool {
	u := url.URL{Host: authority}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		authority = authority[:len(authority)-len(port)-1]
		return err == nil && n > 0 && validHost(authority)
	}
	return validHost(authority)
}
