// Package fields appends members of JSON objects, bounded, escaped and redacted
// alike in every record that tells of an exchange.
package fields

import (
	"slices"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/observability/redact"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// An Encoder appends members to an object that is open: each begins with a
// comma.
type Encoder struct {
	Rules *redact.Rules
	Max   int // bytes of one text
}

// Text appends a member, nothing where it is empty.
func (e Encoder) Text(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return observability.AppendMember(b, name, value, e.Max)
}

// Redacted appends a member whose text comes from outside.
func (e Encoder) Redacted(b []byte, name, value string) []byte {
	if len(value) > 4*e.Max { // so that no text, however long, is read to its end
		value = observability.Cut(value, 4*e.Max)
	}
	if e.Rules.Clean(value) {
		return e.Text(b, name, value)
	}
	return e.Text(b, name, string(e.Rules.AppendText(nil, value, 2*e.Max)))
}

// Path appends the path that the client asked for.
func (e Encoder) Path(b []byte, x *pipeline.Exchange) []byte {
	u := x.In.URL
	if u == nil {
		return b
	}
	path := u.RawPath
	if path == "" {
		path = u.Path
	}
	return e.Redacted(b, "path", path)
}

// Caller appends who called, and what entitles them.
func (e Encoder) Caller(b []byte, x *pipeline.Exchange) []byte {
	if x.Client.IsValid() {
		b = append(b, `,"client":"`...)
		b = append(x.Client.WithZone("").AppendTo(b), '"')
	}
	if id := x.Identity; id != nil {
		b = e.Redacted(b, "subject", id.Subject)
		b = e.Text(b, "consumer", id.Consumer)
		b = e.Text(b, "auth", id.Scheme)
	}
	if sub := x.Subscription; sub != nil {
		b = e.Text(b, "subscription", sub.ID)
		if sub.Plan != nil {
			b = e.Text(b, "plan", sub.Plan.Name)
		}
	}
	return b
}

// maxDecisions bounds the decisions of one record.
const maxDecisions = 16

// Decisions appends the decisions, those that said no or warned where it is not
// asked for all.
func (e Encoder) Decisions(b []byte, x *pipeline.Exchange, all bool) []byte {
	n := 0
	for _, d := range x.Decisions() {
		if !all && d.Verdict != pipeline.Deny && d.Verdict != pipeline.Warn {
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
		b = e.decision(b, d)
	}
	if n == 0 {
		return b
	}
	return append(b, ']')
}

func (e Encoder) decision(b []byte, d pipeline.Decision) []byte {
	b = append(b, `{"stage":`...)
	b = observability.AppendString(b, d.Stage, e.Max)
	b = append(b, `,"verdict":"`...)
	b = append(append(b, d.Verdict.String()...), '"')
	b = e.Text(b, "code", d.Code)
	b = e.Text(b, "rule", d.Rule)
	return append(b, '}')
}

// Number appends a whole number.
func Number(b []byte, name string, n int64) []byte {
	return Int(Key(b, name), n)
}

// Int appends the digits of n. Most numbers of a record have one.
func Int(b []byte, n int64) []byte {
	if 0 <= n && n < 10 {
		return append(b, '0'+byte(n))
	}
	return strconv.AppendInt(b, n, 10)
}

// Millis appends milliseconds with three decimals.
func Millis(b []byte, name string, d time.Duration) []byte {
	us := max(d.Microseconds(), 0)
	b = Int(Key(b, name), us/1000)
	us %= 1000
	return append(b, '.', byte('0'+us/100), byte('0'+us/10%10), byte('0'+us%10))
}

// Key appends the name of a member.
func Key(b []byte, name string) []byte {
	at, end := len(b)+2, len(b)+2+len(name)
	if end+2 > cap(b) {
		b = slices.Grow(b, len(name)+4)
	}
	b = b[:end+2]
	b[at-2], b[at-1], b[end], b[end+1] = ',', '"', '"', ':'
	copy(b[at:end], name)
	return b
}
