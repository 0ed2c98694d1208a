package accesslog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// maxName bounds the name of a field of one's own.
const maxName = 64

// A field is one of somebody's own.
type field struct {
	name  string
	value func(x *pipeline.Exchange) string
}

// Field adds a field of one's own to each line: a tenant, a region, a field of
// the request that is known to hold no secret. Where value returns nothing, or
// panics, the field is left out. Its text is bounded, escaped and redacted as
// that of all others, and is *** where the name is that of a secret.
//
// value is called once for each line, when the exchange has ended, on the
// goroutine of the exchange and on many at once; it must not block. The name is
// of small letters, digits and underscores, at most 64, and none of the log's
// own: Field panics where it is not, or where value is nil. Of two fields of one
// name the later counts.
func Field(name string, value func(x *pipeline.Exchange) string) Option {
	if err := nameFault(name); err != nil {
		panic("accesslog: " + err.Error())
	}
	if value == nil {
		panic("accesslog: field " + name + " without a value")
	}
	return func(s *settings) {
		s.fields = slices.DeleteFunc(s.fields, func(f field) bool { return f.name == name })
		s.fields = append(s.fields, field{name, value})
	}
}

func nameFault(name string) error {
	switch {
	case len(name) > maxName || !lowerSnake(name):
		return fmt.Errorf("want a name such as tenant_id for a field, not %q", name)
	case slices.Contains(own(), name):
		return fmt.Errorf("the log has a field %s of its own", name)
	}
	return nil
}

// lowerSnake accepts words of small letters and digits with single underscores
// between, of which the first begins with a letter.
func lowerSnake(name string) bool {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for word := range strings.SplitSeq(name, "_") {
		if word == "" || strings.ContainsFunc(word, notInWord) {
			return false
		}
	}
	return true
}

func notInWord(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// own are the fields of the log itself.
func own() []string {
	return []string{
		"time", "level", "msg", "request_id", "trace_id", "route", "api", "protocol", "upstream", "environment",
		"method", "host", "path", "query", "proto", "scheme", "upgrade", "status", "code", "bytes_in", "bytes_out", "took_ms",
		"endpoint", "attempts", "upstream_ms", "stages", "client", "subject", "consumer", "auth", "subscription", "plan",
		"user_agent", "units", "decisions", "error",
	}
}

// appendField leaves the field out, and not the line, where its value panics.
func (l *Log) appendField(b []byte, f field, x *pipeline.Exchange) (out []byte) {
	defer func() {
		if recover() != nil {
			out = b
		}
	}()
	value := f.value(x)
	if value != "" && l.redact.Sensitive(f.name) {
		return l.enc.Text(b, f.name, "***")
	}
	return l.enc.Redacted(b, f.name, value)
}
