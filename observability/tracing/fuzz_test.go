package tracing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/pipeline"
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
		p, there, holds := parseOne([]string{line}, parseTraceparent)
		if _, _, twice := parseOne([]string{line, line}, parseTraceparent); twice || !there {
			t.Fatalf("%q holds twice, or is not there", line)
		}
		if !holds {
			return
		}
		sc, valid := p.spanContext("")
		if !valid || !sc.IsValid() || spanOf(sc, p.sampling) != p {
			t.Fatalf("%q holds and is no span", line)
		}
		if !strings.Contains(line, sc.TraceID().String()) || !strings.Contains(line, sc.SpanID().String()) {
			t.Fatalf("%q became %+v", line, p)
		}
		again, ok := parseTraceparent(string(p.appendTraceparent(nil)))
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

// FuzzB3, FuzzB3Multi and FuzzJaeger hold their parsers to reading back what
// they wrote, and to saying the same in every other form.
func FuzzB3(f *testing.F) {
	for _, seed := range []string{
		"0", "d", "2", "", long + "-" + span, long + "-" + span + "-1-" + above, short + "-" + span + "-d", long + "-" + span + "--" + above,
		strings.ToUpper(long) + "-" + span + "-1", "00-" + long + "-" + span + "-01",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, _, holds := parseOne([]string{line}, parseB3)
		stable(t, line, p, holds)
	})
}

func FuzzB3Multi(f *testing.F) {
	f.Add(long, span, above, "1", "")
	f.Add(short, span, "", "", "1")
	f.Add("", "", "", "0", "0")
	f.Add(strings.ToUpper(long), span, "", "true", "9")
	f.Fuzz(func(t *testing.T, traceID, spanID, parentID, sampled, flags string) {
		h := multi("TraceId", traceID, "SpanId", spanID, "ParentSpanId", parentID, "Sampled", sampled, "Flags", flags)
		p, there, holds := parseB3Multi(h)
		if !there {
			t.Fatal("fields are overlooked")
		}
		stable(t, fmt.Sprint(h), p, holds)
	})
}

func FuzzJaeger(f *testing.F) {
	for _, seed := range []string{
		"", long + ":" + span + ":0:1", strings.ReplaceAll(long+":"+span+":"+above+":3", ":", "%3A"), "7:5:0:fd", long + ":" + span + "%3A0:1",
		strings.ToUpper(long) + ":" + span + ":0:1", ":::", "0:0:0:0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, _, holds := parseOne([]string{line}, parseJaeger)
		stable(t, line, p, holds)
	})
}

// stable writes what was read, and reads it again.
func stable(t *testing.T, text string, p parent, holds bool) {
	t.Helper()
	if !holds {
		if p != (parent{}) {
			t.Fatalf("%q does not hold and became %+v", text, p)
		}
		return
	}
	if !p.begun() {
		if p.sampling == deferred || p.span != 0 {
			t.Fatalf("%q became %+v", text, p)
		}
		return
	}
	if p.span == 0 || p.random {
		t.Fatalf("%q became %+v", text, p)
	}
	if again, ok := parseB3(string(p.appendB3(nil))); !ok || again != p {
		t.Fatalf("%q: %+v became %+v in B3", text, p, again)
	}
	x := &pipeline.Exchange{In: &http.Request{URL: &url.URL{}, Header: http.Header{}}}
	p.send(x, 1<<b3Multi)
	x.In.Header = x.Out(context.Background()).Header
	if again, _, ok := parseB3Multi(x.In.Header); !ok || again != p {
		t.Fatalf("%q: %+v became %+v in the fields of B3", text, p, again)
	}
	for name, again := range map[string]func() (parent, bool){
		"traceparent": func() (parent, bool) { return parseTraceparent(string(p.appendTraceparent(nil))) },
		"jaeger":      func() (parent, bool) { return parseJaeger(string(p.appendJaeger(nil))) },
	} {
		got, ok := again()
		if !ok || got.trace != p.trace || got.span != p.span || got.sampling.sampled() != p.sampling.sampled() {
			t.Fatalf("%q: %+v became %+v in %s", text, p, got, name)
		}
	}
}
