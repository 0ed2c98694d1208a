package tracing_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

const (
	traceID = "12345678901234567890123456789012"
	spanID  = "1234567890123456"
	valid   = "00-" + traceID + "-" + spanID + "-01"
)

var written = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$`)

// sent is what the backend gets of one exchange.
type sent struct {
	traceparent, tracestate string
	traceID, spanID, flags  string
	result                  gatewaytest.Result
	exchange                *pipeline.Exchange
}

// pass sends an exchange with these fields through the policy.
func pass(t testing.TB, c tracing.Config, traceparent, tracestate []string, opts ...tracing.Option) sent {
	t.Helper()
	x := gatewaytest.NewExchange("GET", "/things/7")
	if traceparent != nil {
		x.In.Header["Traceparent"] = traceparent
	}
	if tracestate != nil {
		x.In.Header["Tracestate"] = tracestate
	}
	stages := gatewaytest.BuildPolicy(t, tracing.Kind(opts...), tracing.Policy(c), gatewaytest.Route(route()))
	r := gatewaytest.RunChain(t, stages, x)
	require.NoError(t, r.Err)
	require.Len(t, r.Sent.Header["Traceparent"], 1)
	require.LessOrEqual(t, len(r.Sent.Header["Tracestate"]), 1)
	parent := r.Sent.Header.Get("Traceparent")
	require.Regexp(t, written, parent)
	part := strings.Split(parent, "-")
	require.Equal(t, part[1], x.TraceID)
	require.NotEqual(t, spanID, part[2], "each hop has an id of its own")
	return sent{parent, r.Sent.Header.Get("Tracestate"), part[1], part[2], part[3], r, x}
}

func one(s string) []string { return []string{s} }

// TestTraceparent holds the policy to the cases of the public conformance suite
// of Trace Context.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		holds bool
		flags string
	}{
		{"none begins a trace", nil, false, "00"},
		{"an empty one begins a trace", one(""), false, "00"},
		{"a valid one is gone on with", one(valid), true, "01"},
		{"an unsampled one stays unsampled", one("00-" + traceID + "-" + spanID + "-00"), true, "00"},
		{"the flag of a random id stays", one("00-" + traceID + "-" + spanID + "-03"), true, "03"},
		{"flags that nobody knows are dropped", one("00-" + traceID + "-" + spanID + "-ff"), true, "03"},
		{"spaces around it are no part of it", one(" \t" + valid + "\t "), true, "01"},
		{"two of them hold no more than none", []string{valid, "00-" + traceID + "-1234567890123457-01"}, false, "00"},
		{"the same one twice holds no more than none", []string{valid, valid}, false, "00"},
		{"two in one line hold no more than none", one(valid + "," + valid), false, "00"},
		{"version 00 ends where it ends", one(valid + "-"), false, "00"},
		{"version 00 ends without a dot", one(valid + "."), false, "00"},
		{"version 00 has no fifth part", one(valid + "-what-the-future-will-be-like"), false, "00"},
		{"a later version is read as version 00", one("cc" + valid[2:]), true, "01"},
		{"a later version may go on behind a dash", one("cc" + valid[2:] + "-what-the-future-will-be-like"), true, "01"},
		{"a later version may end in a dash", one("cc" + valid[2:] + "-"), true, "01"},
		{"a later version may not go on otherwise", one("cc" + valid[2:] + ".what-the-future-will-be-like"), false, "00"},
		{"version 01 is read", one("01" + valid[2:]), true, "01"},
		{"version fe is read", one("fe" + valid[2:]), true, "01"},
		{"version ff is none", one("ff" + valid[2:]), false, "00"},
		{"version ff is none with more behind it", one("ff" + valid[2:] + "-more"), false, "00"},
		{"a version is hexadecimal, first digit", one(".0" + valid[2:]), false, "00"},
		{"a version is hexadecimal, second digit", one("0." + valid[2:]), false, "00"},
		{"a version is in lower case", one("CC" + valid[2:]), false, "00"},
		{"a version of three digits is too long", one("0" + valid), false, "00"},
		{"a version of four digits is too long", one("00" + valid), false, "00"},
		{"a version of one digit is too short", one(valid[1:]), false, "00"},
		{"a trace id is not all zero", one("00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"), false, "00"},
		{"a trace id is hexadecimal, first digit", one("00-." + traceID[1:] + "-" + spanID + "-01"), false, "00"},
		{"a trace id is hexadecimal, last digit", one("00-" + traceID[:31] + ".-" + spanID + "-01"), false, "00"},
		{"a trace id is in lower case", one("00-" + traceID[:31] + "A-" + spanID + "-01"), false, "00"},
		{"a trace id of 33 digits is too long", one("00-" + traceID + "3-" + spanID + "-01"), false, "00"},
		{"a trace id of 31 digits is too short", one("00-" + traceID[:31] + "-" + spanID + "-01"), false, "00"},
		{"a parent id is not all zero", one("00-" + traceID + "-" + strings.Repeat("0", 16) + "-01"), false, "00"},
		{"a parent id is hexadecimal, first digit", one("00-" + traceID + "-." + spanID[1:] + "-01"), false, "00"},
		{"a parent id is hexadecimal, last digit", one("00-" + traceID + "-" + spanID[:15] + ".-01"), false, "00"},
		{"a parent id is in lower case", one("00-" + traceID + "-" + spanID[:15] + "F-01"), false, "00"},
		{"a parent id of 17 digits is too long", one("00-" + traceID + "-" + spanID + "7-01"), false, "00"},
		{"a parent id of 15 digits is too short", one("00-" + traceID + "-" + spanID[:15] + "-01"), false, "00"},
		{"flags are hexadecimal, first digit", one("00-" + traceID + "-" + spanID + "-.0"), false, "00"},
		{"flags are hexadecimal, second digit", one("00-" + traceID + "-" + spanID + "-0."), false, "00"},
		{"flags are in lower case", one("00-" + traceID + "-" + spanID + "-0A"), false, "00"},
		{"flags of three digits are too long", one("00-" + traceID + "-" + spanID + "-001"), false, "00"},
		{"flags of one digit are too short", one("00-" + traceID + "-" + spanID + "-1"), false, "00"},
		{"dashes are not dots", one(strings.ReplaceAll(valid, "-", ".")), false, "00"},
		{"three parts are too few", one("00-" + traceID + "-" + spanID), false, "00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := pass(t, tracing.Config{}, test.lines, nil)
			require.Equal(t, test.holds, got.traceID == traceID)
			require.Equal(t, test.flags, got.flags)
			warned := len(got.result.Decisions) == 1 && got.result.Decisions[0].Code == tracing.CodeReplaced
			require.Equal(t, test.lines != nil && !test.holds, warned)
		})
	}
}

func TestTracestate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"none stays none", nil, ""},
		{"a valid one is handed on", one("foo=1,bar=2"), "foo=1,bar=2"},
		{"an empty one is dropped", one(""), ""},
		{"an empty line beside another says nothing", []string{"foo=1", ""}, "foo=1"},
		{"lines are one list in their order", []string{"foo=1,bar=2", "rojo=1,congo=2", "baz=3"}, "foo=1,bar=2,rojo=1,congo=2,baz=3"},
		{"empty entries say nothing", one("foo=1,,bar=2,"), "foo=1,bar=2"},
		{"of one key the first entry counts", one("foo=1,bar=2,foo=3"), "foo=1,bar=2"},
		{"of one key in two lines the first entry counts", []string{"foo=1", "foo=2"}, "foo=1"},
		{"spaces around entries are no part of them", []string{"foo=1 \t , \t bar=2", "\tbaz=3 "}, "foo=1,bar=2,baz=3"},
		{"a value may hold spaces within", one("foo= a b"), "foo= a b"},
		{"every character of keys is taken", one("abcdefghijklmnopqrstuvwxyz0123456789_-*/= !\"#$%&'()*+-./0123456789:;<>?@A[\\]^_`a{|}~"), "abcdefghijklmnopqrstuvwxyz0123456789_-*/= !\"#$%&'()*+-./0123456789:;<>?@A[\\]^_`a{|}~"},
		{"a tenant may begin with a digit", one("0fo@bar=1"), "0fo@bar=1"},
		{"a key of a tenant is taken", one("foo@bar=1,a@b=2"), "foo@bar=1,a@b=2"},
		{"a key may not begin with a digit", one("0foo=1"), ""},
		{"a key ends without a space", one("foo =1"), ""},
		{"a key is in lower case", one("FOO=1"), ""},
		{"a key has no dot", one("foo.bar=1"), ""},
		{"a key is not empty", one("=1"), ""},
		{"a system is not empty", one("foo@=1,bar=2"), ""},
		{"a tenant is not empty", one("@foo=1,bar=2"), ""},
		{"a key has one at sign and not two", one("foo@@bar=1,bar=2"), ""},
		{"a key has not two tenants", one("foo@bar@baz=1,bar=2"), ""},
		{"a system begins with a letter", one("foo@1bar=1"), ""},
		{"a key of 256 characters is taken", one(strings.Repeat("z", 256) + "=1"), strings.Repeat("z", 256) + "=1"},
		{"a key of 257 characters is too long", one(strings.Repeat("z", 257) + "=1"), ""},
		{"a tenant of 241 and a system of 14 are taken", one(strings.Repeat("t", 241) + "@" + strings.Repeat("v", 14) + "=1"), strings.Repeat("t", 241) + "@" + strings.Repeat("v", 14) + "=1"},
		{"a tenant of 242 is too long", one(strings.Repeat("t", 242) + "@v=1"), ""},
		{"a system of 15 is too long", one("t@" + strings.Repeat("v", 15) + "=1"), ""},
		{"a value has no equals sign", one("foo=bar=baz"), ""},
		{"a value is not empty", one("foo=,bar=3"), ""},
		{"a value of spaces is empty", one("foo=  ,bar=3"), ""},
		{"an entry has a value", one("foo,bar=3"), ""},
		{"a value has no tab within", one("foo=a\tb"), ""},
		{"a value is ASCII", one("foo=ä"), ""},
		{"a value of 256 characters is taken", one("foo=" + strings.Repeat("v", 256)), "foo=" + strings.Repeat("v", 256)},
		{"a value of 257 characters is too long", one("foo=" + strings.Repeat("v", 257)), ""},
		{"32 entries are taken", one(list(32)), list(32)},
		{"33 entries are too many", one(list(33)), ""},
		{"33 entries in many lines are too many", strings.Split(list(33), ","), ""},
		{"one bad entry spoils the others", []string{"foo=1", "bar=2,BAZ=3"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := pass(t, tracing.Config{}, one(valid), test.lines)
			require.Equal(t, traceID, got.traceID, "the trace goes on whatever its state")
			require.Equal(t, test.want, got.tracestate)
			_, there := got.result.Sent.Header["Tracestate"]
			require.Equal(t, test.want != "", there)

			got = pass(t, tracing.Config{}, nil, test.lines)
			require.Empty(t, got.result.Sent.Header["Tracestate"], "no state is left beside a new trace")
			got = pass(t, tracing.Config{}, one("ff"+valid[2:]), test.lines)
			require.Empty(t, got.result.Sent.Header["Tracestate"], "no state is left beside a trace that replaced another")

			got = pass(t, tracing.Config{}, one(valid), test.lines, tracing.Provider(new(recording)))
			require.Equal(t, test.want, got.tracestate, "a tracer hands it on too")
			got = pass(t, tracing.Config{}, nil, test.lines, tracing.Provider(new(recording)))
			require.Empty(t, got.result.Sent.Header["Tracestate"])
		})
	}
}

func list(n int) string {
	var entries []string
	for i := range n {
		entries = append(entries, fmt.Sprintf("bar%02d=%02d", i, i))
	}
	return strings.Join(entries, ",")
}

func TestTheSpellingOfTheFieldIsFree(t *testing.T) {
	t.Parallel()
	for name, goesOn := range map[string]bool{
		"traceparent": true, "TraceParent": true, "TrAcEpArEnT": true, "trace-parent": false, "trace.parent": false,
	} {
		x := gatewaytest.NewExchange("GET", "/things/7", gatewaytest.Header(name, valid))
		stages := gatewaytest.Build(t, tracing.Kind(), `{}`, gatewaytest.Route(route()))
		r := gatewaytest.RunChain(t, stages, x)
		require.Equal(t, goesOn, strings.Contains(r.Sent.Header.Get("Traceparent"), traceID), name)
	}
}
