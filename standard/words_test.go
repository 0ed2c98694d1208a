package standard_test

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// TestTheWordsOfATagAreThoseOfValidate keeps the tags that only the schema
// reads from telling another tale than the gateway.
func TestTheWordsOfATagAreThoseOfValidate(t *testing.T) {
	t.Parallel()
	checked := words(t, reflect.TypeFor[registry.Document](), func(v any) error {
		document, ok := v.(*registry.Document)
		require.True(t, ok)
		for i := range document.APIs { // whose routes inherit its protocol
			document.APIs[i].Routes = append(document.APIs[i].Routes, registry.APIRoute{Name: "one more"})
		}
		_, _, err := document.Expand()
		return err
	})
	for _, k := range standard.All() {
		checked += words(t, k.Settings(), func(v any) error {
			if c, ok := v.(interface{ Validate() error }); ok {
				return c.Validate()
			}
			return nil
		})
	}
	require.Greater(t, checked, 20)
}

// words tries, in each field of the type that has a tag, each of its words and
// one that is not among them, and returns how many fields there are.
func words(t *testing.T, top reflect.Type, validate func(any) error) (fields int) {
	t.Helper()
	refused := func(way []int, word string) bool {
		v := reflect.New(top)
		put(v.Elem(), way, word)
		err := validate(v.Interface())
		return err != nil && strings.Contains(err.Error(), " "+strconv.Quote(word))
	}
	tagged(top, nil, func(way []int, f reflect.StructField) {
		fields++
		at := fmt.Sprint(top, " ", f.Name)
		require.True(t, refused(way, "no_such_word"), "%s: the tag says that few words are taken, and Validate takes all", at)
		for word := range strings.SplitSeq(f.Tag.Get("enum"), ",") {
			require.False(t, refused(way, word), "%s: the tag says %q, and Validate refuses it", at, word)
		}
	})
	return fields
}

// tagged visits the fields with words, with the way to each.
func tagged(t reflect.Type, way []int, visit func(way []int, f reflect.StructField)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f, further := t.Field(i), append(append([]int{}, way...), i)
		switch {
		case !f.IsExported():
		case f.Tag.Get("enum") != "":
			visit(further, f)
		default:
			tagged(f.Type, further, visit)
		}
	}
}

// put sets the string at the end of the way, and makes what lies on it.
func put(v reflect.Value, way []int, word string) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		put(v.Elem(), way, word)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		put(v.Index(0), way, word)
	case len(way) > 0:
		put(v.Field(way[0]), way[1:], word)
	default:
		v.SetString(word)
	}
}
