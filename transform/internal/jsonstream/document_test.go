package jsonstream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

func null(pool *jsonstream.Pool, paths []jsonstream.Path) (*jsonstream.Program, error) {
	return jsonstream.Replace(pool, paths, "null")
}

func TestDocumentsAreEdited(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		do    maker
		paths string
		in    string
		want  string
	}{
		"a text is replaced":                         {redact, "ssn", `{"ssn":"1"}`, `{"ssn":"***"}`},
		"a number is replaced":                       {redact, "ssn", `{"ssn":-1.5e+3,"b":1}`, `{"ssn":"***","b":1}`},
		"a literal is replaced":                      {redact, "ssn", `{"ssn":true}`, `{"ssn":"***"}`},
		"an object is replaced as a whole":           {redact, "ssn", `{"ssn":{"a":[1,{"ssn":2}]},"b":1}`, `{"ssn":"***","b":1}`},
		"an array is replaced as a whole":            {null, "ssn", `{"ssn":[1,[2]]}`, `{"ssn":null}`},
		"a bare name is found at any depth":          {redact, "ssn", `[{"a":{"b":[{"ssn":1}]}}]`, `[{"a":{"b":[{"ssn":"***"}]}}]`},
		"a rooted name only at the root":             {redact, "$.ssn", `{"ssn":1,"a":{"ssn":2}}`, `{"ssn":"***","a":{"ssn":2}}`},
		"a path begins at the root":                  {redact, "card.number", `{"card":{"number":1},"x":{"card":{"number":2}}}`, `{"card":{"number":"***"},"x":{"card":{"number":2}}}`},
		"arrays on the way are passed through":       {redact, "card.number", `[{"card":[{"number":1},[{"number":2}]]}]`, `[{"card":[{"number":"***"},[{"number":"***"}]]}]`},
		"items ask for an array":                     {redact, "a[].b", `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		"each item is replaced":                      {redact, "a[]", `{"a":[1,"x",[2],{}]}`, `{"a":["***","***","***","***"]}`},
		"any member":                                 {redact, "a.*.b", `{"a":{"x":{"b":1},"y":{"b":2,"c":3}}}`, `{"a":{"x":{"b":"***"},"y":{"b":"***","c":3}}}`},
		"every one of equal members is replaced":     {redact, "ssn", `{"ssn":1,"ssn":2,"ssn":3}`, `{"ssn":"***","ssn":"***","ssn":"***"}`},
		"a name spelled with escapes is the same":    {redact, "ssn", `{"\u0073s\u006E":1,"a":2}`, `{"\u0073s\u006E":"***","a":2}`},
		"an escaped slash is a slash":                {redact, "a/b", `{"a\/b":1}`, `{"a\/b":"***"}`},
		"a surrogate pair is one character":          {redact, "x😀", `{"x\ud83d\uDE00":1,"x😀":2}`, `{"x\ud83d\uDE00":"***","x😀":"***"}`},
		"another case is another name":               {redact, "ssn", `{"SSN":1}`, `{"SSN":1}`},
		"a longer name is another name":              {redact, "ssn", `{"ssnx":1,"ss":2,"":3,"s\u0073":4}`, `{"ssnx":1,"ss":2,"":3,"s\u0073":4}`},
		"a name with dots is written with backslash": {redact, `a\.b`, `{"a.b":1,"a":{"b":2}}`, `{"a.b":"***","a":{"b":2}}`},
		"space stays":                                {redact, "ssn", " {\r\n\t\"ssn\" : 1 , \"b\" : 2 } ", " {\r\n\t\"ssn\" : \"***\" , \"b\" : 2 } "},

		"the only member is removed":            {jsonstream.Remove, "a", `{"a":1}`, `{}`},
		"the first member is removed":           {jsonstream.Remove, "a", `{"a":1,"b":2}`, `{"b":2}`},
		"the last member is removed":            {jsonstream.Remove, "b", `{"a":1,"b":2}`, `{"a":1}`},
		"a member in between is removed":        {jsonstream.Remove, "b", `{"a":1, "b":{"x":1}, "c":3}`, `{"a":1, "c":3}`},
		"the first two members are removed":     {jsonstream.Remove, "a b", `{"a":1,"b":2,"c":3}`, `{"c":3}`},
		"items are removed":                     {jsonstream.Remove, "a[]", `{"a":[1,2,3]}`, `{"a":[]}`},
		"each of equal members is removed":      {jsonstream.Remove, "a", `{"a":1,"x":0,"\u0061":2,"a":3}`, `{"x":0}`},
		"what is removed is removed in an item": {jsonstream.Remove, "a", `[{"a":1},{"b":[{"a":1,"c":2}]}]`, `[{},{"b":[{"c":2}]}]`},

		"nothing selected is nothing":             {jsonstream.Select, "", `{"a":1,"b":[1]}`, `{}`},
		"nothing selected of an array":            {jsonstream.Select, "", `[1,{"a":1},[2]]`, `[]`},
		"nothing selected of a scalar is null":    {jsonstream.Select, "a", `"secret"`, `null`},
		"a bare name begins at the root":          {jsonstream.Select, "a", `{"b":{"a":1},"a":2}`, `{"a":2}`},
		"what is selected stays with all in it":   {jsonstream.Select, "a", `{"a":{"b":[1,{"c":2}]},"x":1}`, `{"a":{"b":[1,{"c":2}]}}`},
		"a list is selected from, item by item":   {jsonstream.Select, "id", `[{"id":1,"x":2},{"id":3},4]`, `[{"id":1},{"id":3}]`},
		"only ways that lead on are kept":         {jsonstream.Select, "a.b", `{"x":{"b":1},"a":{"b":1,"c":2}}`, `{"a":{"b":1}}`},
		"a scalar on the way is not selected":     {jsonstream.Select, "a.b", `{"a":5}`, `{}`},
		"a scalar in place of items":              {jsonstream.Select, "a[].b", `{"a":[1,{"b":2},"x"],"b":1}`, `{"a":[{"b":2}]}`},
		"paths that overlap are one":              {jsonstream.Select, "a a.b", `{"a":{"b":1,"c":2}}`, `{"a":{"b":1,"c":2}}`},
		"each of equal members is selected from":  {jsonstream.Select, "a.b", `{"a":{"b":1},"a":{"c":2},"a":3}`, `{"a":{"b":1},"a":{}}`},
		"all members are selected below a star":   {jsonstream.Select, "*.b", `{"x":{"b":1,"c":1},"y":1}`, `{"x":{"b":1}}`},
		"an array of arrays keeps its inner ones": {jsonstream.Select, "a[][]", `{"a":[[1],2,[]]}`, `{"a":[[1],[]]}`},

		"the end of a text is kept":               {keepLast(4), "a", `{"a":"123-45-6789"}`, `{"a":"***6789"}`},
		"the end of a number is kept":             {keepLast(4), "a", `[{"a":4111111111111111}]`, `[{"a":"***1111"}]`},
		"nothing is kept of a short text":         {keepLast(4), "a", `{"a":"1234567","b":{"a":""}}`, `{"a":"***","b":{"a":"***"}}`},
		"nothing is kept of an object":            {keepLast(2), "a", `{"a":{"b":"12345678"}}`, `{"a":"***"}`},
		"nothing is kept of a literal":            {keepLast(1), "a", `{"a":true}`, `{"a":"***"}`},
		"an escape is one character":              {keepLast(2), "a", `{"a":"ab\u00e9\n"}`, `{"a":"***\u00e9\n"}`},
		"a character beyond ASCII is one":         {keepLast(2), "a", `{"a":"日本語の"}`, `{"a":"***語の"}`},
		"a surrogate pair is not cut into halves": {keepLast(1), "a", `{"a":"xx\ud83d\ude00"}`, `{"a":"***"}`},
		"a surrogate pair is kept whole":          {keepLast(2), "a", `{"a":"xx\ud83d\ude00"}`, `{"a":"***\ud83d\ude00"}`},

		"a scalar root stays":    {redact, "a", ` "text" `, ` "text" `},
		"a number as the root":   {jsonstream.Remove, "a", `12`, `12`},
		"an empty answer":        {redact, "a", ``, ``},
		"an answer of space":     {redact, "a", " \n", " \n"},
		"half a pair in a value": {redact, "a", `{"b":"\ud83d"}`, `{"b":"\ud83d"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := program(t, test.do, strings.Fields(test.paths)...)
			got, err := both(t, p, jsonstream.One, test.in)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestWhatIsNoJSONIsNotTaken(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"single quotes": `{'a':1}`, "a name without quotes": `{a:1}`, "a comment": `{"a":1/**/}`, "a line comment": "//x\n{}",
		"something behind the document": `{} x`, "a second document": `{}{}`, "a comma too many": `{"a":1,}`,
		"a comma too many in an array": `[1,]`, "a comma at the start": `[,1]`, "two commas": `[1,,2]`, "no comma": `[1 2]`,
		"no colon": `{"a" 1}`, "no value": `{"a":}`, "a number as a name": `{1:1}`, "NaN": `[NaN]`, "infinity": `[-Infinity]`,
		"a leading zero": `[01]`, "a leading plus": `[+1]`, "a point at the end": `[1.]`, "a point at the start": `[.5]`,
		"no exponent": `[1e]`, "a sign alone": `[-]`, "hexadecimal": `[0x1]`, "a byte order mark": "\xef\xbb\xbf{}",
		"UTF-16": "{\x00}\x00", "the wrong end of an object": `{"a":1]`, "the wrong end of an array": `[1}`,
		"an end without a start": `]`, "a literal in another case": `[True]`, "a literal cut short": `[tru]`, "undefined": `[undefined]`,
		"a control in a text": "[\"\x01\"]", "a line end in a text": "[\"a\nb\"]", "a tab in a name": "{\"a\tb\":1}", "an unknown escape": `["\x41"]`,
		"an escape of few digits": `["\u12"]`, "a digit that is none": `["\u12g4"]`, "invalid UTF-8": "[\"\xff\"]", "overlong UTF-8": "[\"\xc0\xaf\"]",
		"a surrogate in UTF-8": "[\"\xed\xa0\x80\"]", "beyond Unicode": "[\"\xf4\x90\x80\x80\"]", "UTF-8 cut short": "[\"\xe6\x97\"]",
		"invalid UTF-8 in a name": "{\"\xff\":1}", "half a pair in a name": `{"\ud83d":1}`, "half a pair before a letter": `{"\ud83dx":1}`,
		"the other half of a pair": `{"\ude00":1}`, "half a pair before an escape": `{"\ud83d\n":1}`, "two first halves": `{"\ud83d\ud83d":1}`,
		"NUL in a name": `{"ssn\u0000":1}`, "a form feed as space": "[\f]", "no-break space": "[\u00a0]", "cut in an object": `{"a":1`,
		"cut in a text": `["abc`, "cut in a name": `{"abc`, "cut behind a name": `{"a"`, "cut in a number": `[12`, "cut in a literal": `tr`,
		"cut in a number as the root": `1.`, "cut behind a comma": `[1,`, "semicolons": `[1;2]`, "backticks": "[`a`]",
	}
	for name, doc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, do := range []maker{redact, jsonstream.Remove, jsonstream.Select, keepLast(1)} {
				_, err := both(t, program(t, do, "x", "*.y"), jsonstream.One, doc)
				var fault *jsonstream.Fault
				require.ErrorAs(t, err, &fault)
				// also where nobody looks
				_, err = both(t, program(t, do, "x"), jsonstream.One, `{"x":`+doc)
				require.Error(t, err)
			}
		})
	}
}

