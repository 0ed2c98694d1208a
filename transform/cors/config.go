package cors

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// Config holds the settings of the kind "cors".
type Config struct {
	// Origins lists who may call: exact origins ("https://app.example.com"),
	// origins of one more label ("https://*.example.com"), or "*" alone for
	// everyone. Required.
	Origins []string `json:"origins"`
	// Methods lists the methods allowed beside GET, HEAD and POST. Default: the
	// methods of the routes of the same path. "*" is all, not with credentials.
	Methods []string `json:"methods,omitempty"`
	// Headers lists the request fields allowed beside the few that are always.
	// "*" is all but Authorization, not with credentials. Default: none.
	Headers []string `json:"headers,omitempty"`
	// ExposeHeaders lists the response fields that scripts may read beside the
	// few that are always. "*" is all, not with credentials. Default: none.
	ExposeHeaders []string `json:"expose_headers,omitempty"`
	// Credentials allows cookies and client certificates. Default false. Not
	// with the origin "*".
	Credentials bool `json:"credentials,omitempty"`
	// MaxAge is how long browsers may keep the answer to a preflight, in whole
	// seconds. Default 0: what the browser takes, 5s.
	MaxAge registry.Duration `json:"max_age,omitempty"`
	// PrivateNetwork allows pages of public networks to call, where the gateway
	// is in a private one. Default false.
	PrivateNetwork bool `json:"private_network,omitempty"`
}

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	c.checkOrigins(&faults)
	checkList(&faults, "/methods", c.Methods, c.Credentials, method)
	checkList(&faults, "/headers", c.Headers, c.Credentials, name)
	checkList(&faults, "/expose_headers", c.ExposeHeaders, c.Credentials, name)
	if c.MaxAge < 0 || c.MaxAge.Std()%time.Second != 0 {
		faults.Add("/max_age", "want whole seconds, not %v", c.MaxAge)
	}
	return faults.Err()
}

func (c Config) checkOrigins(faults *registry.Faults) {
	if len(c.Origins) == 0 {
		faults.Add("/origins", `want at least one origin, or "*" for all`)
	}
	for i, o := range c.Origins {
		at := fmt.Sprintf("/origins/%d", i)
		if _, err := parseOrigin(o); err != nil {
			faults.Add(at, "%w", err)
		}
		switch {
		case o == "*" && c.Credentials:
			faults.Add(at, `"*" with credentials would hand every site the caller's session; list the origins`)
		case o == "*" && len(c.Origins) > 1:
			faults.Add(at, `"*" stands alone: it takes the other origins in`)
		case slices.Contains(c.Origins[:i], o):
			faults.Add(at, "%q is listed twice", o)
		}
	}
}

func checkList(faults *registry.Faults, at string, list []string, credentials bool, check func(string) error) {
	for i, s := range list {
		at := fmt.Sprintf("%s/%d", at, i)
		if s == "*" {
			if credentials {
				faults.Add(at, `"*" means nothing to browsers where credentials are allowed; list them`)
			}
			continue
		}
		if err := check(s); err != nil {
			faults.Add(at, "%w", err)
		}
	}
}

func name(s string) error {
	if !field.Token(s) {
		return fmt.Errorf("want the name of a field, not %q", s)
	}
	return nil
}

func method(s string) error {
	switch strings.ToUpper(s) {
	case "CONNECT", "TRACE", "TRACK":
		return fmt.Errorf("browsers never send %s", s)
	}
	if !field.Token(s) || strings.ToUpper(s) != s {
		return fmt.Errorf("want a method in upper case, not %q", s)
	}
	return nil
}
