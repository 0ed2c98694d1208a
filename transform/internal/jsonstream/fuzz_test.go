package jsonstream_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

func seeds() []string {
	return []string{
		`{"ssn":"123","a":{"ssn":[1,{"ssn":2}]},"ssn":null}`, `{"\u0073sn":1}`, `[{"a":[{"b":1,"ssn":2}]},"x",1.5e3,true]`, `{"a":"\ud83d\ude00"}`,
		`{'ssn':1}`, `{"ssn":1}//`, "\ufeff{}", `{"a":NaN}`, `{"a":1,}`, `{"ssn\u0000":1}`, `{"\ud800":1}`, ` `, `"\u12"`, "[\"\xff\"]", `{"SSN":1}`,
		strings.Repeat("[", 70), `{"a":1}{"ssn":2}`, `{"a":{"b":{"a":{"b":"cde"}}}}`, `-0`, `01`, `{"日本":"語","ssn":"語"}`, `{"a.b":1,"":2}`, `{"a":1e700}`,
	}
}

// FuzzMask looks into what comes out with two parsers, of which one takes the
// last of equal members and the other the first, and goes through all of them
// too. Neither may find what is masked.
func FuzzMask(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, uint8(1))
		f.Add(s, uint8(7))
	}
	programs := map[string]*jsonstream.Program{
		"redact": program(f, redact, "ssn"), "remove": program(f, jsonstream.Remove, "ssn"), "select": program(f, jsonstream.Select, "a.b", "id"),
	}
	f.Fuzz(func(t *testing.T, doc string, size uint8) {
		for do, p := range programs {
			out, err := edit(p, jsonstream.One, doc, func() int { return int(size) + 1 })
			judged(t, doc, err)
			if err != nil || strings.TrimSpace(out) == "" {
				continue
			}
			require.True(t, json.Valid([]byte(out)), out)
			require.True(t, gjson.Valid(out), out)
			atOnce, err := edit(p, jsonstream.One, doc, whole)
			require.NoError(t, err)
			require.Equal(t, compact(t, atOnce), compact(t, out))
			lookFor(t, do, out)
		}
	})
}

// judged holds the fault to what encoding/json says of the document.
func judged(t *testing.T, doc string, err error) {
	t.Helper()
	valid := json.Valid([]byte(doc)) && utf8.ValidString(doc)
	if err == nil {
		require.True(t, valid || strings.Trim(doc, " \r\n\t") == "", "%q was taken", doc)
		return
	}
	var fault *jsonstream.Fault
	require.ErrorAs(t, err, &fault)
	if valid {
		require.Contains(t, []string{
			"nested too deep", "half a surrogate pair in a name", "half a surrogate pair or NUL in a name", "a name that is too long",
		}, fault.Reason, "%q", doc)
	}
}

func lookFor(t *testing.T, do, out string) {
	t.Helper()
	var last any
	d := json.NewDecoder(strings.NewReader(out))
	d.UseNumber() // a number may be larger than any float
	require.NoError(t, d.Decode(&last))
	if do == "select" {
		selected(t, out)
		return
	}
	check := func(name string, text string) {
		if name == "ssn" {
			require.Equal(t, "redact", do, out)
			require.Equal(t, "***", text, out)
		}
	}
	byLast(last, check)
	byFirst(gjson.Parse(out), check)
	for _, path := range []string{"ssn", "a.ssn", "#.ssn", "a.b.ssn"} {
		for _, r := range gjson.Get(out, path).Array() {
			check("ssn", r.String())
		}
	}
}

// selected holds out to a.b and id, of an object or of each in a list.
func selected(t *testing.T, out string) {
	t.Helper()
	names := map[string]bool{"id": true, "a": true}
	inner := map[string]bool{"b": true}
	var walk func(r gjson.Result, allowed map[string]bool)
	walk = func(r gjson.Result, allowed map[string]bool) {
		require.True(t, r.IsObject() || r.IsArray() || r.Raw == "null", out)
		object := r.IsObject()
		if r.Raw == "null" { // the root only; ForEach of a scalar gives the scalar itself
			return
		}
		r.ForEach(func(name, value gjson.Result) bool {
			switch {
			case !object:
				walk(value, allowed)
			case !allowed[name.String()]:
				require.Fail(t, "not selected", "%q in %s", name.String(), out)
			case name.String() == "a":
				walk(value, inner)
			}
			return true
		})
	}
	walk(gjson.Parse(out), names)
}

func byLast(v any, check func(name, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			text, ok := value.(string)
			if !ok {
				text = "other"
			}
			check(name, text)
			byLast(value, check)
		}
	case []any:
		for _, value := range v {
			byLast(value, check)
		}
	}
}

func byFirst(r gjson.Result, check func(name, text string)) {
	if !r.IsObject() && !r.IsArray() {
		return
	}
	r.ForEach(func(name, value gjson.Result) bool {
		if r.IsObject() {
			check(name.String(), value.String())
		}
		byFirst(value, check)
		return true
	})
}

// FuzzParsePath holds paths to their bounds, and programs of them to any
// document.
func FuzzParsePath(f *testing.F) {
	for _, s := range append(paths(), `a\.b`, "$", "a[0]", "*.", `\`) {
		f.Add(s)
	}
	pool := jsonstream.NewPool()
	f.Fuzz(func(t *testing.T, s string) {
		p, err := jsonstream.ParsePath(s)
		if err != nil {
			return
		}
		require.LessOrEqual(t, p.Steps(), jsonstream.MaxSteps)
		made, err := jsonstream.Remove(pool, []jsonstream.Path{p})
		require.NoError(t, err)
		for _, doc := range seeds() {
			var fault *jsonstream.Fault
			if _, err := edit(made, jsonstream.One, doc, whole); err != nil {
				require.True(t, errors.As(err, &fault))
			}
		}
	})
}
