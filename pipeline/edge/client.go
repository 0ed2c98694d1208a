package edge

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// proxies are the networks whose word on the client is believed.
type proxies []netip.Prefix

func newProxies(networks []string, faults *registry.Faults) proxies {
	var ps proxies
	for i, network := range networks {
		p, err := parseNetwork(network)
		if err != nil {
			faults.Add("/inbound/trusted_proxies/"+strconv.Itoa(i), "want a network such as 10.0.0.0/8, not %q", network)
			continue
		}
		ps = append(ps, p)
	}
	return ps
}

// parseNetwork takes a prefix or a single address; IPv4 mapped into IPv6 is
// IPv4.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = plainAddr(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), err
}

func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func (ps proxies) trust(a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// A hop is what one proxy says of whom it got the request from.
type hop struct {
	addr  netip.Addr
	proto string // http, https or empty
}

// peer returns the address of the connection.
func peer(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return plainAddr(ap.Addr())
}

// client walks from the connection back through trusted proxies to the first
// address that is none of them: the right-most untrusted hop. What cannot be
// read ends the walk at the last proxy that could.
//
// Where X-Forwarded-For is present it counts, and Forwarded does not: most
// proxies write the former and pass the latter on as the client wrote it. The
// scheme is the one that the nearest proxy names.
func (ps proxies) client(from netip.Addr, h http.Header) hop {
	if lists := h["X-Forwarded-For"]; len(lists) > 0 {
		return hop{ps.walk(from, addresses(lists)).addr, lastProto(h["X-Forwarded-Proto"])}
	}
	if lists := h["Forwarded"]; len(lists) > 0 {
		hops, ok := parseForwarded(lists)
		if !ok {
			return hop{addr: from}
		}
		return ps.walk(from, hops)
	}
	return hop{from, lastProto(h["X-Forwarded-Proto"])}
}

func (ps proxies) walk(from netip.Addr, hops []hop) hop {
	at := hop{addr: from}
	for i := len(hops) - 1; i >= 0; i-- {
		if !hops[i].addr.IsValid() {
			break
		}
		at = hops[i]
		if !ps.trust(at.addr) {
			break
		}
	}
	return at
}

// addresses returns the hops of X-Forwarded-For, the client's first.
func addresses(lists []string) []hop {
	var hops []hop
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			hops = append(hops, hop{addr: nodeAddr(strings.Trim(item, " \t"))})
		}
	}
	return hops
}

func lastProto(lists []string) string {
	if len(lists) == 0 {
		return ""
	}
	list := lists[len(lists)-1]
	return knownProto(list[strings.LastIndexByte(list, ',')+1:])
}

func knownProto(s string) string {
	switch s = strings.ToLower(strings.Trim(s, " \t")); s {
	case "http", "https":
		return s
	}
	return ""
}

// nodeAddr reads an address with or without port and brackets; the result is
// not valid where there is none.
func nodeAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plainAddr(ap.Addr())
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return plainAddr(addr)
}
