package registry_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

type embedded struct {
	Shared string `json:"shared,omitempty"`
}

type nested struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

func (n nested) Validate() error {
	var fs registry.Faults
	if n.Max < n.Min {
		fs.Add("/max", "want at least min")
	}
	return fs.Err()
}

type settings struct {
	embedded
	Text     string            `json:"text,omitempty"`
	Flag     bool              `json:"flag"`
	Small    int8              `json:"small,omitzero"`
	Big      int64             `json:"big"`
	Unsigned uint16            `json:"unsigned"`
	Ratio    float32           `json:"ratio"`
	Wait     registry.Duration `json:"wait"`
	Rate     registry.Rate     `json:"rate"`
	At       time.Time         `json:"at"`
	Pointer  *nested           `json:"pointer"`
	Nested   nested            `json:"nested"`
	List     []nested          `json:"list"`
	Map      map[string]nested `json:"map"`
	Codes    map[int]string    `json:"codes"`
	Raw      json.RawMessage   `json:"raw"`
	Any      any               `json:"any"`
	Bytes    []byte            `json:"bytes"`
	Pair     [2]int            `json:"pair"`
	Policies []registry.Policy `json:"policies"`
	Secret   registry.Secret   `json:"secret"`
	Fixed    json.Number       `json:"fixed"`
	Hidden   string            `json:"-"`
	Untagged int
}

func TestDecodeFillsEveryKindOfField(t *testing.T) {
	t.Parallel()
	var got settings
	err := registry.Decode([]byte(` {"shared":"s","text":"a\u00e9\"","flag":true,"small":-128,"big":9007199254740993,
		"unsigned":65535,"ratio":0.5,"wait":"1m30s","rate":"5/s","at":"2030-01-31T12:00:00Z","pointer":{"min":1,"max":2},
		"nested":{"max":3},"list":[{"max":1},{"max":2}],"map":{"a":{"max":1}},"codes":{"404":"none"},"raw":{"b" : 1},
		"any":{"n":9007199254740993,"l":[1,null,true,"x"]},"bytes":"AQI=","pair":[1,2],"policies":["public",{"cache":{"as":"x","ttl":"1s"}}],
		"secret":{"env":"NAME"},"fixed":1e400,"Untagged":7} `), &got)
	require.NoError(t, err)
	require.Equal(t, settings{
		embedded: embedded{"s"}, Text: `aé"`, Flag: true, Small: -128, Big: 9007199254740993, Unsigned: 65535, Ratio: 0.5,
		Wait: registry.Duration(90 * time.Second), Rate: registry.Rate{Count: 5, Per: time.Second},
		At: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC), Pointer: &nested{1, 2}, Nested: nested{0, 3}, List: []nested{{0, 1}, {0, 2}},
		Map: map[string]nested{"a": {0, 1}}, Codes: map[int]string{404: "none"}, Raw: json.RawMessage(`{"b" : 1}`),
		Any:   map[string]any{"n": json.Number("9007199254740993"), "l": []any{json.Number("1"), nil, true, "x"}},
		Bytes: []byte{1, 2}, Pair: [2]int{1, 2}, Secret: registry.Secret{Env: "NAME"}, Fixed: "1e400", Untagged: 7,
		Policies: []registry.Policy{{Kind: "public"}, {Kind: "cache", Name: "x", Config: json.RawMessage(`{"ttl":"1s"}`)}},
	}, got)
}

