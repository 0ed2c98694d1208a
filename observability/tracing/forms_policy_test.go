package tracing_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	otherID    = "80f198ee56343ba864fe8b2a57d3eff7"
	shortID    = "64fe8b2a57d3eff7"
	validB3    = otherID + "-05e3ac9a4f6e3b90-1"
	callerSpan = "aaaabbbbccccdddd" // and not within the id of the trace
	callerW3C  = "00-" + traceID + "-" + callerSpan + "-01"
	validUber  = "463ac35c9f6413ad48485a3953bb6124:a2fb4a1d1a96d312:0:1"
)

func all() []string { return []string{"w3c", "b3", "b3_multi", "jaeger"} }

// conveyed is what the backend gets of a trace, form by form.
type conveyed struct {
	w3c, b3, multi, jaeger string
	header                 http.Header
	exchange               *pipeline.Exchange
	decisions              []pipeline.Decision
}

// forward sends an exchange with these fields through stages.
func forward(t testing.TB, stages []pipeline.Stage, fields ...string) conveyed {
	t.Helper()
	x := gatewaytest.NewExchange("GET", "/things/7")
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Add(fields[i], fields[i+1])
	}
	r := gatewaytest.RunChain(t, stages, x)
	require.NoError(t, r.Err)
	return tell(r, x)
}

func tell(r gatewaytest.Result, x *pipeline.Exchange) conveyed {
	h := r.Sent.Header
	var multi []string
	for _, name := range []string{"Traceid", "Spanid", "Parentspanid", "Sampled", "Flags"} {
		multi = append(multi, strings.Join(h["X-B3-"+name], "|"))
	}
	return conveyed{
		strings.Join(h["Traceparent"], "|"), strings.Join(h["B3"], "|"), strings.Trim(strings.Join(multi, ","), ","),
		strings.Join(h["Uber-Trace-Id"], "|"), h, x, r.Decisions,
	}
}

func TestTheFirstFormThatHoldsCounts(t *testing.T) {
	t.Parallel()
	b3, multi, uber := []string{"b3", validB3}, []string{"X-B3-TraceId", shortID, "X-B3-SpanId", callerSpan}, []string{"uber-trace-id", validUber}
	parent := []string{"Traceparent", callerW3C}
	everything := append(append(append(append([]string(nil), b3...), multi...), uber...), parent...)
	padded := strings.Repeat("0", 16) + shortID
	tests := []struct {
		name   string
		read   []string
		fields []string
		want   string // empty: a trace of its own
		warned bool
	}{
		{"w3c alone is read by default", nil, everything, traceID, false},
		{"what is not read says nothing", nil, append(append([]string(nil), b3...), uber...), "", false},
		{"b3 before w3c", []string{"b3", "w3c"}, everything, otherID, false},
		{"w3c before b3", []string{"w3c", "b3"}, everything, traceID, false},
		{"jaeger before all", []string{"jaeger", "w3c", "b3", "b3_multi"}, everything, "463ac35c9f6413ad48485a3953bb6124", false},
		{"b3_multi, padded", []string{"b3_multi"}, everything, padded, false},
		{"one that is absent is passed over", []string{"b3", "w3c"}, parent, traceID, false},
		{"one that does not hold is passed over", []string{"b3", "w3c"}, append([]string{"b3", "nonsense"}, parent...), traceID, false},
		{"of two lines none holds", []string{"b3", "w3c"}, append([]string{"b3", validB3, "b3", validB3}, parent...), traceID, false},
		{"where none holds a trace begins", []string{"b3", "jaeger"}, []string{"b3", "nonsense"}, "", true},
		{"where none is there a trace begins", []string{"b3", "jaeger"}, nil, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, opts := range [][]tracing.Option{nil, {tracing.Provider(new(recording))}, {tracing.Provider(noop.NewTracerProvider())}} {
				got := forward(t, build(t, tracing.Config{Read: test.read, Send: all()}, opts...), test.fields...)
				id := got.exchange.TraceID
				require.Regexp(t, "^[0-9a-f]{32}$", id)
				if test.want != "" {
					require.Equal(t, test.want, id)
				}
				require.NotContains(t, got.w3c, callerSpan)
				require.Equal(t, test.warned, len(got.decisions) == 1 && got.decisions[0].Code == tracing.CodeReplaced)
				span := got.w3c[36:52]
				require.True(t, strings.HasPrefix(got.b3, id+"-"+span), got.b3)
				require.True(t, strings.HasPrefix(got.multi, id+","+span), got.multi)
				require.True(t, strings.HasPrefix(got.jaeger, id+":"+span+":0:"), got.jaeger)
			}
		})
	}
}

