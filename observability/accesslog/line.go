package accesslog

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Message is the msg of each line.
const Message = "exchange"

// maxDecisions bounds the decisions of one line.
const maxDecisions = 16

// static encodes what all lines of a route have in common.
func (l *Log) static(route *registry.Route) []byte {
	if route == nil {
		return nil
	}
	b := l.text(nil, "route", route.Name)
	b = l.text(b, "api", route.API)
	b = l.text(b, "protocol", route.Protocol)
	return l.text(b, "upstream", route.Upstream)
}

func (l *Log) appendLine(b, static []byte, x *pipeline.Exchange, s *pipeline.Summary) []byte {
	b = appendHead(b, x, s)
	b = l.text(b, "request_id", x.ID)
	b = l.text(b, "trace_id", x.TraceID)
	b = append(b, static...)
	b = l.text(b, "environment", x.Environment)
	b = l.appendRequest(b, x)
	b = l.appendOutcome(b, s)
	b = l.appendAttempts(b, x)
	if l.stages {
		b = l.appendStages(b, x, s.Took)
	}
	b = l.appendCaller(b, x)
	for _, f := range l.fields {
		b = l.appendField(b, f, x)
	}
	b = l.appendDecisions(b, x)
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
	return l.redacted(b, "error", err.Error())
}

// appendHead writes what slog's JSONHandler writes first.
func appendHead(b []byte, x *pipeline.Exchange, s *pipeline.Summary) []byte {
	end := x.Start.Add(s.Took)
	if x.Start.IsZero() {
		end = time.Now()
	}
	b = append(b, `{"time":"`...)
	b = end.UTC().AppendFormat(b, time.RFC3339Nano)
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
		b = l.text(b, "method", in.Method)
		b = l.text(b, "host", in.Host)
		if u := in.URL; u != nil {
			path := u.RawPath
			if path == "" {
				path = u.Path
			}
			b = l.redacted(b, "path", path)
			if l.query && u.RawQuery != "" {
				b = l.appendQuery(b, u.RawQuery)
			}
		}
		b = l.text(b, "proto", in.Proto)
	}
	b = l.text(b, "scheme", x.Scheme)
	return l.text(b, "upgrade", x.Upgrade)
}

func (l *Log) appendQuery(b []byte, raw string) []byte {
	var room [256]byte
	clean := l.redact.AppendQuery(room[:0], raw, l.maxField)
	return l.text(b, "query", string(clean))
}

func (l *Log) appendOutcome(b []byte, s *pipeline.Summary) []byte {
	b = number(b, "status", int64(s.Status))
	b = l.text(b, "code", observability.Code(s))
	b = number(b, "bytes_in", s.BytesIn)
	b = number(b, "bytes_out", s.BytesOut)
	return millis(b, "took_ms", s.Took)
}

func (l *Log) appendAttempts(b []byte, x *pipeline.Exchange) []byte {
	tried := x.Attempts()
	if len(tried) == 0 {
		return b
	}
	b = l.endpoint(b, tried[len(tried)-1].Endpoint)
	b = number(b, "attempts", int64(len(tried)))
	return millis(b, "upstream_ms", observability.Waited(x))
}

// appendStages cuts the running sum to microseconds and not the parts, so that
// the numbers add up as the durations do.
func (l *Log) appendStages(b []byte, x *pipeline.Exchange, took time.Duration) []byte {
	var sum time.Duration
	open := byte('{')
	for stage, d := range x.Spent(took) {
		if open == '{' {
			b = key(b, "stages")
		}
		b = observability.AppendString(append(b, open), stage, l.maxField)
		b = strconv.AppendInt(append(b, ':'), (sum+d).Microseconds()-sum.Microseconds(), 10)
		sum += d
		open = ','
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
		return l.redacted(b, "endpoint", address)
	}
	return l.text(b, "endpoint", address)
}

func (l *Log) appendCaller(b []byte, x *pipeline.Exchange) []byte {
	if x.Client.IsValid() {
		b = append(b, `,"client":"`...)
		b = append(x.Client.WithZone("").AppendTo(b), '"')
	}
	if id := x.Identity; id != nil {
		b = l.redacted(b, "subject", id.Subject)
		b = l.text(b, "consumer", id.Consumer)
		b = l.text(b, "auth", id.Scheme)
	}
	if sub := x.Subscription; sub != nil {
		b = l.text(b, "subscription", sub.ID)
		if sub.Plan != nil {
			b = l.text(b, "plan", sub.Plan.Name)
		}
	}
	if x.In != nil {
		if agent := x.In.Header["User-Agent"]; len(agent) > 0 {
			b = l.redacted(b, "user_agent", agent[0])
		}
	}
	return b
}

func (l *Log) appendDecisions(b []byte, x *pipeline.Exchange) []byte {
	n := 0
	for _, d := range x.Decisions() {
		if !l.all && d.Verdict != pipeline.Deny && d.Verdict != pipeline.Warn {
			continue
		}
		if n == maxDecisions {
			break
		}
		if n == 0 {
			b = append(b, `,"decisions":[`...)
		} else {
			b = append(b, ',')
		}
		n++
		b = l.appendDecision(b, d)
	}
	if n == 0 {
		return b
	}
	return append(b, ']')
}

func (l *Log) appendDecision(b []byte, d pipeline.Decision) []byte {
	b = append(b, `{"stage":`...)
	b = observability.AppendString(b, d.Stage, l.maxField)
	b = append(b, `,"verdict":"`...)
	b = append(append(b, d.Verdict.String()...), '"')
	b = l.text(b, "code", d.Code)
	b = l.text(b, "rule", d.Rule)
	return append(b, '}')
}

// text appends a field, nothing where it is empty.
func (l *Log) text(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return observability.AppendString(key(b, name), value, l.maxField)
}

// redacted appends a field whose text comes from outside.
func (l *Log) redacted(b []byte, name, value string) []byte {
	if len(value) > 4*l.maxField { // so that no text, however long, is read to its end
		value = observability.Cut(value, 4*l.maxField)
	}
	if l.redact.Clean(value) {
		return l.text(b, name, value)
	}
	return l.text(b, name, string(l.redact.AppendText(nil, value, 2*l.maxField)))
}

func number(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(key(b, name), n, 10)
}

// millis appends milliseconds with three decimals.
func millis(b []byte, name string, d time.Duration) []byte {
	us := max(d.Microseconds(), 0)
	b = strconv.AppendInt(key(b, name), us/1000, 10)
	us %= 1000
	return append(b, '.', byte('0'+us/100), byte('0'+us/10%10), byte('0'+us%10))
}

func key(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}
