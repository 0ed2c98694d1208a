package payload

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/registry"
)

func hostileJSON() []hostile {
	const syntax, utf8, surrogate = "json.syntax", "json.utf8", "json.surrogate"
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":%d,`, i, i)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	return []hostile{
		{"nothing but space", " \n\t ", syntax, CodeMalformed, 4},
		{"a byte order mark", "\xef\xbb\xbf{}", syntax, CodeMalformed, 0},
		{"UTF-16, big end first, with its mark", "\xfe\xff\x00{\x00}", syntax, CodeMalformed, 0},
		{"UTF-16, little end first, with its mark", "\xff\xfe{\x00}\x00", syntax, CodeMalformed, 0},
		{"UTF-16 without a mark", "\x00{\x00}", syntax, CodeMalformed, 0},
		{"UTF-16 of the other kind without a mark", "{\x00}\x00", syntax, CodeMalformed, 1},
		{"UTF-32", "\x00\x00\x00{", syntax, CodeMalformed, 0},
		{"NUL before the document", "\x00{}", syntax, CodeMalformed, 0},
		{"NUL behind the document", "{}\x00", syntax, CodeMalformed, 2},
		{"NUL between values", "[1,\x002]", syntax, CodeMalformed, 3},
		{"NUL in a string", "\"a\x00b\"", syntax, CodeMalformed, 2},
		{"NUL in a name, escaped", `{"a\u0000b":1}`, "json.nul", CodeMalformed, 8},
		{"a line end in a string", "\"a\nb\"", syntax, CodeMalformed, 2},
		{"a tab in a string", "\"a\tb\"", syntax, CodeMalformed, 2},
		{"an overlong slash", "\"\xc0\xaf\"", utf8, CodeMalformed, 1},
		{"an overlong quote", "\"\xc0\xa2\"", utf8, CodeMalformed, 1},
		{"an overlong NUL", "\"\xc0\x80\"", utf8, CodeMalformed, 1},
		{"an overlong form of three bytes", "\"\xe0\x80\xaf\"", utf8, CodeMalformed, 2},
		{"an overlong form of four bytes", "\"\xf0\x80\x80\xaf\"", utf8, CodeMalformed, 2},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", utf8, CodeMalformed, 2},
		{"a pair of surrogates in UTF-8", "\"\xed\xa0\xbd\xed\xb8\x80\"", utf8, CodeMalformed, 2},
		{"beyond the last character", "\"\xf4\x90\x80\x80\"", utf8, CodeMalformed, 2},
		{"five bytes", "\"\xf8\x88\x80\x80\x80\"", utf8, CodeMalformed, 1},
		{"a byte that is never UTF-8", "\"\xff\"", utf8, CodeMalformed, 1},
		{"a trailing byte alone", "\"\x80\"", utf8, CodeMalformed, 1},
		{"a character cut by the quote", "\"\xe2\x82\"", utf8, CodeMalformed, 3},
		{"Latin-1 in a name", "{\"\xe9\":1}", utf8, CodeMalformed, -1},
		{"UTF-8 outside a string", "[\u00a0]", syntax, CodeMalformed, 1},
		{"the first half of a pair alone", `"\ud800"`, surrogate, CodeMalformed, 7},
		{"the second half of a pair alone", `"\udc00"`, surrogate, CodeMalformed, 6},
		{"the halves of a pair the wrong way round", `"\udc00\ud800"`, surrogate, CodeMalformed, 6},
		{"the first half twice", `"\ud800\ud800"`, surrogate, CodeMalformed, 12},
		{"the first half before a letter", `"\ud800a"`, surrogate, CodeMalformed, 7},
		{"the first half before an escape", `"\ud800\n"`, surrogate, CodeMalformed, 8},
		{"the first half before a character", `"\ud800é"`, surrogate, CodeMalformed, 7},
		{"half a pair in a name", `{"\udfff":1}`, surrogate, CodeMalformed, -1},
		{"an escape that there is not", `"\x41"`, syntax, CodeMalformed, 2},
		{"an escaped apostrophe", `"\'"`, syntax, CodeMalformed, 2},
		{"an escape of three digits", `"\u123"`, syntax, CodeMalformed, 6},
		{"an escape of other digits", `"\u12g4"`, syntax, CodeMalformed, 5},
		{"an escape of capital U", `"\U0041"`, syntax, CodeMalformed, 2},
		{"an escaped quote at the end", `"\"`, syntax, CodeMalformed, 3},
		{"65 arrays in each other", deep(65), "json.depth", CodeTooDeep, 64},
		{"65 objects in each other", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), "json.depth", CodeTooDeep, 64 * 5},
		{"100,000 arrays in each other", deep(100_000), "json.depth", CodeTooDeep, 64},
		{"100,000 arrays that never end", strings.Repeat("[", 100_000), "json.depth", CodeTooDeep, 64},
		{"objects and arrays by turns", strings.Repeat(`[{"a":`, 33), "json.depth", CodeTooDeep, -1},
		{"two members of one name", `{"a":1,"a":2}`, "json.duplicate_keys", CodeDuplicateKey, 9},
		{"two members of one name, one of them escaped", `{"a":1,"\u0061":2}`, "json.duplicate_keys", CodeDuplicateKey, 14},
		{"two members of one name, both escaped in their own way", `{"\/":1,"\u002f":2}`, "json.duplicate_keys", CodeDuplicateKey, 15},
		{"two members of one name beyond ASCII", `{"é":1,"\u00e9":2}`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"two members of one name in a pair of surrogates", `{"😀":1,"\ud83d\ude00":2}`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"two members without a name", `{"":1,"":2}`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"two members of one name deep inside", `[[{"x":{"a":1,"b":2,"a":3}}]]`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"two members of one name around an object", `{"a":{"b":1},"a":2}`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"the last of many members again", strings.TrimSuffix(many(900), "}") + `,"k899":1}`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"the first of many members again", strings.TrimSuffix(many(13), "}") + `,"k0":1}`, "json.duplicate_keys", CodeDuplicateKey, -1},
		{"1,001 members", many(1001), "json.keys", CodeTooMany, -1},
		{"10,001 elements", "[" + strings.Repeat("0,", 10_000) + "0]", "json.elements", CodeTooMany, 20_001},
		{"a million values", "[" + strings.Repeat("["+strings.Repeat("0,", 9_999)+"0],", 101) + "0]", "json.values", CodeTooMany, -1},
		{"a string of a megabyte", `"` + strings.Repeat("x", 1<<20) + `"`, "json.string", CodeTooLong, 1 + 256<<10},
		{"a string of escapes", `"` + strings.Repeat(`\n`, 200_000) + `"`, "json.string", CodeTooLong, 1 + 256<<10},
		{"a long name", `{"` + strings.Repeat("x", 2000) + `":1}`, "json.key", CodeTooLong, 2 + 1024},
		{"a number of 101 digits", strings.Repeat("9", 101), "json.number", CodeTooLong, 100},
		{"a fraction of 1,000 digits", "0." + strings.Repeat("3", 1000), "json.number", CodeTooLong, 100},
		{"a number of a megabyte", "[" + strings.Repeat("1", 1<<20) + "]", "json.number", CodeTooLong, 101},
		{"a huge exponent", "1e1000000000", "json.exponent", CodeTooLong, 5},
		{"a tiny exponent", "1E-401", "json.exponent", CodeTooLong, 5},
		{"a leading zero", "01", syntax, CodeMalformed, 1},
		{"a leading plus", "+1", syntax, CodeMalformed, 0},
		{"a minus alone", "[-]", syntax, CodeMalformed, 2},
		{"a point without a fraction", "1.", syntax, CodeMalformed, 2},
		{"a fraction without a whole", ".5", syntax, CodeMalformed, 0},
		{"an exponent without digits", "1e", syntax, CodeMalformed, 2},
		{"a hexadecimal number", "0x10", syntax, CodeMalformed, 1},
		{"NaN", "NaN", syntax, CodeMalformed, 0},
		{"Infinity", "[Infinity]", syntax, CodeMalformed, 1},
		{"minus Infinity", "-Infinity", syntax, CodeMalformed, 1},
		{"a word in capitals", "True", syntax, CodeMalformed, 0},
		{"a word cut short", "[nul]", syntax, CodeMalformed, 4},
		{"something behind the document", "{} x", syntax, CodeMalformed, 3},
		{"two documents", "{}{}", syntax, CodeMalformed, 2},
		{"two documents in lines", "{}\n{}", syntax, CodeMalformed, 3},
		{"two numbers", "1 2", syntax, CodeMalformed, 2},
		{"a document that is cut", `{"a":[1,2`, syntax, CodeMalformed, 9},
		{"a string that is cut", `"abc`, syntax, CodeMalformed, 4},
		{"a word that is cut", "tru", syntax, CodeMalformed, 3},
		{"a comma before the end of an array", "[1,]", syntax, CodeMalformed, 3},
		{"a comma before the end of an object", `{"a":1,}`, syntax, CodeMalformed, 7},
		{"a comma at the start", "[,1]", syntax, CodeMalformed, 1},
		{"two commas", "[1,,2]", syntax, CodeMalformed, 3},
		{"no comma", "[1 2]", syntax, CodeMalformed, 3},
		{"no colon", `{"a" 1}`, syntax, CodeMalformed, 5},
		{"two colons", `{"a"::1}`, syntax, CodeMalformed, 5},
		{"a member without a value", `{"a":}`, syntax, CodeMalformed, 5},
		{"a name without quotes", `{a:1}`, syntax, CodeMalformed, 1},
		{"a name in apostrophes", `{'a':1}`, syntax, CodeMalformed, 1},
		{"a number for a name", `{1:1}`, syntax, CodeMalformed, 1},
		{"an array closed as an object", "[1}", syntax, CodeMalformed, 2},
		{"an object closed as an array", `{"a":1]`, syntax, CodeMalformed, 6},
		{"an end without a beginning", "]", syntax, CodeMalformed, 0},
		{"a comment", "/* */ {}", syntax, CodeMalformed, 0},
		{"a comment to the end of the line", "{} // x", syntax, CodeMalformed, 3},
		{"a guard against inclusion by scripts", ")]}'\n{}", syntax, CodeMalformed, 0},
		{"a form feed for space", "\f{}", syntax, CodeMalformed, 0},
		{"XML", "<a/>", syntax, CodeMalformed, 0},
	}
}

