package registry

// A Snapshot is one complete version of the configuration. It is never
// altered after it has been handed over.
type Snapshot struct {
	// Version names this version. A source that is given none uses a hash of
	// the content.
	Version string `json:"version"`
	// Environment separates credentials and subscriptions: "production".
	Environment string `json:"environment"`
	// Inbound says what is believed of requests as they arrive.
	Inbound Inbound `json:"inbound,omitzero"`
	// Edge holds the policies around the router: requests of no route pass
	// them too.
	Edge      []Policy   `json:"edge,omitempty"`
	Routes    []Route    `json:"routes,omitempty"`
	Upstreams []Upstream `json:"upstreams,omitempty"`

	// Locate finds line and column of a place in the documents that this
	// snapshot was read from. Nil for snapshots made in code.
	Locate func(Pos) Pos `json:"-"`
}

// A Route says which requests it takes, what they pass and where they go.
type Route struct {
	Name string `json:"name"`
	// API is the product that the route belongs to, with its version: "users/v2".
	API string `json:"api,omitempty"`
	// Protocol is rest (the default), graphql, grpc, soap or events: it decides
	// how errors are rendered.
	Protocol string `json:"protocol,omitempty"`
	Match    Match  `json:"match"`
	// Rewrite is the path that the upstream is asked for, with the parameters
	// of Match.Path: "/users/{id}". Empty keeps the path.
	Rewrite string `json:"rewrite,omitempty"`
	// Paths says which odd spellings of a path are taken.
	Paths Paths `json:"paths,omitzero"`
	// Upgrade lists the protocols that a client may switch to: "websocket".
	Upgrade  []string `json:"upgrade,omitempty"`
	Policies []Policy `json:"policies,omitempty"`
	// Upstream is empty where a policy answers: redirect, respond.
	Upstream string `json:"upstream,omitempty"`

	Pos Pos `json:"-"`
}

// A Match selects requests. Precedence: host (exact, wildcard, any), then the
// path segment by segment (literal, parameter, rest), method, number of
// header and query predicates, Priority; what is still equal is an error.
type Match struct {
	// Hosts holds exact names or wildcards of one leading label
	// ("*.example.com"), without port. None takes any host.
	Hosts []string `json:"hosts,omitempty"`
	// Methods lists the methods taken; none takes all. GET takes HEAD too.
	Methods []string `json:"methods,omitempty"`
	// Path is a template: "/users/{id}", "/files/{path...}". A rest such as
	// {path...} takes all that follows, "/files/" itself included.
	Path string `json:"path"`
	// Headers lists predicates of request fields, which all have to hold; at
	// most 32.
	Headers []Predicate `json:"headers,omitempty"`
	// Query lists predicates of query parameters, which all have to hold; at
	// most 32.
	Query []Predicate `json:"query,omitempty"`
	// Priority decides between matches that are equal in all else: the higher
	// one takes the request. Default 0; it may be negative.
	Priority int `json:"priority,omitempty"`
}

// A Predicate holds a field or parameter to a value: exact, or a pattern
// (RE2, matching the whole value). With neither, it has to be present.
type Predicate struct {
	// Name is that of the field or parameter. Required.
	Name string `json:"name"`
	// Exact is the one value that it has.
	Exact string `json:"exact,omitempty"`
	// Pattern is a regular expression (RE2) that the whole value matches, of at
	// most 1024 bytes.
	Pattern string `json:"pattern,omitempty"`
}

// Inbound says what is believed of requests as they arrive. Its zero value
// believes nobody.
type Inbound struct {
	// TrustedProxies lists the networks ("10.0.0.0/8") whose Forwarded and
	// X-Forwarded-* fields count. Empty trusts none.
	TrustedProxies []string `json:"trusted_proxies,omitempty"`
	// IdentityFields lists further request fields that only the gateway may
	// set; a trailing * takes every field with that beginning. They are removed
	// from requests in every spelling before any policy runs.
	IdentityFields []string `json:"identity_fields,omitempty"`
	// UnderscoreNames says what becomes of fields with an underscore in their
	// name: refuse (400, the default) or drop.
	UnderscoreNames string `json:"underscore_names,omitempty" enum:"refuse,drop"`
}
