package tracing

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

const (
	long  = "80f198ee56343ba864fe8b2a57d3eff7" // ids of the specification of B3
	short = "64fe8b2a57d3eff7"
	span  = "05e3ac9a4f6e3b90"
	above = "e457b5a2e4d86bd1"
)

var (
	whole = id{0x80f198ee56343ba8, 0x64fe8b2a57d3eff7}
	half  = id{0, 0x64fe8b2a57d3eff7}
)

const spanNumber = 0x05e3ac9a4f6e3b90

// none is what does not hold.
var none = parent{}

func of(trace id, s sampling) parent { return parent{trace: trace, span: spanNumber, sampling: s} }

func TestB3(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     parent
	}{
		{"accepted, with a parent", long + "-" + span + "-1-" + above, of(whole, accepted)},
		{"accepted", long + "-" + span + "-1", of(whole, accepted)},
		{"denied", long + "-" + span + "-0", of(whole, denied)},
		{"debug", long + "-" + span + "-d", of(whole, debug)},
		{"deferred", long + "-" + span, of(whole, deferred)},
		{"deferred, with a parent", long + "-" + span + "-" + above, of(whole, deferred)},
		{"an id of 64 bits has zeros in front", short + "-" + span + "-1", of(half, accepted)},
		{"an id of 128 bits may begin with zeros", strings.Repeat("0", 16) + short + "-" + span + "-1", of(half, accepted)},
		{"a parent of zeros is let pass", long + "-" + span + "-1-" + strings.Repeat("0", 16), of(whole, accepted)},
		{"sampling alone, denied", "0", parent{sampling: denied}},
		{"sampling alone, accepted", "1", parent{sampling: accepted}},
		{"sampling alone, debug", "d", parent{sampling: debug}},

		{"nothing", "", none},
		{"a sampling that is none", "2", none},
		{"a debug in upper case", "D", none},
		{"a trace alone", long, none},
		{"a trace and a dash", long + "-", none},
		{"a trace of zeros", strings.Repeat("0", 32) + "-" + span + "-1", none},
		{"a short trace of zeros", strings.Repeat("0", 16) + "-" + span + "-1", none},
		{"a span of zeros", long + "-" + strings.Repeat("0", 16) + "-1", none},
		{"a trace of 31 digits", long[1:] + "-" + span + "-1", none},
		{"a trace of 17 digits", "1" + short + "-" + span + "-1", none},
		{"a trace of 15 digits", short[1:] + "-" + span + "-1", none},
		{"a trace of 33 digits", "1" + long + "-" + span + "-1", none},
		{"a span of 15 digits", long + "-" + span[1:] + "-1", none},
		{"a span of 17 digits", long + "-1" + span + "-1", none},
		{"a trace in upper case", strings.ToUpper(long) + "-" + span + "-1", none},
		{"a span in upper case", long + "-" + strings.ToUpper(span) + "-1", none},
		{"a parent in upper case", long + "-" + span + "-1-" + strings.ToUpper(above), none},
		{"a trace that is no number", "g" + long[1:] + "-" + span + "-1", none},
		{"a sampling that is none, behind ids", long + "-" + span + "-2", none},
		{"a sampling of two letters", long + "-" + span + "-01", none},
		{"an empty sampling", long + "-" + span + "-", none},
		{"an empty sampling before a parent", long + "-" + span + "--" + above, none},
		{"a parent that is too short", long + "-" + span + "-1-" + above[1:], none},
		{"an empty parent", long + "-" + span + "-1-", none},
		{"a fifth part", long + "-" + span + "-1-" + above + "-1", none},
		{"a traceparent", "00-" + long + "-" + span + "-01", none},
		{"two in one line", long + "-" + span + "-1," + long + "-" + span + "-1", none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, there, holds := parseOne([]string{" " + tt.in + "\t"}, parseB3)
			require.True(t, there)
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.want != none, holds)
		})
	}
}

// multi are the fields X-B3- by the last part of their names.
func multi(fields ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Add("X-B3-"+fields[i], fields[i+1])
	}
	return h
}

