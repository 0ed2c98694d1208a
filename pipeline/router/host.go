package router

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// hostname returns the host of a request without its port.
func hostname(host string) string {
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return host[:end+1]
		}
		return host
	}
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 {
		return host[:colon]
	}
	return host
}

// parseHost returns the canonical form of a host of a match: lower case, no
// dot at its end. A wildcard is returned as its suffix, dot included.
func parseHost(text string) (host string, wildcard bool, err error) {
	host = strings.TrimSuffix(strings.ToLower(text), ".")
	if strings.HasPrefix(host, "[") {
		host, err = parseIPv6(host)
		return host, false, err
	}
	name, wildcard := strings.CutPrefix(host, "*.")
	switch {
	case host == "*":
		return "", false, errors.New("leave hosts out to take any host")
	case strings.Contains(name, "*"):
		return "", false, fmt.Errorf("host %q: a wildcard is the first label as a whole, as in *.example.com", text)
	case strings.Contains(name, ":"):
		return "", false, fmt.Errorf("host %q: want a host without port, an IPv6 address in brackets", text)
	case !isHostname(name):
		return "", false, fmt.Errorf("host %q: want labels of letters, digits, - and _, separated by dots", text)
	case wildcard:
		return host[1:], true, nil
	}
	return host, false, nil
}

func parseIPv6(host string) (string, error) {
	inner, closed := strings.CutSuffix(host[1:], "]")
	addr, err := netip.ParseAddr(inner)
	if !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", fmt.Errorf("host %q: want an IPv6 address in brackets, without port", host)
	}
	return "[" + addr.String() + "]", nil
}

func isHostname(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
