package gatewaytest

import (
	"slices"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A Recorder keeps how exchanges ended.
type Recorder struct {
	mu    sync.Mutex
	ended []Ended
}

// Ended is how one exchange ended. Decisions and attempts are copies; the
// exchange itself is not kept.
type Ended struct {
	Route     string // its name; empty where there was none
	Method    string
	Target    string
	Summary   pipeline.Summary
	Decisions []pipeline.Decision
	Attempts  []pipeline.Attempt
}

// For implements pipeline.Recorder.
func (r *Recorder) For(route *registry.Route) func(x *pipeline.Exchange, s *pipeline.Summary) {
	name := ""
	if route != nil {
		name = route.Name
	}
	return func(x *pipeline.Exchange, s *pipeline.Summary) {
		r.note(Ended{
			Route: name, Method: x.In.Method, Target: x.In.URL.RequestURI(), Summary: *s,
			Decisions: slices.Clone(x.Decisions()), Attempts: slices.Clone(x.Attempts()),
		})
	}
}

func (r *Recorder) note(e Ended) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, e)
}

// Ended returns what was recorded so far, oldest first.
func (r *Recorder) Ended() []Ended {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ended)
}
