package units

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func paths(t testing.TB, texts ...string) []Path {
	t.Helper()
	var all []Path
	for _, s := range texts {
		p, err := ParsePath(s)
		require.NoError(t, err)
		all = append(all, p)
	}
	return all
}

// count counts a body whose parts come one after the other.
func count(form Form, ps []Path, parts ...string) *Counter {
	var c Counter
	c.Reset(form, ps)
	for _, part := range parts {
		c.Write([]byte(part))
	}
	c.End()
	return &c
}

func TestEventsOfAStream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		want       int64
	}{
		{"ends of lines are LF", "data: a\n\ndata: b\n\n", 2},
		{"ends of lines are CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", 2},
		{"ends of lines are CR", "data: a\r\rdata: b\r\r", 2},
		{"ends of lines of all sorts", "data: a\r\n\ndata: b\n\rdata: c\r\r\n", 3},
		{"several lines of data are one event", "event: x\ndata: a\ndata: b\nid: 1\n\n", 1},
		{"comments and fields without data are none", ": ping\n\nevent: x\n\nid: 7\n\nretry: 1\n\n", 0},
		{"data without a value is data", "data\n\ndata:\n\n", 2},
		{"a name that begins like data is another", "database: 1\n\ndat: 1\n\n data: 1\n\nData: 1\n\n", 0},
		{"one that is cut off does not count", "data: a\n\ndata: b\n", 1},
		{"a byte order mark is no part of it", "\xEF\xBB\xBFdata: a\n\n", 1},
		{"a part of one makes another name", "\xEF\xBBdata: a\n\ndata: b\n\n", 1},
		{"blank lines count nothing", "\n\n\r\r\n\n", 0},
		{"nothing", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, count(Events, nil, test.body).Events())
			require.Equal(t, test.want, count(Events, nil, strings.Split(test.body, "")...).Events(), "byte by byte")
		})
	}
}

func TestLinesAndOthers(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 3, count(Lines, nil, "{}\n\r\n  \n{}\r\n{}").Events())
	require.EqualValues(t, 0, count(Lines, nil, " \n").Events())
	require.EqualValues(t, 1, count(Whole, nil, "{", "}").Events())
	require.EqualValues(t, 1, count(Opaque, nil, "x\n\nx").Events())
	require.EqualValues(t, 0, count(Whole, nil, "").Events())
}

func TestWhatABodyStates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		form       Form
		paths      []string
		want       int64 // below 0: nothing
	}{
		{"a document", `{"id":"x","choices":[{"usage":{"total_tokens":5}}],"usage":{"prompt_tokens":3,"total_tokens":12}}`, Whole, []string{"usage.total_tokens"}, 12},
		{"the last of a stream", "data: {\"usage\":{\"total_tokens\":1}}\n\ndata: {\"usage\":null}\n\ndata: {\"usage\":{\"total_tokens\":40}}\n\ndata: [DONE]\n\n", Events, []string{"usage.total_tokens"}, 40},
		{"a sum of two", "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\ndata: {\"usage\":{\"output_tokens\":15}}\n\n", Events, []string{"message.usage.input_tokens", "usage.output_tokens"}, 40},
		{"the last line", "{\"n\":1}\n{\"n\":2}\n{\"m\":3}", Lines, []string{"n"}, 2},
		{"members of a list", "[{\"u\":{\"n\":1}},\n{\"u\":{\"n\":7}}]", Whole, []string{"u.n"}, 7},
		{"data in several lines", "data: {\"n\":\ndata: 7}\n\n", Events, []string{"n"}, 7},
		{"an escaped name", `{"us\u0061ge":{"n":3}}`, Whole, []string{"usage.n"}, 3},
		{"a name in a text", `{"a":"{\"n\":5}","b":"\\","n":6}`, Whole, []string{"n"}, 6},
		{"none where the number is in a list", `{"n":[5]}`, Whole, []string{"n"}, -1},
		{"none where a list is on the way", `{"u":[{"n":5}]}`, Whole, []string{"u.n"}, -1},
		{"none in a list in a list", `[{"u":{"n":"x"}},[{"n":5}]]`, Whole, []string{"u.n"}, -1},
		{"none where another name is on the way", `{"v":{"n":5},"u":{"m":{"n":6}}}`, Whole, []string{"u.n"}, -1},
		{"none that is no whole number", `{"n":1.5,"m":-4,"o":"7","p":1e3,"q":null,"r":9999999999999999999}`, Whole, []string{"n", "m", "o", "p", "q", "r"}, -1},
		{"none that is cut off", `{"n":12`, Whole, []string{"n"}, -1},
		{"none of what is no JSON", "data: n=5\n\n", Events, []string{"n"}, -1},
		{"none of a body of which nothing is known", `{"n":5}`, Opaque, []string{"n"}, -1},
		{"zero is stated", `{"n":0}`, Whole, []string{"n"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ps := paths(t, test.paths...)
			for _, parts := range [][]string{{test.body}, strings.Split(test.body, "")} {
				n, said := count(test.form, ps, parts...).Stated()
				require.Equal(t, test.want >= 0, said)
				require.Equal(t, max(test.want, 0), n)
			}
		})
	}
}