func TestDepthIsBounded(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]maker{"redact": redact, "remove": jsonstream.Remove, "select": jsonstream.Select} {
		for _, paths := range [][]string{nil, {"a"}, {"a.b", "*"}} {
			p := program(t, do, paths...)
			deep := strings.Repeat("[", jsonstream.MaxDepth) + strings.Repeat("]", jsonstream.MaxDepth)
			_, err := both(t, p, jsonstream.One, deep)
			require.NoError(t, err, name)
			_, err = both(t, p, jsonstream.One, "["+deep+"]")
			require.ErrorContains(t, err, "too deep", name)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]maker{"redact": redact, "remove": jsonstream.Remove, "select": jsonstream.Select} {
		p := program(t, do, "ssn", "*.a")
		long := strings.Repeat("n", jsonstream.MaxRawName-1)
		doc := `{"pad":"` + strings.Repeat("p", 3000) + `","` + long + `":{"a":1,"ssn":2}}`
		_, err := both(t, p, jsonstream.One, doc)
		require.NoError(t, err, name)
		_, err = both(t, p, jsonstream.One, strings.Replace(doc, `n"`, `nnnnn"`, 1))
		require.ErrorContains(t, err, "too long", name)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	p := program(t, redact, "ssn")
	got, err := both(t, p, jsonstream.Lines, "{\"ssn\":1}\r\n\n[{\"ssn\":2}]\n 5 \n{\"a\":1}")
	require.NoError(t, err)
	require.Equal(t, "{\"ssn\":\"***\"}\r\n\n[{\"ssn\":\"***\"}]\n 5 \n{\"a\":1}", got)

	got, err = both(t, program(t, jsonstream.Select, "a"), jsonstream.Lines, "{\"ssn\":1,\"a\":2}\n5\n{}\n")
	require.NoError(t, err)
	require.Equal(t, "{\"a\":2}\nnull\n{}\n", got)

	for name, doc := range map[string]string{
		"a line end within a document": "{\"a\":\n1}\n", "two documents on a line": "{} {}\n", "the last line cut": "{}\n{\"a\":", "a record separator": "\x1e{}\n",
	} {
		_, err := both(t, p, jsonstream.Lines, doc)
		require.Error(t, err, name)
	}
}

func TestManyShortValuesGrowNoMemory(t *testing.T) {
	t.Parallel()
	content := "[" + strings.Repeat("1,", 50_000) + "1]"
	for _, do := range []maker{redact, keepLast(16)} {
		got, err := edit(program(t, do, "[]"), jsonstream.One, content, whole)
		require.NoError(t, err)
		require.Equal(t, "["+strings.Repeat(`"***",`, 50_000)+`"***"]`, got)
	}
	content = "[" + strings.Repeat(`"abcd",`, 20_000) + "1]"
	got, err := edit(program(t, keepLast(2), "[]"), jsonstream.One, content, whole)
	require.NoError(t, err)
	require.Equal(t, "["+strings.Repeat(`"***cd",`, 20_000)+`"***"]`, got)
}

func TestWhatGrowsIsGivenInPieces(t *testing.T) {
	t.Parallel()
	long, err := jsonstream.ParsePath("[]")
	require.NoError(t, err)
	p, err := jsonstream.Replace(jsonstream.NewPool(), []jsonstream.Path{long}, `"`+strings.Repeat("*", jsonstream.MaxText-2)+`"`)
	require.NoError(t, err)
	r := p.Over(strings.NewReader("["+strings.Repeat("1,", 5000)+"1]"), jsonstream.One, nil)
	total, buf := 0, make([]byte, 1<<20)
	for err == nil {
		var n int
		n, err = r.Read(buf)
		require.LessOrEqual(t, n, 16<<10)
		total += n
	}
	require.Equal(t, io.EOF, err)
	require.Equal(t, 5001*jsonstream.MaxText+5002, total)
}

func TestAReaderGivesWhatThereIs(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	r := program(t, redact, "ssn").Over(from, jsonstream.One, nil)
	buf := make([]byte, 100)
	for _, step := range []struct{ in, out string }{
		{`{"a": "te`, `{"a": "te`}, {`xt", "ssn": 12`, `xt", "ssn": "***"`}, {`34, "b": tr`, `, "b": tr`}, {`ue}`, `ue}`},
	} {
		go func() { _, _ = io.WriteString(to, step.in) }()
		n, err := r.Read(buf)
		require.NoError(t, err)
		require.Equal(t, step.out, string(buf[:n]))
	}
	require.NoError(t, to.Close())
	_, err := r.Read(buf)
	require.Equal(t, io.EOF, err)
	_, err = r.Read(buf)
	require.Equal(t, io.EOF, err, "the end does not stay")
}

func TestAFaultStays(t *testing.T) {
	t.Parallel()
	r := program(t, redact, "a").Over(strings.NewReader(`[1,2}`), jsonstream.One, nil)
	_, err := io.ReadAll(r)
	require.ErrorContains(t, err, "at byte 4")
	_, err = r.Read(make([]byte, 1))
	require.ErrorContains(t, err, "at byte 4")
}

func TestABrokenBodyIsBroken(t *testing.T) {
	t.Parallel()
	reset := errors.New("reset")
	for name, from := range map[string]io.Reader{
		"in a document":     io.MultiReader(strings.NewReader(`{"a":1`), iotest.ErrReader(reset)),
		"behind a document": io.MultiReader(strings.NewReader(`{"a":1}`), iotest.ErrReader(reset)),
		"at once":           iotest.ErrReader(reset),
	} {
		_, err := io.ReadAll(program(t, redact, "a").Over(from, jsonstream.One, nil))
		require.ErrorIs(t, err, reset, name)
	}
	_, err := io.ReadAll(program(t, redact, "a").Over(idle{}, jsonstream.One, nil))
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestTheFirstReadIsJudgedBeforeAnythingIsGiven(t *testing.T) {
	t.Parallel()
	p := program(t, redact, "a")
	require.Error(t, p.Over(strings.NewReader(`{"b":1,}`), jsonstream.One, nil).Begin())
	require.Error(t, p.Over(strings.NewReader(`<html>`), jsonstream.One, nil).Begin())
	require.Error(t, p.Over(iotest.ErrReader(io.ErrUnexpectedEOF), jsonstream.One, nil).Begin())

	r := p.Over(iotest.DataErrReader(strings.NewReader(`{"a":1}`)), jsonstream.One, nil)
	require.NoError(t, r.Begin())
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, `{"a":"***"}`, string(got))

	r = p.Over(&pieces{`{"a":1}}`, func() int { return 4 }}, jsonstream.One, nil)
	require.NoError(t, r.Begin())
	_, err = io.ReadAll(r)
	require.Error(t, err)
}

func TestStreamsOfOnePoolDoNotMix(t *testing.T) {
	t.Parallel()
	pool := jsonstream.NewPool()
	narrow, err := jsonstream.Replace(pool, nil, `"***"`)
	require.NoError(t, err)
	var many []jsonstream.Path
	for _, s := range strings.Fields(strings.Repeat("x.y.z.u.v.w ", 100)) {
		p, err := jsonstream.ParsePath(s)
		require.NoError(t, err)
		many = append(many, p)
	}
	ssn, err := jsonstream.ParsePath("a.b.ssn")
	require.NoError(t, err)
	wide, err := jsonstream.Replace(pool, append(many, ssn), `"***"`)
	require.NoError(t, err)
	for range 10 {
		got, err := edit(narrow, jsonstream.One, `{"a":{"b":{"ssn":1}}}`, whole)
		require.NoError(t, err)
		require.Equal(t, `{"a":{"b":{"ssn":1}}}`, got)
		_, err = edit(wide, jsonstream.One, `{"a":{"b":{"ssn":1`, whole) // ends within
		require.Error(t, err)
		got, err = edit(wide, jsonstream.One, `{"a":{"b":{"ssn":1}}}`, bytewise)
		require.NoError(t, err)
		require.Equal(t, `{"a":{"b":{"ssn":"***"}}}`, got)
	}
}

// TestMemoryIsBoundedByNoDocument reads 100 MB. No parallel test may measure
// what is allocated meanwhile.
func TestMemoryIsBoundedByNoDocument(t *testing.T) {
	for size, p := range map[int]*jsonstream.Program{
		100 << 20: program(t, redact, "ssn"), 10 << 20: program(t, jsonstream.Select, "data[].id"),
	} {
		record := []byte(`{"id":1,"ssn":"123-45-6789","note":"` + strings.Repeat("x", 8000) + `"},`)
		run := func(n int) float64 {
			return testing.AllocsPerRun(1, func() {
				from := io.MultiReader(strings.NewReader(`{"data":[`), &repeat{text: record, times: n}, strings.NewReader(`{}]}`))
				if _, err := io.Copy(io.Discard, struct{ io.Reader }{p.Over(from, jsonstream.One, nil)}); err != nil {
					t.Error(err)
				}
			})
		}
		require.InDelta(t, run(1), run(size/len(record)), 20) // the pool may lose what it keeps
	}
}

type repeat struct {
	text  []byte
	at    int
	times int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.times == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[r.at:])
	if r.at += n; r.at == len(r.text) {
		r.at = 0
		r.times--
	}
	return n, nil
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", ".", "a.", ".a", "a..b", "$", "$a", "a[", "a]", "a[0]", "a[].[]b", "[]a", "a*", "a.*b", `a\b`, `a\`, "a$", "a\x00", "\xff",
		strings.Repeat("a.", 16) + "a", strings.Repeat("a", 257),
	} {
		_, err := jsonstream.ParsePath(s)
		require.Error(t, err, "%q", s)
	}
	for s, steps := range map[string]int{"a": 1, "$.a": 1, "$[]": 1, "[]": 1, "a[][].b": 4, "*": 1, `\*.\$\[\]\.\\`: 2, "@type": 1, "a b": 1} {
		p, err := jsonstream.ParsePath(s)
		require.NoError(t, err, s)
		require.Equal(t, steps, p.Steps(), s)
	}
}

