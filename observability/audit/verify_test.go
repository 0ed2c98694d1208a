package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/observability/audit"
)

// sample returns a trail of n records as lines, and its head.
func sample(key string, n int) (all []string, head []byte) {
	var text bytes.Buffer
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = fmt.Sprintf(`"time":"2026-11-24T22:00:0%dZ","event":"denied","code":"x"`, i)
	}
	head = audit.Records(&text, []byte(key), bodies...)
	return strings.SplitAfter(strings.TrimSuffix(text.String(), "\n"), "\n"), head
}

func join(all []string) string { return strings.TrimSuffix(strings.Join(all, ""), "\n") + "\n" }

func check(t testing.TB, text string, head []byte) *audit.Report {
	t.Helper()
	report, err := audit.Check{Key: []byte(key), Head: head, From: 1}.Verify(audit.Part{Name: "trail", Text: strings.NewReader(text)})
	require.NoError(t, err)
	return report
}

func TestWhatWasDoneToATrailIsFoundAndWhere(t *testing.T) {
	t.Parallel()
	all, head := sample(key, 9)
	without := func(i ...int) string {
		var left []string
		for n, line := range all {
			if n < i[0] || n > i[len(i)-1] {
				left = append(left, line)
			}
		}
		return join(left)
	}
	swapped := append([]string{}, all...)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	twice := append(append([]string{}, all[:4]...), all[3:]...)
	altered := append([]string{}, all...)
	altered[6] = strings.Replace(altered[6], `"code":"x"`, `"code":"y"`, 1)
	foreign, _ := sample("another key altogether", 9)
	foreignLine := append([]string{}, all...)
	foreignLine[4] = foreign[4]
	var forked bytes.Buffer
	forkedHead := audit.Records(&forked, []byte(key), `"event":"a"`, `"event":"b"`)
	joined := append([]string{}, all...)
	joined[4] = strings.TrimSuffix(joined[4], "\n") + " "

	for _, tt := range []struct {
		name string
		text string
		head []byte
		want string // the faults, by kind and place
	}{
		{"nothing", join(all), head, ""},
		{"a byte was altered", join(altered), head, "changed:7"},
		{"a record of another key", join(foreignLine), head, "changed:5"},
		{"two records were made one line", join(joined), head, "changed:5 gap:6"},
		{"a line was put in between", join(append(append([]string{}, all[:2]...), append([]string{"forged\n"}, all[2:]...)...)), head, "changed:3 order:4"},
		{"two records changed places", join(swapped), head, "gap:4 order:5"},
		{"a record stands there twice", join(twice), head, "order:5"},
		{"a record was taken out", without(4), head, "gap:5"},
		{"several were", without(2, 5), head, "gap:3"},
		{"the first one was", without(0), head, "front:1"},
		{"the last one was", without(8), head, "cut:0"},
		{"all were", "", head, "cut:0"},
		{"half of the last one", join(all)[:len(join(all))-20], head, "torn:9 cut:0"},
		{"half of the last one, of which no head knows", join(all) + all[0][:30], head, "torn:10"},
		{"all of it was written anew", join(foreign), head, "rewritten:1"},
		{"all of it was written anew, and longer", join(foreign) + "x\n", head, "rewritten:1"},
		{"all of it is another trail of this key", forked.String(), head, "cut:0"},
		{"a line without an end", join(all[:8]) + strings.Repeat("x", 3*audit.MaxLine), head, "changed:9"},
		{"a long line", join(all[:3]) + strings.Repeat("x", 3*audit.MaxLine) + "\n" + join(all[4:]), head, "changed:4"},
		{"the head is another trail's", join(all), forkedHead, "rewritten:0"},
		{"the head is gone", join(all), nil, "head:0"},
		{"the head is another key's", join(all), func() []byte { _, h := sample("another key altogether", 9); return h }(), "head:0"},
		{"the head was altered", join(all), bytes.Replace(head, []byte("9"), []byte("8"), 1), "head:0"},
		{"one line of the head is torn", join(all), append(append([]byte{}, head...), head[:9]...), "head:0"},
		{"the head is longer than one", join(all), bytes.Repeat(head, 3), "head:0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report := check(t, tt.text, tt.head)
			var got []string
			for _, f := range report.Faults {
				got = append(got, fmt.Sprintf("%s:%d", f.Kind, f.Line))
			}
			require.Equal(t, tt.want, strings.Join(got, " "), "%v", report.Faults)
			require.Equal(t, tt.want == "", report.Err() == nil)
			for _, f := range report.Faults {
				if f.Line > 0 {
					require.Equal(t, f.Offset, int64(len(strings.Join(strings.SplitAfter(tt.text, "\n")[:f.Line-1], ""))), "the place of %v", f)
					require.Contains(t, f.String(), fmt.Sprintf("trail:%d: %s: ", f.Line, f.Kind))
				}
			}
		})
	}
}

// TestEveryByteCounts alters each byte of a trail, in two ways, and cuts it off
// at each: all of it is found, in the line where it was done.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	all, head := sample(key, 4)
	text := join(all)
	for i := range len(text) {
		line := 1 + strings.Count(text[:i], "\n")
		for _, bit := range []byte{0x01, 0x20} {
			altered := []byte(text)
			altered[i] ^= bit
			report := check(t, string(altered), head)
			require.NotEmpty(t, report.Faults, "byte %d", i)
			require.LessOrEqual(t, report.Faults[0].Line, line+1, "byte %d", i)
			if text[i] != '\n' {
				require.Equal(t, line, report.Faults[0].Line, "byte %d: %v", i, report.Faults)
			}
		}
		report := check(t, text[:i], head)
		kinds := fmt.Sprint(report.Faults)
		require.Contains(t, kinds, "cut", "cut at %d", i)
	}
	for i := range head {
		altered := bytes.Clone(head)
		altered[i] ^= 0x01
		require.NotEmpty(t, check(t, text, altered).Faults, "byte %d of the head", i)
	}
}

func TestTheChainCanBeFollowedWithoutAKey(t *testing.T) {
	t.Parallel()
	all, _ := sample(key, 3)
	for i, line := range all[1:] {
		sum := sha256.Sum256([]byte(strings.TrimSuffix(all[i], "\n")))
		require.Contains(t, line, `,"prev":"`+hex.EncodeToString(sum[:])+`",`)
	}
}

func TestAReportIsBounded(t *testing.T) {
	t.Parallel()
	report := check(t, strings.Repeat("x\n", 1000), nil)
	require.Len(t, report.Faults, 100)
	require.Equal(t, 901, report.More)
	require.ErrorContains(t, report.Err(), "and 901 more")
}

func FuzzVerify(f *testing.F) {
	all, head := sample(key, 4)
	text := join(all)
	f.Add(text, head)
	f.Add("", []byte(nil))
	f.Add(strings.Replace(text, `"seq":2`, `"seq":18446744073709551615`, 1), head)
	f.Add(text[:len(text)/2], head[:len(head)/2])
	f.Add(all[1]+all[0], bytes.Repeat(head, 2))
	f.Fuzz(func(t *testing.T, changed string, head2 []byte) {
		report := check(t, changed, head)
		require.Equal(t, changed == text, report.Err() == nil, "only the trail itself holds")
		require.LessOrEqual(t, len(report.Faults), 101)
		if !bytes.Equal(head2, head) && !bytes.Equal(head2, bytes.Repeat(head, 2)) {
			require.Error(t, check(t, text, head2).Err(), "only the head itself holds")
		}
	})
}
