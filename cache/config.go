package cache

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the kind "cache".
type Config struct {
	// TTL is for how long a response is fresh that does not say so itself, by
	// Cache-Control or Expires. Without it a tenth of its age by Last-Modified
	// counts, one day at most; a response that bears but an ETag is validated
	// each time, and one without either is not stored.
	TTL registry.Duration `json:"ttl,omitzero"`
	// MaxEntry bounds the body of one entry; longer ones pass by and are not
	// stored. Default: 1MiB.
	MaxEntry registry.Size `json:"max_entry,omitzero"`
	// Shared has all tenants share entries: the tenant is left out of the key.
	// The route does not load where a stage behind the cache does not tell what
	// of the caller it depends on.
	Shared bool `json:"shared,omitempty"`
	// Authorization says what becomes of answers to requests that take an
	// Authorization field to the backend, or the credential that the gateway has
	// judged in another one: explicit (the default) stores those
	// that permit it by public, s-maxage or must-revalidate (RFC 9111 section
	// 3.5); caller stores the others too, each for that very caller and
	// credential.
	Authorization string `json:"authorization,omitempty" enum:"explicit,caller"`
	// Methods are those that are answered from the cache: GET and HEAD (the
	// default), or one of them.
	Methods []string `json:"methods,omitempty" enum:"GET,HEAD"`
	// Statuses are those of the responses that are stored. Default: 200, 203,
	// 204, 300, 301, 302, 307, 308, 404, 405, 410, 414 and 501, of which 302 and
	// 307 only where the response itself says for how long.
	Statuses []int `json:"statuses,omitempty"`
	// Key says what of the request chooses an entry, beside method, host, path,
	// query and the tenant.
	Key KeyConfig `json:"key,omitzero"`
	// StaleIfError is for how long after its freshness an entry is served where
	// the backend fails or answers 500, 502, 503 or 504, unless the response
	// says otherwise by stale-if-error or forbids it. Default: not at all.
	StaleIfError registry.Duration `json:"stale_if_error,omitzero"`
	// StaleWhileRevalidate is for how long after its freshness an entry is
	// served while one request in the background validates it, unless the
	// response says otherwise by stale-while-revalidate or forbids it. Default:
	// not at all.
	StaleWhileRevalidate registry.Duration `json:"stale_while_revalidate,omitzero"`
	// Coalesce has one request of several for the same entry ask the backend
	// while the others wait for it: true (the default) or false.
	Coalesce *bool `json:"coalesce,omitempty"`
	// CoalesceWait bounds how long a request waits for another one before it
	// asks by itself. Default: 5s.
	CoalesceWait registry.Duration `json:"coalesce_wait,omitzero"`
	// TagsHeader names a field of responses that lists tags, separated by commas
	// or spaces, by which entries can be purged. Clients do not see it.
	TagsHeader string `json:"tags_header,omitempty"`
	// Name is how Cache-Status names this cache (RFC 9211). Default: gateway.
	Name string `json:"name,omitempty"`
	// Store is where entries are kept. Default: {memory: {}}, within this
	// process.
	Store *registry.Policy `json:"store,omitempty" kind:"cache.Store"`
}

// KeyConfig says what of the request chooses an entry.
type KeyConfig struct {
	// Headers are fields of the request whose values belong to the key, whether
	// or not the response names them in Vary.
	Headers []string `json:"headers,omitempty"`
	// Query says which parameters of the query belong to the key. Default: all.
	Query QueryConfig `json:"query,omitzero"`
}

// QueryConfig says which parameters of the query belong to the key. The
// backend gets all of them in any case, so that those which are left out must
// not matter to it.
type QueryConfig struct {
	// Include names the parameters that belong to the key, and no others do.
	Include []string `json:"include,omitempty"`
	// Ignore names the parameters that do not belong to the key.
	Ignore []string `json:"ignore,omitempty"`
}

const (
	defaultMaxEntry = registry.MiB
	defaultWait     = 5 * time.Second
	defaultName     = "gateway"

	authorizationExplicit = "explicit"
	authorizationCaller   = "caller"
)

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	if c.Authorization != "" && c.Authorization != authorizationExplicit && c.Authorization != authorizationCaller {
		valid := []string{authorizationExplicit, authorizationCaller}
		faults = append(faults, &registry.Fault{Field: "/authorization", Err: registry.Unknown("value", c.Authorization, valid)})
	}
	c.validateSizes(&faults)
	c.validateStored(&faults)
	c.Key.validate(&faults)
	if c.TagsHeader != "" && !token(c.TagsHeader) {
		faults.Add("/tags_header", "want the name of a field, not %q", c.TagsHeader)
	}
	if c.Name != "" && !statusName(c.Name) {
		faults.Add("/name", "want a token of letters, digits and any of -._:/ that begins with a letter, not %q", c.Name)
	}
	return faults.Err()
}

func (c Config) validateSizes(faults *registry.Faults) {
	for field, d := range map[string]registry.Duration{
		"/ttl": c.TTL, "/stale_if_error": c.StaleIfError,
		"/stale_while_revalidate": c.StaleWhileRevalidate, "/coalesce_wait": c.CoalesceWait,
	} {
		if d < 0 {
			faults.Add(field, "want a duration of 0 or more")
		}
	}
	if c.MaxEntry < 0 {
		faults.Add("/max_entry", "want a size of 0 or more")
	}
}

func (c Config) validateStored(faults *registry.Faults) {
	for i, m := range c.Methods {
		if m != http.MethodGet && m != http.MethodHead {
			faults.Add("/methods/"+strconv.Itoa(i), "want GET or HEAD, not %q", m)
		}
	}
	for i, status := range c.Statuses {
		if status < 200 || status > 599 || status == http.StatusPartialContent || status == http.StatusNotModified {
			faults.Add("/statuses/"+strconv.Itoa(i), "want a final status other than 206 and 304, not %d", status)
		}
	}
}

func (k KeyConfig) validate(faults *registry.Faults) {
	for i, name := range k.Headers {
		if !token(name) {
			faults.Add("/key/headers/"+strconv.Itoa(i), "want the name of a field, not %q", name)
		}
	}
	if len(k.Query.Include) > 0 && len(k.Query.Ignore) > 0 {
		faults.Add("/key/query/ignore", "want either include or ignore")
	}
	for field, names := range map[string][]string{"include": k.Query.Include, "ignore": k.Query.Ignore} {
		if i := slices.Index(names, ""); i >= 0 {
			faults.Add("/key/query/"+field+"/"+strconv.Itoa(i), "want the name of a parameter")
		}
	}
}

// statusName reports whether s can stand in Cache-Status as it is: a token of
// RFC 8941 section 3.3.4.
func statusName(s string) bool {
	letter := s != "" && ('a' <= s[0]|0x20 && s[0]|0x20 <= 'z')
	for i := range len(s) {
		if !tokenByte(s[i]) && s[i] != ':' && s[i] != '/' {
			return false
		}
	}
	return letter
}

func (c Config) coalesce() bool { return c.Coalesce == nil || *c.Coalesce }

func (c Config) methods() (get, head bool) {
	if len(c.Methods) == 0 {
		return true, true
	}
	return slices.Contains(c.Methods, http.MethodGet), slices.Contains(c.Methods, http.MethodHead)
}
