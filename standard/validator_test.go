package standard_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A validator knows the keywords of JSON Schema that the schema is made of,
// and says of others that it does not.
type validator struct {
	t    testing.TB
	root map[string]any
}

func newValidator(t testing.TB, schema []byte) *validator {
	t.Helper()
	root, ok := decode(t, schema).(map[string]any)
	require.True(t, ok)
	return &validator{t, root}
}

// decode reads JSON without losing a digit.
func decode(t testing.TB, raw []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v))
	return v
}

// faults returns what is wrong with a value, each with its place; nothing
// where it is valid.
func (v *validator) faults(value any) []string { return v.check(v.root, value, "") }

func (v *validator) check(schema any, value any, at string) []string {
	if is, ok := schema.(bool); ok {
		if is {
			return nil
		}
		return []string{at + ": not taken"}
	}
	node, ok := schema.(map[string]any)
	require.True(v.t, ok, "%T is no schema", schema)
	var faults []string
	for keyword, want := range node {
		faults = append(faults, v.keyword(node, keyword, want, value, at)...)
	}
	return faults
}

func (v *validator) keyword(node map[string]any, keyword string, want, value any, at string) []string {
	fail := func(wrong bool) []string {
		if wrong {
			return []string{fmt.Sprintf("%s: %s %v", at, keyword, want)}
		}
		return nil
	}
	switch keyword {
	case "$schema", "$defs", "title", "then", "description":
		return nil
	case "$ref":
		return v.check(v.resolve(want), value, at)
	case "type":
		return fail(!slices.ContainsFunc(list(want), func(t any) bool { return isOf(t, value) }))
	case "enum":
		return fail(!slices.Contains(list(want), value))
	case "const":
		return fail(want != value)
	case "anyOf", "oneOf":
		n := v.matching(list(want), value, at)
		return fail(n == 0 || keyword == "oneOf" && n > 1)
	case "allOf":
		var faults []string
		for _, s := range list(want) {
			faults = append(faults, v.check(s, value, at)...)
		}
		return faults
	case "if":
		if len(v.check(want, value, at)) == 0 {
			return v.check(node["then"], value, at)
		}
		return nil
	case "not":
		return fail(len(v.check(want, value, at)) == 0)
	}
	switch value := value.(type) {
	case string:
		return fail(v.text(keyword, want, value))
	case json.Number:
		return fail(v.number(keyword, want, value))
	case []any:
		return v.array(keyword, want, value, at)
	case map[string]any:
		return v.object(node, keyword, want, value, at)
	}
	return nil
}

func (v *validator) matching(schemas []any, value any, at string) (n int) {
	for _, s := range schemas {
		if len(v.check(s, value, at)) == 0 {
			n++
		}
	}
	return n
}

// resolve returns the definition that a reference leads to.
func (v *validator) resolve(ref any) any {
	name, ok := strings.CutPrefix(fmt.Sprint(ref), "#/$defs/")
	require.True(v.t, ok, "reference %v", ref)
	defs, ok := v.root["$defs"].(map[string]any)
	require.True(v.t, ok)
	require.Contains(v.t, defs, name)
	return defs[name]
}

func (v *validator) text(keyword string, want any, value string) (wrong bool) {
	switch keyword {
	case "pattern":
		return !regexp.MustCompile(fmt.Sprint(want)).MatchString(value)
	case "minLength":
		return utf8.RuneCountInString(value) < int(rational(want).Num().Int64())
	case "format":
		require.Equal(v.t, "date-time", want)
		_, err := time.Parse(time.RFC3339, value)
		return err != nil
	}
	v.known(keyword)
	return false
}

func (v *validator) number(keyword string, want any, value json.Number) (wrong bool) {
	switch keyword {
	case "minimum":
		return rational(value).Cmp(rational(want)) < 0
	case "maximum":
		return rational(value).Cmp(rational(want)) > 0
	}
	v.known(keyword)
	return false
}

func (v *validator) array(keyword string, want any, value []any, at string) (faults []string) {
	switch keyword {
	case "items":
		for i, item := range value {
			faults = append(faults, v.check(want, item, fmt.Sprintf("%s/%d", at, i))...)
		}
		return faults
	}
	v.known(keyword)
	return nil
}

func (v *validator) object(node map[string]any, keyword string, want any, value map[string]any, at string) (faults []string) {
	named, _ := node["properties"].(map[string]any)
	for name, member := range value {
		within := at + "/" + name
		switch known, ok := named[name]; {
		case keyword == "properties" && ok:
			faults = append(faults, v.check(known, member, within)...)
		case keyword == "additionalProperties" && !ok:
			faults = append(faults, v.check(want, member, within)...)
		case keyword == "propertyNames":
			faults = append(faults, v.check(want, name, within)...)
		}
	}
	if v.members(keyword, want, value) {
		faults = append(faults, fmt.Sprintf("%s: %s %v", at, keyword, want))
	}
	return faults
}

func (v *validator) members(keyword string, want any, value map[string]any) (wrong bool) {
	switch n := big.NewRat(int64(len(value)), 1); keyword {
	case "required":
		return slices.ContainsFunc(list(want), func(name any) bool { _, ok := value[fmt.Sprint(name)]; return !ok })
	case "minProperties":
		return n.Cmp(rational(want)) < 0
	case "maxProperties":
		return n.Cmp(rational(want)) > 0
	}
	v.known(keyword)
	return false
}

// known fails at a keyword that is not for any type of value.
func (v *validator) known(keyword string) {
	require.Contains(v.t, []string{
		"pattern", "minLength", "format", "minimum", "maximum", "items", "properties", "additionalProperties",
		"propertyNames", "required", "minProperties", "maxProperties",
	}, keyword, "the validator does not know the keyword")
}

func isOf(kind, value any) bool {
	switch value := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case json.Number:
		return kind == "number" || kind == "integer" && rational(value).IsInt()
	case []any:
		return kind == "array"
	default:
		return kind == "object"
	}
}

func rational(n any) *big.Rat {
	r, ok := new(big.Rat).SetString(fmt.Sprint(n))
	if !ok {
		return new(big.Rat)
	}
	return r
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}