func TestASumOfTheLargestNumbersIsTrue(t *testing.T) {
	t.Parallel()
	body := `{"a":999999999999999999,"b":999999999999999999,"c":999999999999999999,"d":999999999999999999,"e":999999999999999999,"f":999999999999999999,"g":999999999999999999,"h":999999999999999999}`
	n, said := count(Whole, paths(t, "a", "b", "c", "d", "e", "f", "g", "h"), body).Stated()
	require.True(t, said)
	require.EqualValues(t, 7_999_999_999_999_999_992, n)
}

func TestDepthIsNoMatter(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":[`, 10_000) + "1" + strings.Repeat("]}", 10_000)
	n, said := count(Events, paths(t, "n"), "data: "+deep+"\n\ndata: {\"n\":2}\n\n").Stated()
	require.True(t, said)
	require.EqualValues(t, 2, n)
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", ".", "a.", ".a", "a..b", "a b", "a.#", "@this", "a|b", "ä", strings.Repeat("a", 65), strings.Repeat("a.", 16) + "a"} {
		_, err := ParsePath(s)
		require.Error(t, err, s)
	}
}

func TestFormsOfTypes(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]Form{
		"text/event-stream": Events, "Text/Event-Stream; charset=utf-8": Events, "application/json": Whole, "application/problem+json": Whole,
		"application/x-ndjson": Lines, "application/jsonl; a=b": Lines, "text/plain": Opaque, "": Opaque, "+json": Opaque,
	} {
		require.Equal(t, want, FormOf(contentType), contentType)
	}
}

// TestHoweverTheBytesAreCut counts bodies of chance whole and in random parts,
// and holds both to the reference.
func TestHoweverTheBytesAreCut(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	ps := paths(t, "usage.total", "usage.in.n", "n")
	for range 2000 {
		for form := range Events + 1 {
			body := bodyOfChance(random, form)
			want := reference(form, []byte(body), ps)
			agree(t, want, count(form, ps, body), len(ps), body)
			agree(t, want, count(form, ps, cut(random, body)...), len(ps), body)
		}
	}
}

func agree(t testing.TB, want outcome, c *Counter, n int, body string) {
	t.Helper()
	require.Equal(t, want.events, c.Events(), "%q", body)
	for p := range n {
		v, said := want.stated[p]
		require.Equal(t, said, c.finder.said>>p&1 == 1, "path %d of %q", p, body)
		require.Equal(t, v, c.finder.stated[p], "path %d of %q", p, body)
	}
}

func cut(random *rand.Rand, s string) []string {
	var parts []string
	for s != "" {
		n := 1 + random.IntN(min(len(s), 12))
		parts = append(parts, s[:n])
		s = s[n:]
	}
	return parts
}

func bodyOfChance(random *rand.Rand, form Form) string {
	if form == Whole || form == Opaque {
		return documentOfChance(random, 0)
	}
	var b strings.Builder
	for range random.IntN(6) {
		doc := documentOfChance(random, 0)
		end := []string{"\n", "\r\n", "\r"}[random.IntN(3)]
		switch {
		case form == Lines:
			b.WriteString(doc + []string{"\n", "\r\n", "\n\n"}[random.IntN(3)])
		case random.IntN(4) == 0:
			b.WriteString([]string{": ping", "event: x", "id", "data", "datum: {}", ""}[random.IntN(6)] + end)
		default:
			b.WriteString([]string{"data:", "data: ", "data:  "}[random.IntN(3)] + doc + end + end)
		}
	}
	return b.String()
}

// documentOfChance makes documents in which the names that are looked for are
// frequent, in the right places and in wrong ones.
func documentOfChance(random *rand.Rand, depth int) string {
	if depth > 4 {
		return "7"
	}
	names := []string{"usage", "total", "in", "n", `us\u0061ge`, `\"n`, "x", "", "usage.total"}
	switch random.IntN(9 + 3*depth) {
	case 0, 1, 2, 3, 4:
		var members []string
		for range random.IntN(4) {
			members = append(members, fmt.Sprintf("\"%s\" :%s", names[random.IntN(len(names))], documentOfChance(random, depth+1)))
		}
		return "{" + strings.Join(members, ", ") + "}"
	case 5:
		var members []string
		for range random.IntN(4) {
			members = append(members, documentOfChance(random, depth+1))
		}
		return "[" + strings.Join(members, " ,") + "]"
	case 6:
		text, _ := json.Marshal([]string{"", `"n":5`, "a\nb", `\`, "}{"}[random.IntN(5)])
		return string(text)
	case 7:
		return []string{"true", "false", "null", "-1", "1.5", "2e3"}[random.IntN(6)]
	}
	return fmt.Sprint(random.IntN(1000))
}

func BenchmarkCounter(b *testing.B) {
	event := `data: {"id":"chatcmpl-9","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],"usage":null}` + "\n\n"
	stream := []byte(strings.Repeat(event, 4096/len(event)))
	for name, ps := range map[string][]Path{"events": nil, "tokens": paths(b, "usage.total_tokens")} {
		b.Run(name, func(b *testing.B) {
			var c Counter
			c.Reset(Events, ps)
			b.ReportAllocs()
			b.SetBytes(int64(len(stream)))
			for b.Loop() {
				c.Write(stream)
			}
		})
	}
}
