package apikey

import (
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the kind "api_key". Where none of Header,
// Cookie, Query and Scheme is given, the key comes in the field X-API-Key;
// otherwise it is looked for in each place that is given, and nowhere else.
type Config struct {
	// Header is the request field that holds the key and nothing else.
	Header string `json:"header,omitempty"`
	// Cookie is the name of a cookie that holds the key.
	Cookie string `json:"cookie,omitempty"`
	// Query is the name of a query parameter that holds the key. URLs end up in
	// histories and logs, so prefer a field. The parameter is always removed
	// from what the backend is asked for, whatever Forward says.
	Query string `json:"query,omitempty"`
	// Scheme is an authentication scheme: with ApiKey, the key comes as
	// "Authorization: ApiKey <key>". Other schemes are left to others.
	Scheme string `json:"scheme,omitempty"`
	// Secret is the key of the HMAC-SHA-256 under which the Directory knows API
	// keys: at least 16 bytes. Required.
	Secret registry.Secret `json:"secret,omitzero"`
	// Forward leaves the key in the request that the backend gets. Default false.
	Forward bool `json:"forward,omitempty"`
}

const defaultHeader = "X-API-Key"

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	names := [...]struct{ field, value string }{
		{"/header", c.Header}, {"/cookie", c.Cookie}, {"/query", c.Query}, {"/scheme", c.Scheme},
	}
	for _, n := range names {
		if !isToken(n.value) {
			faults.Add(n.field, "want letters, digits and !#$%%&'*+-.^_`|~ only, not %q", n.value)
		}
	}
	switch strings.ToLower(c.Header) {
	case "authorization":
		faults.Add("/header", "the field Authorization holds a scheme: want scheme: ApiKey in place of it")
	case "cookie":
		faults.Add("/header", "want cookie: NAME in place of it")
	}
	if c.Secret.IsZero() {
		faults.Add("/secret", "want {env: NAME} or {file: PATH}")
	}
	return faults.Err()
}

// places returns c with the default place where it names none.
func (c Config) places() Config {
	if c.Header == "" && c.Cookie == "" && c.Query == "" && c.Scheme == "" {
		c.Header = defaultHeader
	}
	return c
}