func TestProgramsAreBounded(t *testing.T) {
	t.Parallel()
	p, err := jsonstream.ParsePath("a.b.c.d.e.f.g.h")
	require.NoError(t, err)
	many := make([]jsonstream.Path, 129)
	for i := range many {
		many[i] = p
	}
	pool := jsonstream.NewPool()
	_, err = jsonstream.Remove(pool, many[:128])
	require.NoError(t, err)
	_, err = jsonstream.Remove(pool, many)
	require.Error(t, err)
	_, err = jsonstream.Replace(pool, nil, string(bytes.Repeat([]byte("1"), jsonstream.MaxText+1)))
	require.Error(t, err)
	for _, n := range []int{0, -1, jsonstream.MaxKeep + 1} {
		_, err = jsonstream.KeepLast(pool, nil, "", n)
		require.Error(t, err)
	}
}

// TestEveryByteAtEveryPlaceOfAString holds what is read eight bytes at a time
// to what is read byte by byte.
func TestEveryByteAtEveryPlaceOfAString(t *testing.T) {
	t.Parallel()
	p := program(t, redact, "ssn")
	read := func(document string, size func() int) (string, error) {
		out, err := io.ReadAll(p.Over(&pieces{document, size}, jsonstream.One, nil))
		return string(out), err
	}
	for _, form := range []string{`{"a":"%s"}`, `{"%s":1}`} {
		for length := range 18 {
			for at := range length {
				for c := range 256 {
					text := strings.Repeat("a", at) + string([]byte{byte(c)}) + strings.Repeat("z", length-at-1)
					document := fmt.Sprintf(form, text)
					want, wantErr := read(document, bytewise)
					got, err := read(document, whole)
					require.Equal(t, wantErr == nil, err == nil, "%q", document)
					if err == nil {
						require.Equal(t, want, got, "%q", document)
					}
				}
			}
		}
	}
}
