package redislimit_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

func caller(consumer string) *pipeline.Exchange {
	return gatewaytest.NewExchange(http.MethodGet, "/", gatewaytest.Identity(&pipeline.Identity{Subject: consumer, Consumer: consumer}))
}

func TestAConfigurationNamesIt(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	newClock(m)
	for _, kind := range []pipeline.Kind[ratelimit.Limiter]{
		redislimit.Kind(dial(t, m.Addr())), redislimit.KindFromURL("redis://" + m.Addr()),
	} {
		m.FlushAll()
		const config = `{"per":"consumer","rate":"2/hour","store":{"redis":{"timeout":"9s","prefix":"shop:"}}}`
		var stages [2]pipeline.Stage // of two instances
		for i := range stages {
			stages[i] = gatewaytest.Build(t, ratelimit.Kind(), config, gatewaytest.WithKinds(kind))[0]
		}
		until(t, "the first is connected", func() bool { return gatewaytest.Run(t, stages[0], caller("probe")).Status == http.StatusOK })
		until(t, "the second is connected", func() bool { return gatewaytest.Run(t, stages[1], caller("probe")).Status == http.StatusOK })
		var codes []int
		for i := range 3 {
			codes = append(codes, gatewaytest.Run(t, stages[i%2], caller("acme")).Status)
		}
		require.Equal(t, []int{200, 200, 429}, codes)
		for _, key := range m.Keys() {
			require.Contains(t, key, "shop:{")
		}
	}
}

func TestPoliciesWithTheSameSettingsShareOneLimiter(t *testing.T) {
	t.Parallel()
	watch := &redislimit.Watch{}
	require.Equal(t, redislimit.Stats{}, watch.Stats())
	kinds, err := pipeline.NewKinds(redislimit.KindFromURL("redis://"+miniredis.RunT(t).Addr(), watch))
	require.NoError(t, err)
	pool := pipeline.NewPool()
	scope := pipeline.NewScope(pool, slog.New(slog.DiscardHandler))
	env := scope.Env(pipeline.Workshop{Kinds: kinds}, &registry.Route{Name: "r"}, "rate_limit")
	limiter := func(settings string) *redislimit.Limiter {
		l, err := pipeline.Make[ratelimit.Limiter](env, registry.Policy{Kind: "redis", Config: json.RawMessage(settings)})
		require.NoError(t, err)
		return l.(*redislimit.Limiter)
	}
	one := limiter(`{}`)
	require.Same(t, one, limiter(`{}`))
	require.NotSame(t, one, limiter(`{"timeout":"20ms"}`))
	require.False(t, scope.Ready(), "not tried yet")
	require.Zero(t, one.Stats().Errors, "building starts nothing")

	scope.Start()
	until(t, "it has been tried", scope.Ready)
	until(t, "both are connected", func() bool { return !watch.Stats().Degraded })
	results, err := try(one, ask("a", 10, time.Hour))
	require.True(t, err != nil || results[0].Allowed)
	stats := watch.Stats()
	require.EqualValues(t, 1, stats.Decisions+stats.Fallbacks)
	scope.Close()
	require.Zero(t, pool.Len())
	require.Equal(t, stats, watch.Stats(), "what was counted stays so")
	require.True(t, one.Degraded(), "it was closed with its last user")
}

func TestSettingsAtFault(t *testing.T) {
	t.Parallel()
	client := dial(t, miniredis.RunT(t).Addr())
	tests := []struct {
		name, config string
		kind         pipeline.Kind[ratelimit.Limiter]
		want         []string
	}{
		{"beyond their bounds", `{"store":{"redis":{"timeout":"11s","probe":"1us","prefix":"{x}"}}}`, redislimit.Kind(client),
			[]string{"/store/redis/timeout", "/store/redis/probe", "/store/redis/prefix"}},
		{"unknown", `{"store":{"redis":{"url":"redis://h"}}}`, redislimit.Kind(client), []string{"url"}},
		{"without a client", `{"store":{"redis":{}}}`, redislimit.Kind(nil), []string{"/store/redis", "without a Redis"}},
		{"without a URL", `{"store":{"redis":{}}}`, redislimit.KindFromURL(""), []string{"/store/redis", "without a Redis"}},
		{"with a URL that is none", `{"store":{"redis":{}}}`, redislimit.KindFromURL("redis://:s3cret@:1"), []string{"/store/redis", "want a URL"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := gatewaytest.TryBuild(t, ratelimit.Kind(), test.config, gatewaytest.WithKinds(test.kind))
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestStoreIsTheSettingInGo(t *testing.T) {
	t.Parallel()
	p := ratelimit.Policy(ratelimit.Config{Per: "consumer", Store: redislimit.Store(redislimit.Config{Prefix: "shop:"}), OnError: "local"})
	require.JSONEq(t, `{"per":"consumer","store":{"redis":{"prefix":"shop:"}},"on_error":"local"}`, string(p.Config))
}