func TestSamplingIsToldInEachForm(t *testing.T) {
	t.Parallel()
	const id, span = otherID, "05e3ac9a4f6e3b90"
	tests := []struct {
		name, field, value         string
		w3c, b3, sampled, f, flags string // ends of what is sent
	}{
		{"accepted by b3", "b3", id + "-" + span + "-1", "01", "-1", "1", "", "1"},
		{"denied by b3", "b3", id + "-" + span + "-0", "00", "-0", "0", "", "0"},
		{"debug by b3", "b3", id + "-" + span + "-d", "01", "-d", "", "1", "3"},
		{"deferred by b3", "b3", id + "-" + span, "00", "", "", "", "0"},
		{"denied without ids", "b3", "0", "00", "-0", "0", "", "0"},
		{"accepted without ids", "X-B3-Sampled", "1", "01", "-1", "1", "", "1"},
		{"accepted by w3c", "traceparent", callerW3C, "01", "-1", "1", "", "1"},
		{"the flag of a random id stays in w3c", "traceparent", callerW3C[:53] + "03", "03", "-1", "1", "", "1"},
		{"denied by w3c", "traceparent", callerW3C[:53] + "00", "00", "-0", "0", "", "0"},
		{"accepted by jaeger", "uber-trace-id", validUber, "01", "-1", "1", "", "1"},
		{"debug by jaeger", "uber-trace-id", validUber[:len(validUber)-1] + "3", "01", "-d", "", "1", "3"},
		{"denied by jaeger", "uber-trace-id", validUber[:len(validUber)-1] + "0", "00", "-0", "0", "", "0"},
		{"nothing was decided of a trace that begins", "", "", "00", "", "", "", "0"},
	}
	lost := &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: errors.New("lost")}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var ignored []string
			x := thing()
			if test.field != "" {
				x.In.Header.Set(test.field, test.value)
			}
			c := tracing.Config{Read: all(), Send: all()}
			r := gatewaytest.RunChain(t, append(build(t, c), twice(&ignored)), x, gatewaytest.Next(attempts(lost, 200)))
			require.Equal(t, 200, r.Status)
			second := tell(r, x) // an attempt that was renewed says so too
			first := forward(t, build(t, c), test.field, test.value)
			for _, got := range []conveyed{first, second} {
				require.Equal(t, test.w3c, got.w3c[53:])
				require.Equal(t, test.b3, got.b3[49:])
				require.Equal(t, test.sampled, got.header.Get("X-B3-Sampled"))
				require.Equal(t, test.f, got.header.Get("X-B3-Flags"))
				require.Equal(t, test.flags, got.jaeger[52:])
			}
		})
	}
}

func TestTracersDecideForEachForm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, sampling, b3 string
		idle               bool
		started            uint64
		w3c, sampled       string
	}{
		{"a trace that begins is accepted", "", "", false, 2, "01", "1"},
		{"a trace that begins is left open where it is not", "", "", true, 1, "00", ""},
		{"an accepted one", "", validB3, false, 2, "01", "1"},
		{"a denied one", "", otherID + "-" + callerSpan + "-0", false, 1, "00", "0"},
		{"a denied one whose caller decides", "caller", otherID + "-" + callerSpan + "-0", false, 0, "00", "0"},
		{"a denied one without ids whose caller decides", "caller", "0", false, 0, "00", "0"},
		{"a deferred one is left open where it is not sampled", "caller", otherID + "-" + callerSpan, false, 1, "00", ""},
		{"debug stays", "caller", otherID + "-" + callerSpan + "-d", false, 2, "01", "d"},
		{"debug without ids stays", "caller", "d", false, 2, "01", "d"},
		{"denied without ids is the tracer's to decide", "", "0", false, 2, "01", "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := &recording{idle: test.idle}
			c := tracing.Config{Read: []string{"b3"}, Send: all(), Sampling: test.sampling}
			got := forward(t, build(t, c, tracing.Provider(p)), "b3", test.b3)
			require.Equal(t, test.started, p.ids)
			require.Equal(t, test.w3c, got.w3c[53:])
			require.Equal(t, test.sampled, strings.TrimPrefix(got.b3[49:], "-"))
			if spans := p.all(); len(spans) == 2 {
				for _, said := range []string{got.w3c, got.b3, got.multi, got.jaeger} {
					require.Contains(t, said, spans[1].context.SpanID().String(), "the parent of the backend is the attempt")
				}
			}
		})
	}
}