func TestDecodeReportsEveryFaultWithItsPointer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"an unknown member":                        {`{"txet":1}`, []string{`/txet: unknown member "txet"; did you mean "text"?`}},
		"a member of another case":                 {`{"Text":"a"}`, []string{`/Text: unknown member "Text"; did you mean "text"?`}},
		"an untagged field has its Go name":        {`{"untagged":1}`, []string{`/untagged: unknown member "untagged"; did you mean "Untagged"?`}},
		"a field that is tagged out":               {`{"Hidden":"x","-":"x"}`, []string{`/Hidden: unknown member "Hidden"`, `/-: unknown member "-"`}},
		"a repeated member":                        {`{"any":{"a":1,"a":2}}`, []string{`/any/a: member "a" is given twice`}},
		"a repeated member spelt in another way":   {`{"text":"","t\u0065xt":""}`, []string{`/text: member "text" is given twice`}},
		"a repeated member within a policy":        {`{"policies":[{"a":{"b":1,"b":2}}]}`, []string{`/policies/0/a/b: member "b" is given twice`}},
		"a string for a number":                    {`{"big":"1"}`, []string{`/big: want a whole number, found the string "1"`}},
		"a number for a string":                    {`{"text":1}`, []string{`/text: want a string, found the number 1; write it in quotes`}},
		"a fraction for a whole number":            {`{"big":1.5,"small":1e2}`, []string{`/big: want a whole number, found 1.5`, `/small: want a whole number, found 1e2`}},
		"numbers out of range":                     {`{"small":128,"unsigned":-1,"ratio":1e300}`, []string{`/small: want a whole number from -128 to 127, found 128`, `/unsigned: want a whole number from 0 to 65535, found -1`, `/ratio: want a number of 32 bits, found 1e300`}},
		"null for what cannot be absent":           {`{"text":null,"nested":null,"flag":null,"wait":null}`, []string{`/text: want a string, found null`, `/nested: want an object, found null`, `/flag: want true or false, found null`, `/wait: want a string, found null`}},
		"an object for a list":                     {`{"list":{},"map":[]}`, []string{`/list: want a list, found an object`, `/map: want an object, found a list`}},
		"a list of the wrong length":               {`{"pair":[1,2,3]}`, []string{`/pair: want a list of 2, found one of 3`}},
		"a duration that is none":                  {`{"wait":"soon"}`, []string{`/wait: want a duration such as 800ms or 1m30s, not "soon"`}},
		"a time that is none":                      {`{"at":"soon"}`, []string{`/at: want a time such as 2030-01-31T12:00:00Z, not "soon"`}},
		"a literal where a secret is referred to":  {`{"secret":"hunter2"}`, []string{`/secret: want an object, found a string`}},
		"a secret that refers to nothing":          {`{"secret":{}}`, []string{`/secret: want either {env: NAME} or {file: PATH}`}},
		"what the nested values say of themselves": {`{"pointer":{"min":1},"list":[{},{"min":2}],"map":{"a/b":{"min":3}}}`, []string{`/pointer/max: want at least min`, `/list/1/max: want at least min`, `/map/a~1b/max: want at least min`}},
		"a wrong value is not judged further":      {`{"nested":{"min":1,"max":"2"}}`, []string{`/nested/max: want a whole number`}},
		"a policy of two kinds":                    {`{"policies":[{"a":{},"b":{}}]}`, []string{`/policies/0: want one kind, found 2`}},
		"another type":                             {`[]`, []string{`: want an object, found a list`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var into settings
			faults := registry.AsFaults(registry.Decode([]byte(c.in), &into))
			require.Len(t, faults, len(c.want), "%v", faults)
			for i, f := range faults {
				require.True(t, strings.HasPrefix(f.Field+": "+f.Err.Error(), c.want[i]), "%s: %s", f.Field, f.Err)
				require.NotContains(t, f.Error(), "hunter2")
			}
		})
	}
}

func TestDecodeRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"trailing data":                    `{} {}`,
		"a trailing comma":                 `{"text":"",}`,
		"a missing comma":                  `{"pair":[1 2]}`,
		"no end":                           `{"text":"`,
		"no value":                         `{"text":`,
		"invalid UTF-8":                    "{\"text\":\"\xff\"}",
		"half a surrogate pair":            `{"text":"\ud800"}`,
		"two first halves of a pair":       `{"text":"\ud800\ud800"}`,
		"a second half alone":              `{"text":"\udc00"}`,
		"an unknown escape sequence":       `{"text":"\x41"}`,
		"a control character":              "{\"text\":\"\n\"}",
		"a zero in front":                  `{"big":01}`,
		"a plus in front":                  `{"big":+1}`,
		"a point without digits":           `{"big":1.}`,
		"a comment":                        `{/**/}`,
		"NaN":                              `{"ratio":NaN}`,
		"a word with more behind it":       `{"flag":truest}`,
		"nesting without bound":            `{"any":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`,
		"a million brackets and no ending": strings.Repeat("[", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var syntax *registry.SyntaxError
			require.ErrorAs(t, registry.Decode([]byte(in), &settings{}), &syntax)
			require.LessOrEqual(t, syntax.Offset, len(in))
			_, err := registry.Canonical([]byte(in))
			require.ErrorAs(t, err, &syntax)
		})
	}
}

func TestDecodeListsABoundedNumberOfFaults(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"x":0`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `,"x%d":0`, i)
	}
	faults := registry.AsFaults(registry.Decode([]byte(b.String()+"}"), &settings{}))
	require.Len(t, faults, 201)
	require.ErrorContains(t, faults[200], "further faults")
}

func TestDecodeOfNothingIsAnEmptyObject(t *testing.T) {
	t.Parallel()
	var n nested
	require.NoError(t, registry.Decode(nil, &n))
	require.Error(t, registry.Decode(nil, n))
	require.Error(t, registry.Decode(nil, (*nested)(nil)))
}

func TestCanonicalKeepsDigitsAndSortsMembers(t *testing.T) {
	t.Parallel()
	got, err := registry.Canonical([]byte(` {"b":[9007199254740993, 1.50,"<"], "a" : null} `))
	require.NoError(t, err)
	require.Equal(t, `{"a":null,"b":[9007199254740993,1.50,"<"]}`, string(got))
	_, err = registry.Canonical([]byte(`{"a":{"b":1,"b":1}}`))
	require.ErrorContains(t, err, "given twice")
}

func TestPolicyRefusesWhatHasNoOneMeaning(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":{},"a":{}}`:          `member "a" is given twice`,
		`{"a":{"as":"x","as":""}}`: `member "as" is given twice`,
		`{"a":null}`:               "found null",
		`{"a":[]}`:                 "found a list",
		`{"":{}}`:                  "empty name",
		`""`:                       "empty string",
		`{"a":{"as":""}}`:          "want a name",
		`{"a":{"as":null}}`:        "want a name",
		`{"a":{"off":"true"}}`:     "want true or false",
		`{"a":{"off":null}}`:       "want true or false",
		`{"a":{"off":true,"b":1}}`: "no settings beside it",
		`{} {}`:                    "more after the end",
	} {
		var p registry.Policy
		require.ErrorContains(t, p.UnmarshalJSON([]byte(in)), want, in)
	}
}

func TestPolicyIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, p := range []registry.Policy{
		{Kind: "public"},
		{Kind: "cache", Name: "x", Off: true},
		{Kind: "a/b", Name: "ü", Config: json.RawMessage(`{"n":9007199254740993}`)},
	} {
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		var got registry.Policy
		require.NoError(t, json.Unmarshal(raw, &got))
		require.Equal(t, p, got)
	}
}

func ExampleDecode() {
	var limit struct {
		Rate  registry.Rate `json:"rate"`
		Burst int           `json:"burst"`
	}
	err := registry.Decode([]byte(`{"rate": "5/s", "brust": 10}`), &limit)
	for _, f := range registry.AsFaults(err) {
		fmt.Println(f.Field, f.Err)
	}
	// Output: /brust unknown member "brust"; did you mean "burst"?
}

func BenchmarkDecodePolicies(b *testing.B) {
	raw := []byte(`{"text":"x","wait":"5s","rate":"100/s","nested":{"min":1,"max":2},"list":[{"max":1}]}`)
	b.ReportAllocs()
	for b.Loop() {
		for range 10_000 {
			var s settings
			if err := registry.Decode(raw, &s); err != nil {
				b.Fatal(err)
			}
		}
	}
}
