package audit

import (
	"errors"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/observability/internal/fields"
	"github.com/seed-f9645bd3/gateway/observability/redact"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Events of a trail, as its records name them.
const (
	EventDenied   = "denied"   // an exchange that was refused
	EventExchange = "exchange" // any other, with All
	EventConfig   = "config"   // what became of a configuration
	EventOpened   = "opened"   // a gateway began to write, and what it found
	EventClosed   = "closed"   // it ended in order
	EventDropped  = "dropped"  // so many records found no room
)

// Bounds that keep the longest record, with every byte of it escaped, below
// maxLine.
const (
	maxText   = 256 // bytes of a text
	maxName   = 64  // of a name within a decision
	maxFaults = 8
)

// encoder appends the bodies of records: members without braces.
type encoder struct {
	fields.Encoder
	names fields.Encoder
}

func newEncoder(rules *redact.Rules) encoder {
	return encoder{fields.Encoder{Rules: rules, Max: maxText}, fields.Encoder{Rules: rules, Max: maxName}}
}

// head appends when and what.
func head(b []byte, at time.Time, event string) []byte {
	b = append(b, `"time":"`...)
	b = at.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","event":"`...)
	return append(append(b, event...), '"')
}

// static encodes what all records of a route have in common.
func (e encoder) static(route *registry.Route) []byte {
	if route == nil {
		return nil
	}
	b := e.Text(nil, "route", route.Name)
	return e.Text(b, "api", route.API)
}

func (e encoder) exchange(b, static []byte, x *pipeline.Exchange, s *pipeline.Summary, by pipeline.Decision) []byte {
	at := x.Start.Add(s.Took)
	if x.Start.IsZero() {
		at = time.Now()
	}
	event := EventExchange
	if by.Verdict == pipeline.Deny {
		event = EventDenied
	}
	b = head(b, at, event)
	b = e.Text(b, "request_id", x.ID)
	b = e.Text(b, "trace_id", x.TraceID)
	b = append(b, static...)
	b = e.Text(b, "environment", x.Environment)
	if in := x.In; in != nil {
		b = e.Text(b, "method", in.Method)
		b = e.Text(b, "host", in.Host)
		b = e.Path(b, x)
	}
	b = fields.Number(b, "status", int64(s.Status))
	b = e.Text(b, "code", observability.Code(s))
	b = e.Caller(b, x)
	if by.Verdict == pipeline.Deny {
		b = e.denial(b, by)
	}
	return e.names.Decisions(b, x, true)
}

// denial appends who said no: the stage, and the rule of it that did; a stage
// with one rule only is that rule.
func (e encoder) denial(b []byte, by pipeline.Decision) []byte {
	rule := by.Rule
	if rule == "" {
		rule = by.Stage
	}
	b = fields.Key(b, "denied_by")
	b = append(b, `{"stage":`...)
	b = observability.AppendString(b, by.Stage, e.names.Max)
	b = e.names.Text(b, "rule", rule)
	b = e.names.Text(b, "code", by.Code)
	return append(b, '}')
}

// denied returns the denial that ended an exchange: the last one of its stages,
// or the gateway's own.
func denied(x *pipeline.Exchange, s *pipeline.Summary) (by pipeline.Decision, was bool) {
	all := x.Decisions()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Verdict == pipeline.Deny {
			return all[i], true
		}
	}
	return refused(s)
}

// refused makes a denial of a request that the gateway itself refused before or
// beside the stages: one that is malformed, too large, or a loop. What no route
// takes is not denied to anybody.
func refused(s *pipeline.Summary) (by pipeline.Decision, was bool) {
	p, ok := errors.AsType[*pipeline.Problem](s.Err)
	if !ok || p.Status < 400 || p.Status >= 500 && p.Status != http.StatusLoopDetected {
		return by, false
	}
	switch p.Code {
	case pipeline.CodeRouteUnknown, pipeline.CodeMethodRefused, pipeline.CodeClientGone, pipeline.CodeBodyTimeout:
		return by, false
	}
	return pipeline.Decision{Stage: "edge", Rule: p.Code, Verdict: pipeline.Deny, Code: p.Code}, true
}

func (e encoder) config(b []byte, c pipeline.ConfigEvent) []byte {
	b = head(b, c.At, EventConfig)
	b = e.Text(b, "action", c.Action)
	b = e.Text(b, "version", c.Version)
	b = e.Text(b, "before", c.Before)
	b = e.Text(b, "environment", c.Environment)
	b = e.Text(b, "origin", c.Origin)
	for i, f := range c.Faults[:min(len(c.Faults), maxFaults)] {
		if i == 0 {
			b = append(b, `,"faults":[`...)
		} else {
			b = append(b, ',')
		}
		b = observability.AppendString(b, string(e.Rules.AppendText(nil, f, 2*e.Max)), e.Max)
	}
	if len(c.Faults) > 0 {
		b = append(b, ']')
		b = fields.Number(b, "fault_count", int64(len(c.Faults)))
	}
	return b
}

// opened tells who begins to write, and what was found in the trail.
func (e encoder) opened(b []byte, found finding, instance string) []byte {
	b = e.Text(head(b, time.Now(), EventOpened), "instance", instance)
	if found.torn > 0 {
		b = fields.Number(b, "torn_bytes", found.torn)
	}
	if found.missing > 0 {
		b = fields.Number(b, "missing_records", int64(found.missing))
	}
	for name, is := range map[string]bool{"head_missing": found.noHead, "head_torn": found.tornHead, "forked": found.forked} {
		if is {
			b = append(fields.Key(b, name), "true"...)
		}
	}
	return b
}

func (e encoder) dropped(b []byte, n uint64) []byte {
	return fields.Number(head(b, time.Now(), EventDropped), "records", int64(n))
}
