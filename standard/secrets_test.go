package standard_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// TestNoSettingIsASecretInPlainText walks the settings of every kind, and the
// document itself: what is named like a secret and can hold text is a
// registry.Secret, which can be referred to only.
func TestNoSettingIsASecretInPlainText(t *testing.T) {
	t.Parallel()
	kinds := append(slices.Clone(standard.All()), redislimit.KindFromURL("redis://localhost"))
	w := walker{seen: map[reflect.Type]bool{}}
	for _, k := range kinds {
		w.walk(k.KindName(), k.Settings())
	}
	w.walk("document", reflect.TypeFor[registry.Document]())
	require.Greater(t, w.fields, 150, "the walk sees the settings")
	for _, place := range w.found {
		t.Errorf("%s sounds like a secret, and its text would stand in documents, snapshots and the admin API; want a registry.Secret", place)
	}
}

func TestASecretInPlainTextIsSeen(t *testing.T) {
	t.Parallel()
	type inner struct {
		APIKey string `json:"api_key"`
	}
	type config struct {
		Password  string            `json:"password"`
		Token     *string           `json:"token"`
		Raw       []byte            `json:"private_key"`
		Secrets   map[string]string `json:"secrets"`
		Inner     []inner           `json:"inner"`
		Hidden    string            `json:"-"`
		Secret    registry.Secret   `json:"client_secret"`
		Keys      []registry.Secret `json:"keys"`
		MaxTokens int               `json:"max_tokens"`
		Keyboard  string            `json:"keyboard"`
		JWKSURL   string            `json:"jwks_url"`
		KeyFile   string            `json:"key_file"`
	}
	w := walker{seen: map[reflect.Type]bool{}}
	w.walk("k", pipeline.NewKind("k", func(*pipeline.Env, config) ([]pipeline.Stage, error) { return nil, nil }).Settings())
	require.Equal(t, []string{"k.password", "k.token", "k.private_key", "k.secrets", "k.inner.api_key"}, w.found)
}

type walker struct {
	seen   map[reflect.Type]bool
	fields int
	found  []string
}

func (w *walker) walk(place string, t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[registry.Secret]() || w.seen[t] {
		return
	}
	w.seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		at := place
		if name != "" {
			at += "." + name
		}
		w.fields++
		oneOfFew := f.Tag.Get("enum") != "" // words that the settings choose from: duplicate_keys
		if holdsText(f.Type) && soundsSecret(name) && !oneOfFew {
			w.found = append(w.found, at)
		}
		w.walk(at, f.Type)
	}
}

func holdsText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String:
		return true
	case reflect.Slice, reflect.Array:
		return t.Elem().Kind() == reflect.Uint8 || holdsText(t.Elem())
	case reflect.Pointer, reflect.Map:
		return holdsText(t.Elem())
	}
	return false
}

// soundsSecret looks at the words of a name. The path of a file is a reference.
func soundsSecret(name string) bool {
	if strings.HasSuffix(name, "_file") {
		return false
	}
	for word := range strings.SplitSeq(name, "_") {
		switch strings.TrimSuffix(word, "s") {
		case "key", "secret", "password", "passphrase", "passwd", "token", "credential", "pin", "salt", "apikey":
			return true
		}
	}
	return false
}
