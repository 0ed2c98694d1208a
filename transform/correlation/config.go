package correlation

import (
	"cmp"
	"net/http"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// Config holds the settings of the kind "correlation_id".
type Config struct {
	// Header is the field that carries the id, of requests and of answers.
	// Default X-Request-Id.
	Header string `json:"header,omitempty"`
	// Accept says which ids of callers are taken: valid (the default; one value
	// of 1 to 128 letters, digits and -._~:/+=@) or never. In place of any other
	// a new id is made.
	Accept string `json:"accept,omitempty" enum:"valid,never"`
	// Reply says whether answers carry the id: on (the default) or off.
	Reply string `json:"reply,omitempty" enum:"on,off"`
}

// DefaultHeader is the field where Config names none.
const DefaultHeader = "X-Request-Id"

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	if err := field.Editable(c.header()); err != nil {
		faults.Add("/header", "%w", err)
	}
	oneOf(&faults, "/accept", c.Accept, "valid", "never")
	oneOf(&faults, "/reply", c.Reply, "on", "off")
	return faults.Err()
}

func oneOf(faults *registry.Faults, at, got string, valid ...string) {
	if got == "" {
		return
	}
	for _, v := range valid {
		if got == v {
			return
		}
	}
	faults.Add(at, "%w", registry.Unknown("choice", got, valid))
}

func (c Config) header() string {
	return http.CanonicalHeaderKey(cmp.Or(c.Header, DefaultHeader))
}
