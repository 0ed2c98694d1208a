package observability_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/stretchr/testify/require"
)

func TestTextIsEncodedSoThatNothingObeysIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain text stays", "a/b?c<d>&é世😀", 0, `"a/b?c<d>&é世😀"`},
		{"quotes and backslashes are escaped", `a"b\c`, 0, `"a\"b\\c"`},
		{"line ends and tabs are escaped", "a\r\n\tb", 0, `"a\r\n\tb"`},
		{"terminal controls are escaped", "\x1b[31m\x00\x7f\u009b", 0, `"\u001b[31m\u0000\u007f\u009b"`},
		{"bidirectional controls are escaped", "\u202e\u2066\u200f\u061c", 0, `"\u202e\u2066\u200f\u061c"`},
		{"separators and invisible characters are escaped", "\u2028\u2029\u200b\ufeff\u00ad", 0, `"\u2028\u2029\u200b\ufeff\u00ad"`},
		{"tags are escaped as a pair", "\U000e0041", 0, `"\udb40\udc41"`},
		{"bytes that are not UTF-8 are replaced", "a\xff\xc3", 0, `"a\ufffd\ufffd"`},
		{"a replacement that was there stays", "\uFFFD", 0, "\"\uFFFD\""},
		{"text of the longest length stays", "abc", 3, `"abc"`},
		{"longer text is cut", "abcd", 3, `"abc…"`},
		{"text is cut between characters", "aéé", 4, `"aé…"`},
		{"text is cut to nothing where nothing fits", "😀", 3, `"…"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, string(observability.AppendString(nil, tt.in, tt.max)))
		})
	}
}

func TestAMemberIsANameAndItsText(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "plain", "a\"b", "0123456789", "é", strings.Repeat("x", 100)} {
		for _, max := range []int{0, 5, 1000} {
			for _, room := range []int{0, 3, 200} {
				dst := append(make([]byte, 0, room+1), '{')
				want := `{,"name":` + string(observability.AppendString(nil, value, max))
				require.Equal(t, want, string(observability.AppendMember(dst, "name", value, max)))
			}
		}
	}
}

func TestTheCodeOfAnOutcomeIsTheOneThatTheClientSees(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		err    error
		want   string
	}{
		{"none where it went well", 200, nil, ""},
		{"the code of the refusal", 403, pipeline.Refuse(403, "scope_missing", ""), "scope_missing"},
		{"the code of a refusal that is wrapped", 403, fmt.Errorf("x: %w", pipeline.Refuse(403, "scope_missing", "")), "scope_missing"},
		{"a backend that is down", 502, &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect}, pipeline.CodeUpstreamFailed},
		{"a backend that is late", 504, &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout}, pipeline.CodeUpstreamTimeout},
		{"a backend that is not ready", 503, &pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady}, pipeline.CodeUpstreamNotReady},
		{"a client that went away, whatever it ended with", 499, pipeline.Refuse(408, "body_timeout", ""), pipeline.CodeClientGone},
		{"internal for anything else", 500, errors.New("boom"), pipeline.CodeInternal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, observability.Code(&pipeline.Summary{Status: tt.status, Err: tt.err}))
		})
	}
}

func TestWaitedIsTheSumOfAllAttempts(t *testing.T) {
	t.Parallel()
	x := &pipeline.Exchange{}
	require.Zero(t, observability.Waited(x))
	x.Tried(pipeline.Attempt{Took: time.Second})
	x.Tried(pipeline.Attempt{Took: time.Minute})
	require.Equal(t, time.Minute+time.Second, observability.Waited(x))
}

func BenchmarkAppendString(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = observability.AppendString(buf[:0], "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", 1024)
	}
}

// TestEveryByteIsEncodedAlikeInEveryPlace: eight bytes are looked at once.
func TestEveryByteIsEncodedAlikeInEveryPlace(t *testing.T) {
	t.Parallel()
	encoded := func(text string) string {
		out := string(observability.AppendString(nil, text, 0))
		return out[1 : len(out)-1]
	}
	const text = "abcdefghijklmnopqrst"
	for c := range 256 {
		odd := string([]byte{byte(c)})
		for at := range len(text) - 3 {
			in := text[:at] + odd + text[at:at+3] + odd + text[at+3:]
			require.Equal(t, text[:at]+encoded(odd)+text[at:at+3]+encoded(odd)+text[at+3:], encoded(in), "%q", in)
		}
	}
}
