package edge

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline/internal/field"
	"github.com/seed-f9645bd3/gateway/registry"
)

// IdentityFields returns the request fields that only the gateway may set,
// whatever Inbound.IdentityFields adds; a trailing * takes every field with
// that beginning. They are removed in every spelling, from trusted proxies too.
func IdentityFields() []string {
	return []string{
		"X-Consumer*", "X-Subscription*", "X-Authenticated-*", "X-Identity-*", "X-Gateway-*",
		"X-User", "X-User-*", "X-Subject", "Remote-User", "X-Remote-User", "X-Client-Cert*",
		"X-Ssl-Client-*", "X-Anonymous-Consumer", "X-Credential*", "X-Auth-Request-*",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
		"X-Forwarded-Access-Token", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert*",
	}
}

// fields knows which request fields may come in.
type fields struct {
	exact          map[string]bool
	prefixes       []string
	first          [128]bool // bytes that names of the two above begin with
	dropUnderscore bool
}

func newFields(in registry.Inbound, faults *registry.Faults) fields {
	f := fields{exact: map[string]bool{}}
	for _, pattern := range IdentityFields() {
		f.add(pattern)
	}
	for i, pattern := range in.IdentityFields {
		name, _ := strings.CutSuffix(pattern, "*")
		if !token(strings.ReplaceAll(name, "_", "-")) {
			faults.Add("/inbound/identity_fields/"+strconv.Itoa(i), "want the name of a field, or its beginning and *, not %q", pattern)
			continue
		}
		f.add(strings.ReplaceAll(pattern, "_", "-"))
	}
	switch in.UnderscoreNames {
	case "", "refuse":
	case "drop":
		f.dropUnderscore = true
	default:
		faults.Add("/inbound/underscore_names", "want refuse or drop, not %q", in.UnderscoreNames)
	}
	return f
}

func (f *fields) add(pattern string) {
	name, open := strings.CutSuffix(pattern, "*")
	name = canonicalField(name)
	f.first[name[0]] = true // a token is ASCII
	if open {
		f.prefixes = append(f.prefixes, name)
		return
	}
	f.exact[name] = true
}

// identity reports whether only the gateway may set the field; name is
// canonical.
func (f *fields) identity(name string) bool {
	if name == "" || name[0] >= 128 || !f.first[name[0]] {
		return false
	}
	if f.exact[name] {
		return true
	}
	for _, p := range f.prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// canonicalField returns the canonical spelling of a name that is a token.
func canonicalField(name string) string { return field.Canonical(name) }

// hopByHop reports the fields of one connection (RFC 9110 section 7.6.1); name
// is canonical. Te is left to who removes it: "trailers" passes.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings":
		return true
	}
	return false
}

// forwarding reports the fields that count from trusted proxies only.
func forwarding(name string) bool {
	switch name {
	case "Forwarded", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Original-Forwarded-For", "X-Original-Host",
		"True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip", "Client-Ip", "Forwarded-For", "X-Forwarded":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// overriding reports the fields that ask for another target, host or method than the
// request line: never believed.
func overriding(name string) bool {
	switch name {
	case "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override",
		"X-Host", "X-Http-Host-Override":
		return true
	}
	return false
}

// internal reports response fields that tell how a backend is built.
func internal(name string) bool {
	switch name {
	case "Server", "X-Powered-By", "X-Runtime", "X-Debug":
		return true
	}
	return strings.HasPrefix(name, "X-Aspnet") || strings.HasPrefix(name, "X-Debug-")
}

// protected reports fields that Connection cannot name: it does not reach
// them, as if it had not named them.
func (f *fields) protected(name string) bool {
	switch name {
	case "Host", "Authorization", "Cookie", "Set-Cookie", "Via":
		return true
	}
	return strings.HasPrefix(name, "Content-") || forwarding(name) || f.identity(name)
}

// named returns the fields that Connection names and may name, canonical: up to
// most of them, or one more where there are more.
func (f *fields) named(h http.Header, most int) []string {
	var names []string
	for _, list := range h["Connection"] {
		for item := range strings.SplitSeq(list, ",") {
			item = strings.Trim(item, " \t")
			if strings.EqualFold(item, "close") || strings.EqualFold(item, "keep-alive") {
				continue
			}
			if name := canonicalField(item); name != "" && !f.protected(name) {
				names = append(names, name)
			}
			if len(names) > most {
				return names
			}
		}
	}
	return names
}

// listed reports whether a comma-separated field holds the token.
func listed(lists []string, want string) bool {
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.Trim(item, " \t"), want) {
				return true
			}
		}
	}
	return false
}

func tokenByte(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return letter(c) || digit(c)
}

func token(s string) bool { return field.Token(s) }

// valid reports whether a field value is free of control characters other
// than HTAB.
func valid(value string) bool { return field.Valid(value) }
