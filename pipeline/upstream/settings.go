package upstream

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// maxWeight bounds the weight of one endpoint.
const maxWeight = 1000

// Values of registry.Upstream.Host that are no name.
const (
	hostEndpoint = "endpoint"
	hostPreserve = "preserve"
)

// check returns what is wrong with the settings, endpoints left out.
func check(u registry.Upstream) registry.Faults {
	var faults registry.Faults
	checkHost(u.Host, &faults)
	checkSwitch("/forward/x_forwarded", u.Forward.XForwarded, &faults)
	checkSwitch("/forward/forwarded", u.Forward.Forwarded, &faults)
	checkSwitch("/forward/via", u.Forward.Via, &faults)
	checkSwitch("/connections/http2", u.Connections.HTTP2, &faults)
	checkPositive("/connections/max_per_endpoint", int64(u.Connections.MaxPerEndpoint), &faults)
	checkPositive("/connections/idle_per_endpoint", int64(u.Connections.IdlePerEndpoint), &faults)
	checkPositive("/connections/idle", int64(u.Connections.Idle), &faults)
	checkPositive("/connections/max_age", int64(u.Connections.MaxAge), &faults)
	checkClient(u.Connections.Client, &faults)
	if u.Connections.MaxAge > 0 && u.Connections.Client == clientNetHTTP {
		faults.Add("/connections/max_age", "net_http does not end connections by age")
	}
	checkPositive("/timeouts/dial", int64(u.Timeouts.Dial), &faults)
	checkPositive("/timeouts/tls_handshake", int64(u.Timeouts.TLSHandshake), &faults)
	checkPositive("/timeouts/response_head", int64(u.Timeouts.ResponseHead), &faults)
	return append(faults, registry.AsFaults(registry.At("/health", u.Health.Validate()))...)
}

func checkSwitch(field, value string, faults *registry.Faults) {
	switch value {
	case "", "on", "off":
	default:
		faults.Add(field, "want on or off, not %q", value)
	}
}

// Values of registry.Connections.Client.
const (
	clientDirect  = "direct"
	clientNetHTTP = "net_http"
)

func checkClient(value string, faults *registry.Faults) {
	switch value {
	case "", clientDirect, clientNetHTTP:
	default:
		faults.Add("/connections/client", "want direct or net_http, not %q", value)
	}
}

func checkPositive(field string, value int64, faults *registry.Faults) {
	if value < 0 {
		faults.Add(field, "want 0 or more")
	}
}

func checkHost(host string, faults *registry.Faults) {
	switch host {
	case "", hostEndpoint, hostPreserve:
		return
	}
	if u, err := url.Parse("http://" + host + "/"); err != nil || u.Host != host || u.Hostname() == "" {
		faults.Add("/host", "want endpoint, preserve or the name of a host, not %q", host)
	}
}

// checkEndpoints returns the addresses of the endpoints and what is wrong with
// them.
func checkEndpoints(endpoints []registry.Endpoint) ([]*url.URL, registry.Faults) {
	var faults registry.Faults
	urls := make([]*url.URL, len(endpoints))
	seen := map[string]bool{}
	for i, e := range endpoints {
		at := fmt.Sprintf("/endpoints/%d", i)
		u, err := parseURL(e.URL)
		switch {
		case err != nil:
			faults.Add(at+"/url", "%w", err)
		case seen[e.URL]:
			faults.Add(at+"/url", "the endpoint %s is there twice", u.Redacted())
		}
		if e.Weight < 0 || e.Weight > maxWeight {
			faults.Add(at+"/weight", "want 0 to %d, not %d", maxWeight, e.Weight)
		}
		seen[e.URL], urls[i] = true, u
	}
	return urls, faults
}

// parseURL returns the address of an endpoint: a scheme, a host and, where
// there is one, a path in front of the request's.
func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("want a URL such as http://127.0.0.1:8080")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("want a URL of scheme http or https, not %q", u.Scheme)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("want a URL with a host")
	case u.User != nil:
		return nil, errors.New("want a URL without user and password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("want a URL without query and fragment")
	}
	return &url.URL{
		Scheme: u.Scheme, Host: u.Host,
		Path: strings.TrimSuffix(u.Path, "/"), RawPath: strings.TrimSuffix(u.RawPath, "/"),
	}, nil
}

// of names the upstream in each fault.
func of(name string, faults registry.Faults) error {
	for _, f := range faults {
		f.Upstream = name
	}
	return faults.Err()
}
