package schema_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/schema"
	"github.com/seed-f9645bd3/gateway/registry"
)

type shared struct {
	Zone   string `json:"zone"`
	Hidden string `json:"hidden"`
}

type Tree struct {
	Children []Tree `json:"children"`
}

type open struct{ raw string }

func (o *open) UnmarshalJSON(raw []byte) error { o.raw = string(raw); return nil }

type everything struct {
	shared
	*Tree
	Hidden  int                 `json:"hidden"`
	Ignored string              `json:"-"`
	Plain   string              // its member has its own name
	Flag    *bool               `json:"flag"`
	Small   int8                `json:"small"`
	Port    uint16              `json:"port"`
	Count   uint64              `json:"count"`
	Share   float64             `json:"share"`
	Sum     []byte              `json:"sum"`
	Pair    [2]string           `json:"pair"`
	Labels  map[string][]string `json:"labels"`
	Codes   map[int]bool        `json:"codes"`
	Any     any                 `json:"any"`
	Number  json.Number         `json:"number"`
	Open    open                `json:"open"`
	Wait    registry.Duration   `json:"wait"`
	Rate    registry.Rate       `json:"rate"`
	Size    registry.Size       `json:"size"`
	Secret  registry.Secret     `json:"secret"`
	Until   time.Time           `json:"until"`
	Network netip.Prefix        `json:"network"`
	Words   []string            `json:"words" enum:"one,two"`
	Tool    *registry.Policy    `json:"tool" kind:"schema_test.tool"`
	Steps   []registry.Policy   `json:"steps"`
	Missing registry.Policy     `json:"missing" kind:"schema_test.nothing"`
	Channel chan int            `json:"channel"`
}

type tool struct{}

type needy struct {
	Name string `json:"name"`
}

func (n needy) Validate() error {
	var faults registry.Faults
	if n.Name == "" {
		faults.Add("/name", "want a name")
	}
	return faults.Err()
}

type frail struct {
	Inner *needy `json:"inner"`
}

func (f frail) Validate() error { return f.Inner.Validate() } // panics where there is none

func kind[C, T any](name string) pipeline.Kind[T] {
	return pipeline.NewKind(name, func(*pipeline.Env, C) (made T, err error) { return made, nil })
}

// definitions returns those of the schema of the kinds, in one line each.
func definitions(t *testing.T, kinds ...pipeline.AnyKind) map[string]string {
	t.Helper()
	raw, err := schema.Of(kinds...)
	require.NoError(t, err)
	var root struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(raw, &root))
	lines := map[string]string{}
	for name, def := range root.Defs {
		line, err := registry.Canonical(def)
		require.NoError(t, err)
		lines[name] = string(line)
	}
	return lines
}

func TestEachTypeHasTheFormThatIsDecoded(t *testing.T) {
	t.Parallel()
	defs := definitions(t, kind[everything, []pipeline.Stage]("all"), kind[needy, tool]("hammer"), kind[struct{}, tool]("tongs"))
	var def struct {
		Properties map[string]json.RawMessage
		Others     *bool `json:"additionalProperties"`
	}
	require.NoError(t, json.Unmarshal([]byte(defs["policy.all"]), &def))
	require.NotNil(t, def.Others)
	require.False(t, *def.Others, "what is not listed is refused")
	got := map[string]string{}
	for name, property := range def.Properties {
		got[name] = string(property)
	}
	require.Equal(t, map[string]string{
		"as":       `{"minLength":1,"type":"string"}`,
		"off":      `{"type":"boolean"}`,
		"zone":     `{"type":"string"}`,
		"children": `{"items":{"$ref":"#/$defs/schema_test.Tree"},"type":["array","null"]}`,
		"hidden":   `{"type":"integer"}`,
		"Plain":    `{"type":"string"}`,
		"flag":     `{"anyOf":[{"type":"boolean"},{"type":"null"}]}`,
		"small":    `{"maximum":127,"minimum":-128,"type":"integer"}`,
		"port":     `{"maximum":65535,"minimum":0,"type":"integer"}`,
		"count":    `{"minimum":0,"type":"integer"}`,
		"share":    `{"type":"number"}`,
		"sum":      `{"items":{"maximum":255,"minimum":0,"type":"integer"},"type":["array","null","string"]}`,
		"pair":     `{"items":{"type":"string"},"maxItems":2,"minItems":2,"type":"array"}`,
		"labels":   `{"additionalProperties":{"items":{"type":"string"},"type":["array","null"]},"type":["object","null"]}`,
		"codes":    `{"additionalProperties":{"type":"boolean"},"propertyNames":{"pattern":"^[-+]?[0-9]+$"},"type":["object","null"]}`,
		"any":      `{}`,
		"number":   `{"type":"number"}`,
		"open":     `{}`,
		"wait":     `{"$ref":"#/$defs/registry.Duration"}`,
		"rate":     `{"$ref":"#/$defs/registry.Rate"}`,
		"size":     `{"$ref":"#/$defs/registry.Size"}`,
		"secret":   `{"$ref":"#/$defs/registry.Secret"}`,
		"until":    `{"format":"date-time","type":"string"}`,
		"network":  `{"type":"string"}`,
		"words":    `{"items":{"enum":["one","two"],"type":"string"},"type":["array","null"]}`,
		"tool":     `{"anyOf":[{"$ref":"#/$defs/schema_test.tool"},{"type":"null"}]}`,
		"steps":    `{"items":{"$ref":"#/$defs/policy"},"type":["array","null"]}`,
		"missing":  `{"$ref":"#/$defs/schema_test.nothing"}`,
		"channel":  `{"not":{}}`,
	}, got)
	require.Equal(t, `{"not":{}}`, defs["schema_test.nothing"], "no kind makes it")
}

