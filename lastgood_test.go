package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry"
)

// secret writes a key and returns the reference to it.
func secret(t testing.TB, key string) registry.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, writeFile(path, []byte(key)))
	return registry.Secret{File: path}
}

func TestALastGoodFileIsBelievedByItsSignature(t *testing.T) {
	t.Parallel()
	older, newer, foreign := secret(t, "0123456789abcdef"), secret(t, "fedcba9876543210"), secret(t, "another-key-altogether")
	written := func(options ...gateway.LastGoodOption) []byte {
		path := filepath.Join(t.TempDir(), "last-good.json")
		g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.LastGood(path, options...))
		require.NoError(t, err)
		require.NoError(t, g.Apply(t.Context(), registry.Update{Snapshot: snapshot("7", public("one", "/one", "b"))}))
		require.NoError(t, g.Close())
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		return raw
	}
	plain, signed := written(), written(gateway.SignedBy(older))
	altered := func(member, value string) []byte {
		var e map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(signed, &e))
		e[member] = json.RawMessage(value)
		raw, err := json.Marshal(e)
		require.NoError(t, err)
		return raw
	}
	for _, tt := range []struct {
		name    string
		file    []byte
		options []gateway.LastGoodOption
		refused string
	}{
		{"one that the key has signed", signed, []gateway.LastGoodOption{gateway.SignedBy(older)}, ""},
		{"one that an older key has signed", signed, []gateway.LastGoodOption{gateway.SignedBy(newer, older)}, ""},
		{"one that is signed, where nobody asks", signed, nil, ""},
		{"one that is not signed, where nobody asks", plain, nil, ""},
		{"one that is not signed", plain, []gateway.LastGoodOption{gateway.SignedBy(older)}, "it is not signed"},
		{"one that another key has signed", signed, []gateway.LastGoodOption{gateway.SignedBy(newer, foreign)}, "none of the keys"},
		{"one that is said to be younger", altered("heard", `"2099-01-01T00:00:00Z"`), []gateway.LastGoodOption{gateway.SignedBy(older)}, "none of the keys"},
		{"one whose signature is cut", altered("hmac_sha256", `"00"`), []gateway.LastGoodOption{gateway.SignedBy(older)}, "none of the keys"},
		{"one whose content is another", []byte(strings.Replace(string(signed), "/one", "/two", 1)), []gateway.LastGoodOption{gateway.SignedBy(older)}, "checksum"},
		{"one of another format", altered("format", `"gateway-last-good/1"`), []gateway.LastGoodOption{gateway.SignedBy(older)}, "format"},
		{"one without a time", altered("taken", `""`), nil, "parsing time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "last-good.json")
			require.NoError(t, writeFile(path, tt.file))
			away := sourceFunc(func(context.Context, func(registry.Update) error) error { return errors.New("registry is away") })
			g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Source(away), gateway.LastGood(path, tt.options...))
			require.NoError(t, err)
			if tt.refused != "" {
				err := g.Run(t.Context())
				require.ErrorIs(t, err, gateway.ErrLastGood)
				require.ErrorContains(t, err, tt.refused)
				return
			}
			end := running(t, g)
			<-g.Ready()
			require.Equal(t, "last_good", g.Config().Origin)
			require.NoError(t, end())
		})
	}
}

func TestAKeyThatSignsIsLongEnoughAndThere(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]gateway.LastGoodOption{
		"no key":                      gateway.SignedBy(),
		"a short key":                 gateway.SignedBy(secret(t, "0123456789abcde")),
		"a key that is nowhere":       gateway.SignedBy(registry.Secret{File: "/no/such/key"}),
		"a reference to no key":       gateway.SignedBy(registry.Secret{}),
		"a second key that is absent": gateway.SignedBy(secret(t, "0123456789abcdef"), registry.Secret{File: "/no/such/key"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gateway.New(gateway.LastGood("last-good.json", option))
			require.ErrorContains(t, err, "SignedBy")
		})
	}
}