func TestHostileJSONIsRefused(t *testing.T) {
	t.Parallel()
	refuseAll(t, formatJSON, Config{}, hostileJSON())
}

func validJSON() []string {
	return []string{
		`{}`, `[]`, `""`, `0`, `-0`, `1`, `-1.5e+10`, `1E400`, `true`, `false`, `null`, " \t\r\n{ } ", deep(64),
		`{"a":1,"A":2,"b":{"a":3},"c":[{"a":1},{"a":2}]}`,
		`{"":0,"\u0061":1,"\\":2,"\"":3}`,
		`["\"\\\/\b\f\n\r\t\u0000\u20ac","é€😀","\ud83d\ude00","\uDBFF\uDFFF","` + "\u007f\u0080\u2028\ufffe\uffff\U0010ffff" + `"]`,
		`[0.1,1e-7,1e07,-0.0e-0,` + strings.Repeat("9", 100) + `]`,
		`[` + strings.Repeat("0,", 9_999) + `0]`,
		`"` + strings.Repeat("x", 256<<10) + `"`, `"` + strings.Repeat(`\n`, 128<<10) + `"`,
		`{"` + strings.Repeat("k", 1024) + `":[ [ ] , { } , [ { } ] ]}`,
		`[` + strings.TrimSuffix(strings.Repeat(`{"id":7,"name":"Ada","tags":["a","b"],"at":{"x":1,"y":null}},`, 200), ",") + `]`,
	}
}

