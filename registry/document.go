package registry

// Schema is what a Document of this version of the form says of itself.
const Schema = "gateway/v1"

// A Document is the configuration in the form that people write: APIs with
// their routes, policies that are inherited, and who may call what. Expand
// makes the Snapshot and the Directory's changes of it. It may as well be
// written in Go.
type Document struct {
	// Schema is "gateway/v1", or empty in Go.
	Schema string `json:"schema,omitempty" enum:"gateway/v1"`
	// Version names this version; default: a hash of the content.
	Version string `json:"version,omitempty"`
	// Environment separates credentials and subscriptions: "production".
	Environment string `json:"environment,omitempty"`
	// Inbound says what is believed of requests as they arrive.
	Inbound Inbound `json:"inbound,omitzero"`
	// Paths says which odd spellings of a path the routes take that say nothing
	// themselves, and whose API says nothing.
	Paths Paths `json:"paths,omitzero"`
	// Edge holds the policies around the router: requests of no route pass
	// them too. They are not inherited and inherit nothing.
	Edge []Policy `json:"edge,omitempty"`
	// Policies are inherited by every route.
	Policies []Policy `json:"policies,omitempty"`
	// Upstreams are what routes forward to, by name.
	Upstreams []Upstream `json:"upstreams,omitempty"`
	// Plans are the tiers that subscriptions name.
	Plans []Plan `json:"plans,omitempty"`
	// APIs are products, each with its routes.
	APIs []API `json:"apis,omitempty"`
	// Routes belong to no API.
	Routes []APIRoute `json:"routes,omitempty"`
	// Directory is who may call what, for those who keep it in the file.
	Directory Entries `json:"directory,omitzero"`

	// Pos is where the document stands.
	Pos Pos `json:"-"`
	// schemaPos, inboundPos and pathsPos are the places of the documents that state them.
	schemaPos, inboundPos, pathsPos Pos
}

// An API is a product in one version: routes that share a base path, policies
// and an upstream.
type API struct {
	// Name is the first half of the name that subscriptions refer to. Required.
	Name string `json:"name"`
	// Version is the second half of the name that subscriptions refer to:
	// "users/v2".
	Version string `json:"version,omitempty"`
	// BasePath stands in front of the path of each route: "/users-api/v2".
	BasePath string `json:"base_path,omitempty"`
	// Protocol is that of the routes which name none.
	Protocol string `json:"protocol,omitempty" enum:"rest,graphql,grpc,soap,events"`
	// Hosts are those of the routes which name none.
	Hosts []string `json:"hosts,omitempty"`
	// Upstream is that of the routes which name none.
	Upstream string `json:"upstream,omitempty"`
	// Paths is that of the routes which say nothing of it.
	Paths Paths `json:"paths,omitzero"`
	// Policies are inherited by the routes of the API.
	Policies []Policy `json:"policies,omitempty"`
	// Routes are the resources of the API.
	Routes []APIRoute `json:"routes,omitempty"`

	Pos Pos `json:"-"`
}

// ID returns what subscriptions and routes call the API: "users/v2", or the
// bare name where it has no version.
func (a API) ID() string {
	if a.Version == "" {
		return a.Name
	}
	return a.Name + "/" + a.Version
}

// An APIRoute is a Route before it has inherited from its API and the document.
type APIRoute struct {
	// Name is unique in the whole document.
	Name string `json:"name"`
	// Match.Path counts from the base path of the API; empty is the base path
	// itself.
	Match Match `json:"match"`
	// Rewrite is the whole path that the upstream is asked for, with the
	// parameters of the path. Empty forwards the path as it came, with the base
	// path.
	Rewrite string `json:"rewrite,omitempty"`
	// Upstream is empty for that of the API.
	Upstream string `json:"upstream,omitempty"`
	// Protocol is empty for that of the API.
	Protocol string `json:"protocol,omitempty" enum:"rest,graphql,grpc,soap,events"`
	// Paths says which odd spellings of a path are taken, instead of what the
	// API and the document say.
	Paths Paths `json:"paths,omitzero"`
	// Upgrade lists the protocols that a client may switch to: "websocket".
	Upgrade []string `json:"upgrade,omitempty" enum:"websocket"`
	// Policies replace the inherited ones of the same kind and name, in their
	// position; the others come last.
	Policies []Policy `json:"policies,omitempty"`

	Pos Pos `json:"-"`
}

// Entries are what a Document says of the Directory.
type Entries struct {
	// Subscriptions entitle consumers to APIs.
	Subscriptions []Entry `json:"subscriptions,omitempty"`
}

// IsZero reports whether there are none.
func (e Entries) IsZero() bool { return len(e.Subscriptions) == 0 }

// An Entry is a Subscription with the keys of its consumer.
type Entry struct {
	// ID names the subscription in logs and headers. Required.
	ID string `json:"id"`
	// Consumer is who has subscribed, as credentials name it. Required.
	Consumer string `json:"consumer"`
	// API is named as API.ID does: "users/v2".
	API string `json:"api"`
	// Environment is by default that of the document.
	Environment string `json:"environment,omitempty"`
	// Plan is the name of the plan whose limits count; none has no limits.
	Plan string `json:"plan,omitempty"`
	// Scopes are what the subscription grants; none grants none.
	Scopes []string `json:"scopes,omitempty"`
	// Active is true by default.
	Active *bool `json:"active,omitempty"`
	// NotAfter is a time such as 2030-01-31T12:00:00Z; none is no end.
	NotAfter string `json:"not_after,omitempty"`
	// Keys are the API keys that identify the consumer.
	Keys []Key `json:"keys,omitempty"`
	// AllowIPs lists networks ("10.0.0.0/8") and addresses; none allows
	// all that DenyIPs does not hold.
	AllowIPs []string `json:"allow_ips,omitempty"`
	// DenyIPs lists networks and addresses that may not call, whatever AllowIPs
	// says.
	DenyIPs []string `json:"deny_ips,omitempty"`

	Pos Pos `json:"-"`
}

// A Key is an API key by its keyed hash. The key itself is in no document.
type Key struct {
	// ID names the key in logs. Required.
	ID string `json:"id"`
	// Hash is "hmac-sha256:" and 64 hexadecimal digits.
	Hash string `json:"hash"`
	// NotAfter is a time such as 2030-01-31T12:00:00Z; none is no end.
	NotAfter string `json:"not_after,omitempty"`
}
