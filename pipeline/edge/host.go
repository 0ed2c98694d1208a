package edge

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

var errHost = errors.New("host is not a name or address with an optional port")

// canonicalHost returns a Host in lower case, without a trailing dot and
// without the default port of the scheme.
func canonicalHost(host, scheme string) (string, error) {
	name, port, err := splitPort(host)
	if err != nil {
		return "", err
	}
	if name, err = canonicalName(name); err != nil {
		return "", err
	}
	if port == "" || port == "80" && scheme == "http" || port == "443" && scheme == "https" {
		return name, nil
	}
	if len(name)+1+len(port) == len(host) && strings.HasPrefix(host, name) {
		return host, nil
	}
	return name + ":" + port, nil
}

func splitPort(host string) (name, port string, err error) {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || strings.HasSuffix(host, "]") {
		return host, "", nil
	}
	name, port = host[:colon], host[colon+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || port[0] == '0' || port[0] == '+' {
		return "", "", errHost
	}
	return name, port, nil
}

func canonicalName(name string) (string, error) {
	if strings.HasPrefix(name, "[") {
		return canonicalLiteral(name)
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return "", errHost
	}
	upper, before := false, byte('.')
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !letter(c) && !digit(c) && c != '-' && c != '_' && c != '.' || c == '.' && before == '.' {
			return "", errHost
		}
		upper = upper || 'A' <= c && c <= 'Z'
		before = c
	}
	if before == '.' {
		return "", errHost
	}
	if upper {
		name = strings.ToLower(name)
	}
	return name, nil
}

// canonicalLiteral returns an IPv6 address in brackets in its one form.
func canonicalLiteral(name string) (string, error) {
	if !strings.HasSuffix(name, "]") {
		return "", errHost
	}
	addr, err := netip.ParseAddr(name[1 : len(name)-1])
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", errHost
	}
	return "[" + addr.String() + "]", nil
}
