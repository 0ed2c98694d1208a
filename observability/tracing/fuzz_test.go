package tracing

import (
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

const sample = "00-12345678901234567890123456789012-1234567890123456-01"

// FuzzTraceparent holds the parser to what it may accept, and to reading back
// what it wrote.
func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{
		"", sample, "cc" + sample[2:] + "-more", "ff" + sample[2:], sample + "-", strings.ToUpper(sample),
		"00-00000000000000000000000000000000-1234567890123456-01", " \t" + sample, sample[:54],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, ok := parseTraceparent([]string{line})
		if _, twice := parseTraceparent([]string{line, line}); twice {
			t.Fatalf("%q holds twice", line)
		}
		if !ok {
			return
		}
		sc, valid := p.spanContext("")
		if !valid || !sc.IsValid() {
			t.Fatalf("%q holds and is no span", line)
		}
		if !strings.Contains(line, p.traceID) || !strings.Contains(line, p.spanID) {
			t.Fatalf("%q became %+v", line, p)
		}
		again, ok := parseTraceparent([]string{traceparentOf(sc)})
		if !ok || again != p {
			t.Fatalf("%q: %+v became %+v", line, p, again)
		}
	})
}

// FuzzTracestate holds the parser to what the OpenTelemetry API accepts, and
// to reading back what it wrote.
func FuzzTracestate(f *testing.F) {
	for _, seed := range []string{
		"", "foo=1", "foo=1,bar=2\nbaz=3", "foo=1,foo=2", "foo@bar=1", "foo@@bar=1", "FOO=1", "foo=bar=baz", "foo= a b ,", "0a@b=~",
		strings.Repeat("a=1,", 40), strings.Repeat("z", 257) + "=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		state, holds := parseTracestate(strings.Split(lines, "\n"))
		if !holds {
			if state != "" {
				t.Fatalf("%q does not hold and says %q", lines, state)
			}
			return
		}
		again, ok := parseTracestate([]string{state})
		if !ok || again != state && state != "" && strings.Trim(state, " \t,") == state && !strings.Contains(state, ",,") {
			t.Fatalf("%q became %q, and that %q", lines, state, again)
		}
		parsed, err := trace.ParseTraceState(strings.Trim(again, " \t"))
		if err != nil {
			t.Fatalf("%q became %q: %v", lines, again, err)
		}
		if parsed.Len() > maxMembers {
			t.Fatalf("%q has %d entries", lines, parsed.Len())
		}
	})
}
