package accesslog

import (
	"log/slog"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/observability/internal/fields"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Message is the msg of each line.
const Message = "exchange"

// static encodes what all lines of a route have in common.
func (l *Log) static(route *registry.Route) []byte {
	if route == nil {
		return nil
	}
	b := l.enc.Text(nil, "route", route.Name)
	b = l.enc.Text(b, "api", route.API)
	b = l.enc.Text(b, "protocol", route.Protocol)
	return l.enc.Text(b, "upstream", route.Upstream)
}

func (l *Log) appendLine(b, static []byte, x *pipeline.Exchange, s *pipeline.Summary) []byte {
	b = l.appendHead(b, x, s)
	b = l.enc.Text(b, "request_id", x.ID)
	b = l.enc.Text(b, "trace_id", x.TraceID)
	b = append(b, static...)
	b = l.enc.Text(b, "environment", x.Environment)
	b = l.appendRequest(b, x)
	b = l.appendOutcome(b, s)
	b = l.appendAttempts(b, x)
	if l.stages {
		b = l.appendStages(b, x, s.Took)
	}
	b = l.appendCaller(b, x)
	b = l.appendUnits(b, x)
	for _, f := range l.fields {
		b = l.appendField(b, f, x)
	}
	b = l.enc.Decisions(b, x, l.all)
	if s.Err != nil {
		b = l.appendError(b, s.Err)
	}
	return append(b, '}', '\n')
}

// appendError leaves the field out, and not the line, where an error of
// somebody's own panics.
func (l *Log) appendError(b []byte, err error) (out []byte) {
	defer func() {
		if recover() != nil {
			out = b
		}
	}()
	return l.enc.Redacted(b, "error", err.Error())
}

// appendHead writes what slog's JSONHandler writes first.
func (l *Log) appendHead(b []byte, x *pipeline.Exchange, s *pipeline.Summary) []byte {
	end := x.Start.Add(s.Took)
	if x.Start.IsZero() {
		end = time.Now()
	}
	b = l.stamp.append(append(b, `{"time":"`...), end)
	b = append(b, `","level":"`...)
	b = append(b, level(s).String()...)
	return append(b, `","msg":"`+Message+`"`...)
}

// level is by status; a body that broke after its head is a warning.
func level(s *pipeline.Summary) slog.Level {
	switch {
	case s.Status >= 500:
		return slog.LevelError
	case !wentWell(s):
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func (l *Log) appendRequest(b []byte, x *pipeline.Exchange) []byte {
	if in := x.In; in != nil {
		b = l.enc.Text(b, "method", in.Method)
		b = l.enc.Text(b, "host", in.Host)
		b = l.enc.Path(b, x)
		if u := in.URL; u != nil && l.query && u.RawQuery != "" {
			b = l.appendQuery(b, u.RawQuery)
		}
		b = l.enc.Text(b, "proto", in.Proto)
	}
	b = l.enc.Text(b, "scheme", x.Scheme)
	return l.enc.Text(b, "upgrade", x.Upgrade)
}

func (l *Log) appendQuery(b []byte, raw string) []byte {
	var room [256]byte
	clean := l.redact.AppendQuery(room[:0], raw, l.maxField)
	return l.enc.Text(b, "query", string(clean))
}

func (l *Log) appendOutcome(b []byte, s *pipeline.Summary) []byte {
	b = fields.Number(b, "status", int64(s.Status))
	b = l.enc.Text(b, "code", observability.Code(s))
	b = fields.Number(b, "bytes_in", s.BytesIn)
	b = fields.Number(b, "bytes_out", s.BytesOut)
	return fields.Millis(b, "took_ms", s.Took)
}

func (l *Log) appendAttempts(b []byte, x *pipeline.Exchange) []byte {
	tried := x.Attempts()
	if len(tried) == 0 {
		return b
	}
	b = l.endpoint(b, tried[len(tried)-1].Endpoint)
	b = fields.Number(b, "attempts", int64(len(tried)))
	return fields.Millis(b, "upstream_ms", observability.Waited(x))
}

// appendStages cuts the running sum to microseconds and not the parts, so that
// the numbers add up as the durations do.
func (l *Log) appendStages(b []byte, x *pipeline.Exchange, took time.Duration) []byte {
	var sum time.Duration
	var told int64
	open := byte('{')
	for stage, d := range x.Spent(took) {
		if open == '{' {
			b = fields.Key(b, "stages")
		}
		sum += d
		us := sum.Microseconds()
		b = observability.AppendString(append(b, open), stage, l.maxField)
		b = fields.Int(append(b, ':'), us-told)
		open, told = ',', us
	}
	if open == '{' {
		return b
	}
	return append(b, '}')
}

// endpoint spares an address of our own configuration the look for secrets,
// unless it has a user.
func (l *Log) endpoint(b []byte, address string) []byte {
	if strings.IndexByte(address, '@') >= 0 {
		return l.enc.Redacted(b, "endpoint", address)
	}
	return l.enc.Text(b, "endpoint", address)
}

func (l *Log) appendCaller(b []byte, x *pipeline.Exchange) []byte {
	b = l.enc.Caller(b, x)
	if x.In != nil {
		if agent := x.In.Header["User-Agent"]; len(agent) > 0 {
			b = l.enc.Redacted(b, "user_agent", agent[0])
		}
	}
	return b
}

// appendUnits tells what the answer came to, by each policy that counts.
func (l *Log) appendUnits(b []byte, x *pipeline.Exchange) []byte {
	u := x.Usage()
	if u == nil {
		return b
	}
	b = append(fields.Key(b, "units"), '[')
	for ; u != nil; u = u.Next() {
		b = append(b, `{"policy":`...)
		b = observability.AppendString(b, u.Policy, l.maxField)
		b = l.enc.Text(b, "unit", u.Unit)
		b = fields.Number(b, "n", u.N)
		if u.Estimated {
			b = append(b, `,"estimated":true`...)
		}
		b = append(b, '}')
		if u.Next() != nil {
			b = append(b, ',')
		}
	}
	return append(b, ']')
}