func TestEachAttemptHasAnIDOfItsOwnInEachForm(t *testing.T) {
	t.Parallel()
	lost := &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Err: errors.New("lost")}
	for name, opts := range map[string][]tracing.Option{"alone": nil, "with a tracer": {tracing.Provider(new(recording))}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen [][4]string
			looking := stage("looking", pipeline.Forward, func(x *pipeline.Exchange) error {
				seen = append(seen, [4]string{
					x.Get("Traceparent")[36:52], x.Get("B3")[33:49], x.Get("X-B3-SpanId"), x.Get("Uber-Trace-Id")[33:49],
				})
				return nil
			})
			stages := append(build(t, tracing.Config{Send: all()}, opts...), twice(new([]string)), looking)
			gatewaytest.RunChain(t, stages, thing("Traceparent", callerW3C), gatewaytest.Next(attempts(lost, 200)))
			require.Len(t, seen, 2)
			require.NotEqual(t, seen[0], seen[1])
			for _, s := range seen {
				require.Equal(t, [4]string{s[0], s[0], s[0], s[0]}, s)
			}
		})
	}
}

// TestForksDoNotShareAnID: both may be under way at once.
func TestForksDoNotShareAnID(t *testing.T) {
	t.Parallel()
	tracer, err := tracing.New(tracing.Config{})
	require.NoError(t, err)
	x := gatewaytest.NewExchange("GET", "/things/7")
	var ids []string
	take := stage("take", pipeline.Forward, func(x *pipeline.Exchange) error {
		ids = append(ids, x.Get("Traceparent")[36:52])
		return nil
	})
	hedge := stage("hedge", pipeline.Retry, func(x *pipeline.Exchange) error {
		f := x.Fork()
		gatewaytest.RunChain(t, []pipeline.Stage{tracer.Attempt(), take}, f)
		return nil
	})
	gatewaytest.RunChain(t, []pipeline.Stage{tracer.Stage(), hedge, tracer.Attempt(), take}, x)
	require.Len(t, ids, 2)
	require.NotEqual(t, ids[0], ids[1])
}

// smuggled is a trace of somebody else's in every form that is known.
func smuggled() []string {
	return []string{
		"traceparent", "ff" + callerW3C[2:], "tracestate", "foo=1", "b3", validB3, "X-B3-TraceId", otherID, "X-B3-SpanId", callerSpan,
		"X-B3-ParentSpanId", callerSpan, "X-B3-Sampled", "1", "X-B3-Flags", "1", "uber-trace-id", validUber,
		"uberctx-tenant", "a", "baggage", "b=1",
	}
}

func TestNoOtherTraceGoesOnBesideOurs(t *testing.T) {
	t.Parallel()
	fields := map[string][]string{
		"w3c": {"Traceparent", "Tracestate"}, "b3": {"B3"}, "jaeger": {"Uber-Trace-Id"},
		"b3_multi": {"X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled", "X-B3-Flags"},
	}
	for _, accept := range []string{"valid", "never"} {
		for _, send := range [][]string{nil, {"w3c"}, {"b3"}, {"b3_multi"}, {"jaeger"}, {"jaeger", "b3"}, all()} {
			got := forward(t, build(t, tracing.Config{Accept: accept, Send: send}), smuggled()...)
			if send == nil {
				send = []string{"w3c"}
			}
			sends := map[string]bool{}
			for _, name := range send {
				sends[name] = true
			}
			for name, of := range fields {
				for _, field := range of {
					if !sends[name] {
						require.NotContains(t, got.header, field, "%v", send)
					}
					for _, value := range got.header[field] {
						require.NotContains(t, smuggled(), value, "%s of %v", field, send)
					}
				}
			}
			require.Equal(t, "a", got.header.Get("uberctx-tenant"), "baggage is as any field")
			require.Equal(t, "b=1", got.header.Get("baggage"))
		}
	}
}