func TestOnlyKindsThatNeedNoSettingsStandBare(t *testing.T) {
	t.Parallel()
	defs := definitions(t, kind[struct{}, []pipeline.Stage]("plain"), kind[needy, []pipeline.Stage]("needy"),
		kind[frail, []pipeline.Stage]("frail"), kind[map[string]int, []pipeline.Stage]("free"), kind[struct{}, tool]("tongs"))
	require.Contains(t, defs["policy"], `{"enum":["free","plain"]}`)
	require.NotContains(t, defs["policy"], "tongs", "it makes something else")
	require.NotContains(t, defs["policy.plain"], "minProperties")
	require.Contains(t, defs["policy.needy"], `"minProperties":1`)
	require.Contains(t, defs["policy.frail"], `"minProperties":1`)
	require.Contains(t, defs["policy.free"], `"additionalProperties":{"type":"integer"}`)
	require.Contains(t, defs["policy.needy"], `"allOf":[{"$ref":"#/$defs/off"}]`)
	require.Equal(t, `{"if":{"properties":{"off":{"const":true}},"required":["off"]},"then":{"propertyNames":{"enum":["as","off"]}}}`, defs["off"])
}

func TestNamesOfDefinitionsAreTheirOwn(t *testing.T) {
	t.Parallel()
	type API struct { // called as a type of package registry is, where the package is cut off
		Deep map[string]struct {
			Size int `json:"size"`
		} `json:"deep"`
	}
	defs := definitions(t, kind[API, []pipeline.Stage]("a b"), kind[API, []pipeline.Stage]("a/b"))
	require.Contains(t, defs, "policy.a-b")
	require.Contains(t, defs, "policy.a-b-2")
	for name := range defs {
		require.Regexp(t, `^[A-Za-z0-9._-]+$`, name)
	}
}

func TestTheSchemaIsTheSameInWhateverOrder(t *testing.T) {
	t.Parallel()
	a, b := kind[struct{}, []pipeline.Stage]("a"), kind[needy, []pipeline.Stage]("b")
	one, err := schema.Of(a, b)
	require.NoError(t, err)
	other, err := schema.Of(b, a)
	require.NoError(t, err)
	require.Equal(t, string(one), string(other))
	require.True(t, strings.HasPrefix(string(one), "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"))
}

func TestKindsHaveToBeTellable(t *testing.T) {
	t.Parallel()
	_, err := schema.Of(kind[struct{}, tool]("a"), kind[struct{}, tool]("a"))
	require.ErrorContains(t, err, "given twice")
	_, err = schema.Of(nil)
	require.ErrorContains(t, err, "nil")
	text, err := schema.Of()
	require.NoError(t, err)
	require.Contains(t, string(text), `"not": {}`, "without kinds there are no policies")
}