func TestB3Multi(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   http.Header
		want parent
	}{
		{"accepted, with a parent", multi("TraceId", long, "SpanId", span, "ParentSpanId", above, "Sampled", "1"), of(whole, accepted)},
		{"denied", multi("TraceId", long, "SpanId", span, "Sampled", "0"), of(whole, denied)},
		{"accepted in a word", multi("TraceId", long, "SpanId", span, "Sampled", "true"), of(whole, accepted)},
		{"denied in a word", multi("TraceId", long, "SpanId", span, "Sampled", "false"), of(whole, denied)},
		{"debug", multi("TraceId", long, "SpanId", span, "Flags", "1"), of(whole, debug)},
		{"debug implies accepted", multi("TraceId", long, "SpanId", span, "Flags", "1", "Sampled", "0"), of(whole, debug)},
		{"flags that mean nothing", multi("TraceId", long, "SpanId", span, "Flags", "0", "Sampled", "0"), of(whole, denied)},
		{"deferred", multi("TraceId", long, "SpanId", span), of(whole, deferred)},
		{"an id of 64 bits has zeros in front", multi("TraceId", short, "SpanId", span, "Sampled", "1"), of(half, accepted)},
		{"a parent of zeros is let pass", multi("TraceId", long, "SpanId", span, "ParentSpanId", strings.Repeat("0", 16)), of(whole, deferred)},
		{"sampling alone", multi("Sampled", "0"), parent{sampling: denied}},
		{"debug alone", multi("Flags", "1"), parent{sampling: debug}},

		{"a trace without a span", multi("TraceId", long, "Sampled", "1"), none},
		{"a span without a trace", multi("SpanId", span, "Sampled", "1"), none},
		{"a parent alone", multi("ParentSpanId", above, "Sampled", "1"), none},
		{"flags alone that mean nothing", multi("Flags", "0"), none},
		{"an empty trace", multi("TraceId", ""), none},
		{"a trace of zeros", multi("TraceId", strings.Repeat("0", 32), "SpanId", span), none},
		{"a span of zeros", multi("TraceId", long, "SpanId", strings.Repeat("0", 16)), none},
		{"a trace of 31 digits", multi("TraceId", long[1:], "SpanId", span), none},
		{"a trace in upper case", multi("TraceId", strings.ToUpper(long), "SpanId", span), none},
		{"a sampling that is none", multi("TraceId", long, "SpanId", span, "Sampled", "d"), none},
		{"a sampling that is none, beside debug", multi("TraceId", long, "SpanId", span, "Sampled", "2", "Flags", "1"), none},
		{"a parent that does not hold", multi("TraceId", long, "SpanId", span, "ParentSpanId", "x"), none},
		{"two traces", multi("TraceId", long, "TraceId", long, "SpanId", span), none},
		{"two spans", multi("TraceId", long, "SpanId", span, "SpanId", above), none},
		{"two samplings", multi("TraceId", long, "SpanId", span, "Sampled", "1", "Sampled", "0"), none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, there, holds := parseB3Multi(tt.in)
			require.True(t, there)
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.want != none, holds)
		})
	}
	_, there, holds := parseB3Multi(http.Header{})
	require.False(t, there || holds)
}

