package registry_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func TestUnitsOfAPlan(t *testing.T) {
	t.Parallel()
	var p registry.Plan
	require.NoError(t, registry.Decode([]byte(`{"name":"gold","units":{"tokens":[{"rate":"100000/minute","burst":5}]},"in_flight":8}`), &p))
	require.Equal(t, []registry.Limit{{Rate: registry.Rate{Count: 100_000, Per: time.Minute}, Burst: 5}}, p.Units.Of("tokens"))
	for _, unit := range []string{"bytes", "events", "words"} {
		require.Empty(t, p.Units.Of(unit))
	}
	require.Equal(t, 8, p.InFlight)
	require.Empty(t, p.UsageFaults())
	again, err := json.Marshal(p)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"gold","units":{"tokens":[{"rate":"100000/minute","burst":5}]},"in_flight":8}`, string(again))
	plain, err := json.Marshal(registry.Plan{Name: "free"})
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"free"}`, string(plain))
}

func TestEveryFaultOfUnitsIsNamed(t *testing.T) {
	t.Parallel()
	p := registry.Plan{Name: "p", InFlight: -1, Units: registry.Units{
		Bytes: []registry.Limit{{}}, Events: make([]registry.Limit, 9),
		Tokens: []registry.Limit{{Rate: registry.Rate{Count: 1, Per: time.Second}, Burst: -1}},
	}}
	var fields []string
	for _, f := range p.UsageFaults() {
		fields = append(fields, f.Field)
	}
	require.Equal(t, []string{"/units/bytes/0/rate", "/units/events"}, fields[:2])
	require.Equal(t, []string{"/units/tokens/0/burst", "/in_flight"}, fields[len(fields)-2:])

	d := &registry.Document{Environment: "test", Plans: []registry.Plan{p}}
	_, _, err := d.Expand()
	require.ErrorContains(t, err, `/units/bytes/0/rate: plan "p": want a rate such as 100000/minute`)
	_, err = registry.DecodeFeed([]byte(`{"cursor":"1","changes":[{"plan":{"name":"a","units":{"events":[{}]}}}]}`))
	require.ErrorContains(t, err, "/units/events/0/rate: want a rate")
	_, err = registry.DecodeFeed([]byte(`{"cursor":"1","changes":[{"plan":{"name":"a","units":{"words":[]}}}]}`))
	require.ErrorContains(t, err, `unknown field "words"`)
}
