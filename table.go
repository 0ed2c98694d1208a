package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/router"
	"github.com/seed-f9645bd3/gateway/registry"
)

// edgeServer is the http.Handler of package edge.
type edgeServer interface {
	ServeHTTP(w http.ResponseWriter, r *http.Request)
}

// A table is one compiled snapshot. It is never altered.
type table struct {
	snapshot *registry.Snapshot
	edge     *edgeUnit
	routes   []*unit // in the order of the snapshot
	router   *router.Router
	applied  time.Time
	taken    time.Time // from its source, by whichever gateway
	origin   origin
}

// dispatch is the innermost handler of the edge chain: it routes the exchange
// and hands it to the chain of its route, by the newest table that has this
// edge chain.
func dispatch(e *edgeUnit, fresh *freshness) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		t := e.current.Load()
		for {
			u, err := t.route(x)
			if err != nil {
				return nil, err
			}
			if u.acquire() {
				x.Enter(&u.entry)
				if fresh.refuses() {
					return nil, fresh.refuse(x)
				}
				return u.handler(ctx, x)
			}
			newer := e.current.Load()
			if newer == t {
				return nil, draining()
			}
			t = newer
		}
	}
}

// route finds the unit that takes the exchange.
func (t *table) route(x *pipeline.Exchange) (*unit, error) {
	values := x.ParamRoom()
	m := t.router.Match(x.In, values)
	if x.Spellings != 0 {
		if err := t.spelled(x, &m); err != nil {
			return nil, err
		}
	}
	if m.Route < 0 {
		return nil, m.Problem()
	}
	x.SetParams(m.Names, values)
	if m.Automatic {
		x.Allow = m.Allow
	}
	return t.routes[m.Route], nil
}

func draining() *pipeline.Problem {
	return pipeline.Refuse(http.StatusServiceUnavailable, pipeline.CodeDraining, "This is not served here any more. Try again.").
		With("Retry-After", "1").With("Connection", "close")
}
