package standard_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/seed-f9645bd3/gateway"
	schemas "github.com/seed-f9645bd3/gateway/pipeline/schema"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/standard"
)

func schemaOf(t testing.TB) []byte {
	t.Helper()
	schema, err := standard.Schema()
	require.NoError(t, err)
	return schema
}

// TestThePublishedSchemaIsThatOfTheTypes holds docs/schema.json to the types.
func TestThePublishedSchemaIsThatOfTheTypes(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("..", "docs", "schema.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, schemaOf(t), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.True(t, string(want) == string(schemaOf(t)), "%s is not what the types say: go test ./standard -update makes it anew", golden)
}

func TestEveryReferenceOfTheSchemaLeadsSomewhere(t *testing.T) {
	t.Parallel()
	v := newValidator(t, schemaOf(t))
	used := map[string]bool{}
	walk(v.root, func(node map[string]any) {
		if ref, ok := node["$ref"].(string); ok {
			require.NotNil(t, v.resolve(ref))
			used[strings.TrimPrefix(ref, "#/$defs/")] = true
		}
	})
	defs, ok := v.root["$defs"].(map[string]any)
	require.True(t, ok)
	for name := range defs {
		require.True(t, used[name], "nothing leads to %s", name)
	}
	for _, k := range standard.All() {
		name := strings.Replace(k.Makes().String(), "[]pipeline.Stage", "policy", 1) + "." + k.KindName()
		require.Contains(t, defs, name, "each kind can be reached")
	}
}

func walk(value any, visit func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value)
		for _, v := range value {
			walk(v, visit)
		}
	case []any:
		for _, v := range value {
			walk(v, visit)
		}
	}
}

// documents returns the YAML or JSON documents of a text as JSON values.
func documents(t testing.TB, text []byte) (all []any, err error) {
	t.Helper()
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var v any
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		if v != nil {
			all = append(all, decode(t, raw))
		}
	}
}

// faultsOf returns what the schema has against the documents of a text.
func faultsOf(t testing.TB, v *validator, text []byte) (faults []string) {
	t.Helper()
	all, err := documents(t, text)
	if err != nil {
		return []string{err.Error()}
	}
	for _, document := range all {
		faults = append(faults, v.faults(document)...)
	}
	return faults
}

// TestTheSchemaTakesWhatLoads takes the configurations of the README and of
// the demo, and those of all scripts that load. What it refuses, the gateway
// refuses.
func TestTheSchemaTakesWhatLoads(t *testing.T) {
	t.Parallel()
	schema, err := schemas.Of(append(standard.All(), redislimit.KindFromURL("redis://localhost"))...)
	require.NoError(t, err)
	v, taken := newValidator(t, schema), 0
	for name, text := range map[string][]byte{"demo.yaml": demo(t), "README.md": readme(t)} {
		require.Empty(t, faultsOf(t, v, text), name)
	}
	for name, text := range scripted(t) {
		if load(t, text) == nil {
			taken++
			require.Empty(t, faultsOf(t, v, text), "%s loads:\n%s", name, text)
		}
	}
	require.Greater(t, taken, 60)
}

// scripted returns the configurations of all scripts, by where they stand.
func scripted(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, archive := range archives(t, "gatewaytest", "testdata") {
		for i, f := range archive.Files {
			if f.Name == "gateway.yaml" {
				all[fmt.Sprint(name, " ", i)] = f.Data
			}
		}
	}
	return all
}

// archives returns the txtar files of a folder of the module, by their names.
func archives(t testing.TB, folder ...string) map[string]*txtar.Archive {
	t.Helper()
	all := map[string]*txtar.Archive{}
	paths, err := filepath.Glob(filepath.Join("..", filepath.Join(folder...), "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		all[filepath.Base(path)], err = txtar.ParseFile(path)
		require.NoError(t, err)
	}
	return all
}

// load tells whether a gateway takes the configuration of a script, whose
// upstreams are in process.
func load(t testing.TB, text []byte) error {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "gateway.yaml")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("0123456789abcdef"), 0o600))
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte("$DIR"), []byte(folder)), 0o600))
	update, err := file.Load(path)
	if err != nil {
		return err
	}
	options := []gateway.Option{standard.Kinds()}
	for _, u := range update.Snapshot.Upstreams {
		options = append(options, gateway.Upstream(u.Name, http.NotFoundHandler()))
	}
	g, err := gateway.New(options...)
	require.NoError(t, err)
	defer func() { require.NoError(t, g.Close()) }()
	return g.Check(t.Context(), update.Snapshot)
}

// TestTheSchemaRefusesWhatIsDecodedStrictly refuses, at its place or around
// it, each fault of a member, a type or a form that the decoder finds.
func TestTheSchemaRefusesWhatIsDecodedStrictly(t *testing.T) {
	t.Parallel()
	v, refused := newValidator(t, schemaOf(t)), 0
	strict := regexp.MustCompile(`(?m)^\S+:\d+:\d+: (/\S*): .*(?:unknown (?:member|word|priority)|want (?:one kind|a kind|a list|a string|an object|a whole number|true or false|a rate|a name$|"gateway/v1")|off: true takes)`)
	for name, archive := range archives(t, "registry", "file", "testdata", "faults") {
		last := len(archive.Files) - 1
		told := strict.FindAllStringSubmatch(string(archive.Files[last].Data), -1)
		if len(told) == 0 || unreadable(t, archive.Files[:last]) {
			continue
		}
		var faults []string
		for _, f := range archive.Files[:last] {
			faults = append(faults, faultsOf(t, v, f.Data)...)
		}
		for _, m := range told {
			refused++
			require.True(t, slices.ContainsFunc(faults, func(f string) bool { return around(f, m[1]) }), "%s: %s in %q", name, m[0], faults)
		}
	}
	require.Greater(t, refused, 20, "faults")
}

// unreadable reports whether there is a file that is no YAML.
func unreadable(t testing.TB, files []txtar.File) bool {
	t.Helper()
	return slices.ContainsFunc(files, func(f txtar.File) bool { _, err := documents(t, f.Data); return err != nil })
}

// around reports whether a fault of the validator is at the place or at what
// it lies within.
func around(fault, place string) bool {
	at, _, _ := strings.Cut(fault, ": ")
	return at != "" && (place == at || strings.HasPrefix(place, at+"/"))
}

func readme(t testing.TB) []byte {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "README.md"))
	require.NoError(t, err)
	found := regexp.MustCompile("(?s)```yaml\n(schema: .*?)```").FindSubmatch(page)
	require.NotNil(t, found)
	return found[1]
}

// demo returns the configuration of the demo with its gaps filled.
func demo(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "examples", "reference", "demo.yaml"))
	require.NoError(t, err)
	filled, err := template.New("demo").Parse(string(raw))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, filled.Execute(&out, map[string]any{
		"Backends": map[string]string{}, "Hashes": map[string]string{}, "JWKS": "https://idp.demo/keys", "Secret": "secret", "Redis": "127.0.0.1:6379",
	}))
	return out.Bytes()
}
