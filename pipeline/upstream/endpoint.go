package upstream

import (
	"net/url"

	"github.com/seed-f9645bd3/gateway/registry"
)

// An Endpoint is one address of an upstream. It keeps its identity, by
// pointer, as long as its URL stays in the set.
type Endpoint struct {
	registry.Endpoint
	url *url.URL
}
