package upstream

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A forward tells backends of the client.
type forward struct {
	xForwarded bool
	forwarded  bool
	via        string // pseudonym with a space in front; empty where off
}

func newForward(c registry.Forward, pseudonym string) forward {
	if pseudonym == "" {
		pseudonym = "gateway"
	}
	f := forward{xForwarded: c.XForwarded != "off", forwarded: c.Forwarded == "on"}
	if c.Via != "off" {
		f.via = " " + pseudonym
	}
	return f
}

// apply sets the fields. What is there already was left by the edge because
// its sender is trusted, or set by a stage.
func (f forward) apply(x *pipeline.Exchange, h http.Header) {
	if f.xForwarded {
		appendTo(h, "X-Forwarded-For", ", ", hop(x, h))
		setDefault(h, "X-Forwarded-Host", x.In.Host)
		setDefault(h, "X-Forwarded-Proto", x.Scheme)
	} else {
		delete(h, "X-Forwarded-For")
		delete(h, "X-Forwarded-Host")
		delete(h, "X-Forwarded-Proto")
	}
	if f.forwarded {
		appendTo(h, "Forwarded", ", ", element(x))
	} else {
		delete(h, "Forwarded")
	}
	if f.via != "" {
		appendTo(h, "Via", ", ", received(x.In)+f.via)
	}
}

// hop returns the address that this hop adds to the list: the client's, or
// that of the trusted proxy that began the list.
func hop(x *pipeline.Exchange, h http.Header) string {
	if len(h["X-Forwarded-For"]) > 0 {
		if peer, ok := peer(x); ok {
			return peer.String()
		}
	}
	return address(x)
}

func address(x *pipeline.Exchange) string {
	if !x.Client.IsValid() {
		return ""
	}
	return x.Client.Unmap().String()
}

func peer(x *pipeline.Exchange) (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(x.Received().Remote)
	return at.Addr().Unmap().WithZone(""), err == nil
}

func setDefault(h http.Header, field, value string) {
	if value != "" && len(h[field]) == 0 {
		h[field] = []string{value}
	}
}

// appendTo makes one line of the field, with value at its end. The slice that
// was there is shared and stays as it is.
func appendTo(h http.Header, field, separator, value string) {
	if value == "" {
		return
	}
	if before := h[field]; len(before) > 0 {
		value = strings.Join(before, separator) + separator + value
	}
	h[field] = []string{value}
}

// element returns what this hop adds to Forwarded (RFC 7239 section 4).
func element(x *pipeline.Exchange) string {
	var b strings.Builder
	b.WriteString("for=")
	b.WriteString(node(x))
	if x.In.Host != "" {
		b.WriteString(";host=")
		b.WriteString(quoted(x.In.Host))
	}
	if x.Scheme != "" {
		b.WriteString(";proto=")
		b.WriteString(x.Scheme)
	}
	return b.String()
}

// node returns the one who sent the request to this hop (RFC 7239 section 6).
func node(x *pipeline.Exchange) string {
	a := x.Client.Unmap().WithZone("")
	if len(x.In.Header["Forwarded"]) > 0 {
		if p, ok := peer(x); ok {
			a = p
		}
	}
	switch {
	case !a.IsValid():
		return "unknown"
	case a.Is6():
		return `"[` + a.String() + `]"`
	}
	return a.String()
}

// quoted returns s as a token, or as a quoted string where it is none (RFC
// 9110 section 5.6).
func quoted(s string) string {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
	}
	return s
}

func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// received returns the protocol that the request came by, as Via names it (RFC
// 9110 section 7.6.3).
func received(in *http.Request) string {
	switch {
	case in.ProtoMajor == 2:
		return "2.0"
	case in.ProtoMajor == 3:
		return "3.0"
	case in.ProtoMajor == 1 && in.ProtoMinor == 0:
		return "1.0"
	}
	return "1.1"
}
