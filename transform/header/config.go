package header

import (
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/template"
)

// Config holds the settings of the kind "headers".
type Config struct {
	// Request edits the fields of the request that is sent to the backend.
	Request Edits `json:"request,omitzero"`
	// Response edits the fields of the response that the backend, or a cached
	// copy of what it said, gives. Refusals of the gateway are not edited.
	Response Edits `json:"response,omitzero"`
}

// Edits are changes of header fields, made in this order: remove, rename, set,
// add, default. Names of fields are not sensitive to case.
//
// Values are text with variables in braces, "{{" for one brace: identity.subject,
// identity.consumer, identity.scheme, identity.issuer, identity.scopes,
// identity.roles, claim.NAME, subscription.id, subscription.plan, route.name,
// route.api, environment, client.address, request.method, request.path,
// request.host, request.scheme, param.NAME (of the route's path) and
// correlation_id. A value in which a variable is empty is empty as a whole.
type Edits struct {
	// Remove lists fields that are dropped, with all their values.
	Remove []string `json:"remove,omitempty"`
	// Rename maps a field to its new name; all values move, in place of what
	// stood under the new name. Where the field is absent nothing happens.
	Rename map[string]string `json:"rename,omitempty"`
	// Set maps a field to its one value; an empty value removes the field.
	Set map[string]string `json:"set,omitempty"`
	// Add maps a field to a value that is put behind those that are there; an
	// empty value adds nothing. On requests it takes no variable of the caller,
	// since what the caller sent would stand in front.
	Add map[string]string `json:"add,omitempty"`
	// Default maps a field to the value that it gets where it has none after
	// all the other edits. On requests it takes no variable of the caller, since
	// what the caller sent would win.
	Default map[string]string `json:"default,omitempty"`
}

// Validate reports what is wrong with c, as far as can be told without the
// route.
func (c Config) Validate() error {
	_, faults := compile(c, template.AnyRoute())
	return faults.Err()
}

func (e Edits) empty() bool {
	return len(e.Remove)+len(e.Rename)+len(e.Set)+len(e.Add)+len(e.Default) == 0
}

func compile(c Config, names template.Names) (*Editor, registry.Faults) {
	var faults registry.Faults
	if c.Request.empty() && c.Response.empty() {
		faults.Add("", "want at least one edit of request or response")
	}
	ed := &Editor{
		request:  compileEdits(&compiler{names: names, at: "/request", request: true, faults: &faults}, c.Request),
		response: compileEdits(&compiler{names: names, at: "/response", faults: &faults}, c.Response),
	}
	ed.callers = append(ed.request.callers(), ed.response.callers()...)
	return ed, faults
}
