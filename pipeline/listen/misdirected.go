package listen

import (
	"net/http"
	"strings"
)

var faultMisdirected = &fault{http.StatusMisdirectedRequest, CodeMisdirected, "The connection was made for another host."}

// directed refuses requests for another host than the one that the connection
// was made for. Where the configuration of TLS is chosen by that name, a client
// would come past the certificates that are asked of it under another.
func directed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || hostname(r.Host) == strings.ToLower(r.TLS.ServerName) || r.TLS.ServerName == "" && literal(r.Host) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(faultMisdirected.status)
		_, _ = w.Write(faultMisdirected.body())
	})
}

// hostname returns a Host without its port and its trailing dot.
func hostname(host string) string {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 {
		host = host[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// literal tells whether a Host is an address, for which clients name no host
// (RFC 6066 section 3).
func literal(host string) bool {
	return strings.HasPrefix(host, "[") || strings.Trim(host, "0123456789.:") == ""
}
