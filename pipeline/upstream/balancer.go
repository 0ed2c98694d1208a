package upstream

import (
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Balancer picks the endpoint of one attempt. Pick is called for each
// attempt, from many goroutines at once, and must not block. endpoints is
// never empty, is shared and never altered; the same set is the same slice.
// The endpoint that Pick returns is one of them, or nil where none may be
// used now. Where an exchange has tried the endpoint before and there are
// others, Pick is asked again.
type Balancer interface {
	Pick(x *pipeline.Exchange, endpoints []*Endpoint) *Endpoint
}