func TestJaeger(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     parent
	}{
		{"sampled", long + ":" + span + ":0:1", of(whole, accepted)},
		{"not sampled", long + ":" + span + ":0:0", of(whole, denied)},
		{"flags of two digits", long + ":" + span + ":0:01", of(whole, accepted)},
		{"debug", long + ":" + span + ":0:3", of(whole, debug)},
		{"debug counts with sampled alone", long + ":" + span + ":0:2", of(whole, denied)},
		{"firehose and what is not used are dropped", long + ":" + span + ":0:fd", of(whole, accepted)},
		{"a parent", long + ":" + span + ":" + above + ":1", of(whole, accepted)},
		{"colons that are encoded", strings.ReplaceAll(long+":"+span+":"+above+":1", ":", "%3A"), of(whole, accepted)},
		{"colons that are encoded in lower case", strings.ReplaceAll(long+":"+span+":0:1", ":", "%3a"), of(whole, accepted)},
		{"an id of 64 bits has zeros in front", short + ":" + span + ":0:1", of(half, accepted)},
		{"ids may be short", "7:5e3ac9a4f6e3b90:0:1", of(id{0, 7}, accepted)},
		{"an id may have 17 digits", "1" + short + ":" + span + ":0:1", of(id{1, 0x64fe8b2a57d3eff7}, accepted)},
		{"upper case", strings.ToUpper(long+":"+span) + ":0:1", of(whole, accepted)},

		{"nothing", "", none},
		{"three parts", long + ":" + span + ":0", none},
		{"five parts", long + ":" + span + ":0:1:1", none},
		{"a trace of zeros", "0:" + span + ":0:1", none},
		{"a span of zeros", long + ":0:0:1", none},
		{"a trace of 33 digits", "1" + long + ":" + span + ":0:1", none},
		{"a span of 17 digits", long + ":1" + span + ":0:1", none},
		{"a parent of 17 digits", long + ":" + span + ":1" + above + ":1", none},
		{"flags of three digits", long + ":" + span + ":0:001", none},
		{"an empty trace", ":" + span + ":0:1", none},
		{"an empty span", long + "::0:1", none},
		{"an empty parent", long + ":" + span + "::1", none},
		{"empty flags", long + ":" + span + ":0:", none},
		{"a trace that is no number", "x" + long[1:] + ":" + span + ":0:1", none},
		{"a sign", "-7:" + span + ":0:1", none},
		{"a prefix", "0x7:" + span + ":0:1", none},
		{"colons of both kinds", long + ":" + span + "%3A0:1", none},
		{"digits that are encoded", "%30" + short + ":" + span + ":0:1", none},
		{"far too much", strings.Repeat("0", 1000) + long + ":" + span + ":0:1", none},
		{"two in one line", long + ":" + span + ":0:1," + long + ":" + span + ":0:1", none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, there, holds := parseOne([]string{tt.in}, parseJaeger)
			require.True(t, there)
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.want != none, holds)
		})
	}
}

func TestDigits(t *testing.T) {
	t.Parallel()
	for i := range 10_000 {
		n := rand.Uint64() >> (i % 64)
		text := fmt.Sprintf("%016x", n)
		require.Equal(t, "-"+text, string(appendHex([]byte("-"), n)))
		got, seen := number(text)
		require.Equal(t, n, got)
		require.Zero(t, seen)
	}
	for at := range 16 { // each byte in each place
		for c := range 256 {
			text := []byte("0123456789abcdef")
			text[at] = byte(c)
			want, err := strconv.ParseUint(string(text), 16, 64)
			got, seen := number(string(text))
			require.Equal(t, err != nil, seen&notHex != 0, "%q", text)
			require.Equal(t, c >= 'A' && c <= 'F', seen&upperCase != 0, "%q", text)
			if err == nil {
				require.Equal(t, want, got, "%q", text)
			}
		}
	}
}

// TestAllFormsSayTheSame sends what chance gives, in every set of forms, over
// whatever a caller has put into the same fields.
func TestAllFormsSayTheSame(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		want := parent{
			trace: id{r.Uint64() >> (r.UintN(2) * 63), r.Uint64() | 1}, span: r.Uint64()>>r.UintN(63) | 1,
			sampling: sampling(r.UintN(4)), random: r.UintN(2) == 1,
		}
		for forms := formSet(1); forms < 1<<formCount; forms++ {
			x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
			for _, field := range fieldsOf(forms.has) {
				if field != fieldState && r.UintN(2) == 1 {
					x.In.Header[field] = []string{"1"}
				}
			}
			x.TraceID = want.send(x, forms)
			require.Equal(t, fmt.Sprintf("%016x%016x", want.trace.high, want.trace.low), x.TraceID)
			said, in := sent(x)
			require.Equal(t, forms, in, "seed %d", seed)
			require.Equal(t, want.span, said.span)
			out := &pipeline.Exchange{In: x.Out(t.Context())}
			for f := range formCount {
				got, there, holds := f.parse(out)
				require.Equal(t, forms.has(f), there, "seed %d, form %d: %v", seed, f, out.In.Header)
				if !there {
					continue
				}
				require.True(t, holds, "seed %d, form %d: %v", seed, f, out.In.Header)
				require.Equal(t, want.trace, got.trace)
				require.Equal(t, want.span, got.span)
				require.Equal(t, want.sampling.sampled(), got.sampling.sampled())
				if f == b3 || f == b3Multi {
					require.Equal(t, want.sampling, got.sampling, "B3 has a word for each")
					require.Equal(t, want.sampling, said.sampling)
				}
			}
		}
	}
}