func TestFormsPassOnWhereToldTo(t *testing.T) {
	t.Parallel()
	c := tracing.Config{Pass: []string{"b3", "b3_multi"}}
	got := forward(t, build(t, c), append(smuggled(), "b3", "1")...)
	require.Equal(t, validB3+"|1", got.b3, "as it came, however odd")
	require.Equal(t, otherID+","+callerSpan+","+callerSpan+",1,1", got.multi)
	require.Empty(t, got.jaeger)

	got = forward(t, build(t, tracing.Config{Send: []string{"b3"}, Pass: []string{"w3c"}}), "Traceparent", callerW3C, "Tracestate", "foo=1")
	require.Equal(t, callerW3C, got.w3c)
	require.Equal(t, "foo=1", got.header.Get("Tracestate"))
	require.Equal(t, traceID, got.b3[:32])
	require.NotEqual(t, callerSpan, got.b3[33:49])
}

// TestARouteTellsItsBackendInItsOwnForms goes on with what the edge has begun.
func TestARouteTellsItsBackendInItsOwnForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		edge, route tracing.Config
		sent        string // of w3c, b3, b3_multi and jaeger, those that are ours
		passed      string
	}{
		{"a route that says nothing sends what the edge sends", tracing.Config{Send: []string{"b3", "jaeger"}}, tracing.Config{}, "b3 jaeger", ""},
		{"a route of another form", tracing.Config{}, tracing.Config{Send: []string{"b3_multi"}}, "b3_multi", ""},
		{"a route of one form less", tracing.Config{Send: all()}, tracing.Config{Send: []string{"jaeger"}}, "jaeger", ""},
		{"a route of one form more", tracing.Config{Send: []string{"b3"}}, tracing.Config{Send: []string{"b3", "w3c"}}, "w3c b3", ""},
		{"a route that passes on what the edge removed", tracing.Config{}, tracing.Config{Pass: []string{"b3"}}, "w3c", "b3"},
		{"a route that passes on what the edge replaced", tracing.Config{Send: []string{"w3c", "b3"}}, tracing.Config{Pass: []string{"b3"}}, "w3c", "b3"},
		{"a route that sends what the edge passes on", tracing.Config{Send: []string{"b3"}, Pass: []string{"w3c"}}, tracing.Config{Send: []string{"w3c"}}, "w3c", ""},
		{"a form that is passed on and was not sent", tracing.Config{}, tracing.Config{Pass: []string{"jaeger"}}, "w3c", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, opts := range [][]tracing.Option{nil, {tracing.Provider(new(recording))}} {
				edge, err := tracing.New(test.edge, opts...)
				require.NoError(t, err)
				stages := append([]pipeline.Stage{edge.Stage()}, build(t, test.route, opts...)...)
				got := forward(t, stages, "Traceparent", callerW3C, "Tracestate", "foo=1", "b3", traceID+"-"+callerSpan+"-1")
				var sent, passed []string
				for i, value := range []string{got.w3c, got.b3, got.multi, got.jaeger} {
					switch {
					case strings.Contains(value, callerSpan):
						passed = append(passed, all()[i])
					case value != "":
						require.Contains(t, value, traceID)
						sent = append(sent, all()[i])
					}
				}
				require.Equal(t, test.sent, strings.Join(sent, " "))
				require.Equal(t, test.passed, strings.Join(passed, " "))
				began := len(test.edge.Send) == 0 || slices.Contains(test.edge.Send, "w3c")
				require.Equal(t, began && got.w3c != "", got.header.Get("Tracestate") == "foo=1")
			}
		})
	}
}

func TestFormsThatDoNotHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, place, says string
		c                 tracing.Config
	}{
		{"a form that is near another", "/read/1", `did you mean "jaeger"`, tracing.Config{Read: []string{"w3c", "yaeger"}}},
		{"a form that is near none", "/send/0", "b3_multi", tracing.Config{Send: []string{"datadog"}}},
		{"a form that is empty", "/send/0", "name", tracing.Config{Send: []string{""}}},
		{"a form twice", "/read/2", "twice", tracing.Config{Read: []string{"b3", "w3c", "b3"}}},
		{"none to be sent", "/send", "one form at least", tracing.Config{Send: []string{}}},
		{"read though none is accepted", "/read", "never", tracing.Config{Accept: "never", Read: []string{"w3c"}}},
		{"passed and sent", "/pass/1", "b3", tracing.Config{Send: []string{"b3"}, Pass: []string{"w3c", "b3"}}},
		{"passed and sent by default", "/pass/0", "w3c", tracing.Config{Pass: []string{"w3c"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tracing.New(tt.c)
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1)
			require.ErrorContains(t, err, tt.place)
			require.ErrorContains(t, err, tt.says)
		})
	}
}
