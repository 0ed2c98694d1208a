package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An Explanation is the record of one exchange: where it went and why.
type Explanation struct {
	Version   string              `json:"version"`         // of the configuration
	Route     string              `json:"route,omitempty"` // empty where no route took it
	Status    int                 `json:"status"`
	Code      string              `json:"code,omitempty"` // of the refusal
	Decisions []pipeline.Decision `json:"decisions"`
	Attempts  []Attempt           `json:"attempts,omitempty"`
	Took      time.Duration       `json:"took"`
}

// An Attempt is one send to one endpoint.
type Attempt struct {
	Endpoint string        `json:"endpoint"`
	Status   int           `json:"status,omitempty"`
	Failure  string        `json:"failure,omitempty"`
	Took     time.Duration `json:"took"`
}

type explainKey struct{}

// Explain serves the request, as ServeHTTP does, and tells how it was decided.
// It is for who asks about one request; the others pay nothing for it.
func (g *Gateway) Explain(w http.ResponseWriter, r *http.Request) Explanation {
	var e Explanation
	g.explaining.Add(1)
	defer g.explaining.Add(-1)
	g.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), explainKey{}, &e)))
	return e
}

// explained is the last recorder of each exchange: it fills in the explanation
// that the request asks for.
func (g *Gateway) explained(x *pipeline.Exchange, s *pipeline.Summary) {
	if g.explaining.Load() == 0 {
		return
	}
	e, ok := x.In.Context().Value(explainKey{}).(*Explanation)
	if !ok {
		return
	}
	e.Status, e.Took = s.Status, s.Took
	e.Code = pipeline.Code(s.Err)
	if t := g.table.Load(); t != nil {
		e.Version = t.snapshot.Version
	}
	if x.Route != nil {
		e.Route = x.Route.Name
	}
	e.Decisions = append([]pipeline.Decision{}, x.Decisions()...)
	for _, a := range x.Attempts() {
		e.Attempts = append(e.Attempts, attempt(a))
	}
}

func attempt(a pipeline.Attempt) Attempt {
	out := Attempt{Endpoint: a.Endpoint, Status: a.Status, Took: a.Took}
	if a.Err != nil {
		out.Failure = pipeline.Code(a.Err)
	}
	return out
}
