package metrics

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// counts is what is counted of one route.
type counts struct {
	metrics    *Metrics
	route, api string

	status             []atomic.Uint64 // by slot of tables.statuses
	bytesIn, bytesOut  atomic.Uint64
	duration, upstream histogram
	overhead           histogram
	denials            denials
}

func (m *Metrics) newCounts(route, api string) *counts {
	return &counts{
		metrics: m, route: route, api: api,
		status:   make([]atomic.Uint64, len(m.statusNames)),
		duration: newHistogram(m.durationBounds), upstream: newHistogram(m.durationBounds),
		overhead: newHistogram(m.overheadBounds),
	}
}

// clean makes a label value of a name.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func (c *counts) record(x *pipeline.Exchange, s *pipeline.Summary) {
	c.status[c.metrics.slot(s.Status)].Add(1)
	c.bytesIn.Add(uint64(max(s.BytesIn, 0)))
	c.bytesOut.Add(uint64(max(s.BytesOut, 0)))
	c.duration.observe(s.Took)
	waited := observability.Waited(x)
	if len(x.Attempts()) > 0 {
		c.upstream.observe(waited)
	}
	if s.Status != http.StatusSwitchingProtocols { // the duration of a tunnel is its use
		c.overhead.observe(max(s.Took-waited, 0))
	}
	for _, d := range x.Decisions() {
		if d.Verdict == pipeline.Deny {
			c.denials.of(c.metrics, d.Stage, d.Code).Add(1)
		}
	}
	c.countUnits(x)
}
