package registry_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

var seeds = []string{
	`{}`, `{"text":"a\u00e9","big":9007199254740993,"any":[1,{"a":null}],"policies":["public",{"cache":{"as":"x","ttl":"1s"}}]}`,
	`{"text":"\ud83d\ude00","nested":{"min":2},"pair":[1,2,3]}`, `{"a":1,"a":2}`, `[[[[`, `{"text":"\ud800"}`, `{"ratio":1e400}`,
	`{"wait":"soon","at":"2030-01-31T12:00:00Z","secret":{"env":"A"}}`, "\xff", `{"bytes":"AQI="} x`, `null`, `"public"`,
	`{"cache":{"off":true}}`, `{"cache":null}`, `{"":{}}`,
}

// What our decoder takes is JSON, and what encoding/json refuses it refuses.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got settings
		err := registry.Decode(raw, &got)
		if err == nil && len(raw) > 0 {
			require.True(t, json.Valid(raw))
			var std settings
			require.NoError(t, json.Unmarshal(raw, &std))
		}
		canonical, err := registry.Canonical(raw)
		if err != nil {
			return
		}
		require.True(t, json.Valid(raw))
		again, err := registry.Canonical(canonical)
		require.NoError(t, err)
		require.Equal(t, string(canonical), string(again))
	})
}

func FuzzPolicy(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p registry.Policy
		if p.UnmarshalJSON(raw) != nil {
			return
		}
		written, err := json.Marshal(p)
		require.NoError(t, err)
		var again registry.Policy
		require.NoError(t, again.UnmarshalJSON(written))
		if bytes.Equal(p.Config, []byte("{}")) {
			p.Config = nil
		}
		require.Equal(t, p, again)
	})
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"schema":"gateway/v1","apis":[{"name":"a","base_path":"/a","routes":[{"name":"r","match":{"path":"/"},"policies":["public"]}]}]}`))
	f.Add([]byte(`{"plans":[{"name":"p"}],"apis":[{"name":"a"}],"directory":{"subscriptions":[{"id":"s","consumer":"c","api":"a","plan":"p","keys":[{"id":"k","hash":""}]}]}}`))
	f.Add([]byte(`{"upstreams":[{"name":"u","endpoints":[{"url":"http://[::1]:80/x"}],"balancer":"x"}],"routes":[{"policies":[{"a":{"off":true}}]}]}`))
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := registry.DecodeDocument(raw, "a.json", 0)
		for _, fault := range registry.AsFaults(err) {
			require.NotEmpty(t, fault.Error())
		}
		snap, _, expandErr := d.Expand()
		if err != nil || expandErr != nil {
			return
		}
		for _, fault := range registry.AsFaults(registry.Validate(snap)) { // what another source may bring
			require.Contains(t, []string{"/endpoints", "/upstream"}, fault.Field, "%v", fault)
		}
	})
}