func TestValidJSONPasses(t *testing.T) {
	t.Parallel()
	passAll(t, formatJSON, Config{}, validJSON())
}

func TestEachLimitOfJSONIsTheSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		json       JSON
		good, over string
		rule       string
	}{
		{JSON{Depth: 3}, deep(3), deep(4), "json.depth"},
		{JSON{Depth: 1000}, deep(1000), deep(1001), "json.depth"},
		{JSON{Keys: 2}, `{"a":1,"b":2}`, `{"a":1,"b":2,"c":3}`, "json.keys"},
		{JSON{Elements: 2}, `[1,[2,3]]`, `[1,2,3]`, "json.elements"},
		{JSON{Values: 3}, `[1,2]`, `[1,2,3]`, "json.values"},
		{JSON{Key: 2}, `{"ab":1}`, `{"abc":1}`, "json.key"},
		{JSON{Key: 6}, `{"\u0061":1}`, `{"\u0061b":1}`, "json.key"},
		{JSON{String: 2}, `"é"`, `"éa"`, "json.string"},
		{JSON{Number: 3}, `-12`, `-123`, "json.number"},
		{JSON{Exponent: 9}, `1e9`, `1e-10`, "json.exponent"},
	} {
		s := newScanner(t, formatJSON, Config{JSON: c.json})
		if fault := everySplit(t, s, c.good); fault != nil {
			t.Errorf("%+v refuses %q: %v", c.json, c.good, fault)
		}
		if fault := everySplit(t, s, c.over); fault == nil || fault.Rule != c.rule {
			t.Errorf("%+v says of %q: %v", c.json, c.over, fault)
		}
	}
}

func TestDuplicateKeysMayBeAllowed(t *testing.T) {
	t.Parallel()
	passAll(t, formatJSON, Config{JSON: JSON{DuplicateKeys: "allow", Keys: 1_000_000, Values: 10_000_000}},
		[]string{`{"a":1,"a":2}`, "{" + strings.TrimSuffix(strings.Repeat(`"a":1,`, 200_000), ",") + "}"})
}

func TestNamesAreRememberedWithinABound(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteByte('{')
	for i := range maxNames + 1 {
		fmt.Fprintf(&b, `"%x":1,`, i)
	}
	refuseAll(t, formatJSON, Config{JSON: JSON{Keys: 1_000_000}, Inspect: registry.MiB},
		[]hostile{{"more than are compared", b.String(), "json.keys", CodeTooMany, -1}})
}

// TestNamesOfManyObjectsDoNotMeet has names come again in objects that follow
// and stand in each other, small and large.
func TestNamesOfManyObjectsDoNotMeet(t *testing.T) {
	t.Parallel()
	object := func(members int, inner string) string {
		var b strings.Builder
		for i := range members {
			fmt.Fprintf(&b, `"k%d":%d,`, i, i)
		}
		return "{" + b.String() + `"inner":` + inner + `,"last":0}`
	}
	doc := "1"
	for _, n := range []int{0, 5, 10, 11, 12, 13, 40, 300, 700} {
		doc = object(n, "["+doc+","+doc+"]")
	}
	passAll(t, formatJSON, Config{}, []string{doc})
}
