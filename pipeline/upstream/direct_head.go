package upstream

import (
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
)

// writeHead writes what prepare makes a request of, without a request between.
func (d *direct) writeHead(h *h1.Head) error {
	x, u := d.exchange, d.upstream
	if x.In.Method == http.MethodConnect {
		return h1.ErrField // what would follow is no body
	}
	h.Begin(x.In.Method)
	path, query, queried := x.OutTarget()
	prefix := d.endpoint.prefix
	if path == "*" {
		prefix = ""
	}
	h.Target(prefix, path, query, queried)
	h.Host(withoutZone(u.host(x, d.endpoint)))
	for field, value := range x.OutFields {
		if !ofConnection(field) && !u.forward.owns(field) {
			h.Field(field, value)
		}
	}
	u.forward.write(x, h)
	if d.asked = asksUpgrade(x); d.asked {
		h.Field("Connection", "Upgrade")
		h.Field("Upgrade", x.Upgrade)
	}
	d.writeFraming(h)
	return h.End()
}

// ofConnection reports the fields that are the connection's own: we set them,
// or nobody does.
func ofConnection(field string) bool {
	switch field {
	case "Host", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Content-Length", "Trailer", "Upgrade":
		return true
	}
	return false
}

// writeFraming says how the body is framed. Where there is none, methods that
// usually have one say so (RFC 9110 section 8.6).
func (d *direct) writeFraming(h *h1.Head) {
	switch {
	case d.body != nil && d.length < 0:
		h.Chunked(d.exchange.In.Trailer)
	case d.body != nil:
		h.Length(d.length)
	case len(d.kept) > 0:
		h.Length(int64(len(d.kept)))
	default:
		switch d.exchange.In.Method {
		case http.MethodPost, http.MethodPut, http.MethodPatch:
			h.Length(0)
		}
	}
}

// withoutZone removes the zone of an IPv6 address, which is of this machine
// only (RFC 6874 section 1).
func withoutZone(host string) string {
	if !strings.HasPrefix(host, "[") {
		return host
	}
	end := strings.LastIndexByte(host, ']')
	zone := strings.LastIndexByte(host[:max(end, 0)], '%')
	if zone < 0 {
		return host
	}
	return host[:zone] + host[end:]
}

// expectsContinue reports whether the client asks before it sends its body.
func expectsContinue(x *pipeline.Exchange) bool {
	return slices.ContainsFunc(x.Values("Expect"), func(v string) bool { return strings.EqualFold(v, "100-continue") })
}

// owns reports the fields that write writes, or keeps back.
func (f forward) owns(field string) bool {
	switch field {
	case "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded":
		return true
	case "Via":
		return f.via != ""
	}
	return false
}

// write is apply on the way to the wire.
func (f forward) write(x *pipeline.Exchange, h *h1.Head) {
	if f.xForwarded {
		writeFor(x, h)
		writeDefault(x, h, "X-Forwarded-Host", x.In.Host)
		writeDefault(x, h, "X-Forwarded-Proto", x.Scheme)
	}
	if f.forwarded {
		writeList(h, "Forwarded", x.Values("Forwarded"))
		h.Text(element(x))
		h.EndLine()
	}
	if f.via != "" {
		writeList(h, "Via", x.Values("Via"))
		h.Text(received(x.In))
		h.Text(f.via)
		h.EndLine()
	}
}

// writeFor continues the list of addresses, or begins it.
func writeFor(x *pipeline.Exchange, h *h1.Head) {
	const field = "X-Forwarded-For"
	before, hop := x.Values(field), x.Client.Unmap()
	if len(before) > 0 {
		if p, ok := peer(x); ok {
			hop = p
		}
	}
	if !hop.IsValid() {
		writeDefault(x, h, field, "")
		return
	}
	writeList(h, field, before)
	h.Address(hop)
	h.EndLine()
}

// writeList begins a line with what came before, for one element more.
func writeList(h *h1.Head, field string, before []string) {
	h.Name(field)
	for _, v := range before {
		h.Text(v)
		h.Text(", ")
	}
}

// writeDefault writes the field as it came or was set, else with value where
// there is one.
func writeDefault(x *pipeline.Exchange, h *h1.Head, field, value string) {
	values := x.Values(field)
	for _, v := range values {
		h.Field(field, v)
	}
	if len(values) == 0 && value != "" {
		h.Field(field, value)
	}
}
