package standard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
	"github.com/seed-f9645bd3/gateway/standard"
)

const subscribers = 100_000

// decision returns a chain of every check of the authorize phase, over a
// directory of 100,000 subscriptions, an exchange
// that passes it, and all callers.
func decision(t testing.TB) (h pipeline.Handler, x pipeline.Exchange, callers []*pipeline.Identity) {
	d := directory.New()
	changes := make([]registry.Change, subscribers)
	for n := range changes {
		changes[n].Subscription = &registry.Subscription{
			ID: fmt.Sprint("s", n), Consumer: fmt.Sprint("consumer-", n), API: "users/v2", Environment: "production",
			Active: true, Scopes: []string{"users.read"},
		}
	}
	require.NoError(t, d.Apply(changes))
	env := gatewaytest.Env(t, gatewaytest.WithKinds(standard.All()...), gatewaytest.WithDirectory(d),
		gatewaytest.Route(&registry.Route{Name: "one", API: "users/v2"}))
	var stages []pipeline.Stage
	for _, p := range []registry.Policy{
		{Kind: "subscription"},
		{Kind: "scopes", Config: []byte(`{"all":["users.read"]}`)},
		{Kind: "roles", Config: []byte(`{"any":["admin"]}`)},
		{Kind: "allow_ips", Config: []byte(`{"allow":["10.0.0.0/8","192.0.2.0/24"]}`)},
		{Kind: "environment"},
	} {
		built, err := pipeline.Make[[]pipeline.Stage](env, p)
		require.NoError(t, err)
		stages = append(stages, built...)
	}
	in := httptest.NewRequest(http.MethodGet, "/", nil)
	identities := make([]*pipeline.Identity, subscribers)
	for n := range identities {
		identities[n] = &pipeline.Identity{Subject: "k", Consumer: fmt.Sprint("consumer-", n), Roles: []string{"admin"}, Environment: "production"}
	}
	resp := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	last := func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }
	x = pipeline.Exchange{In: in, Environment: "production", Identity: identities[0], Client: netip.MustParseAddr("192.0.2.7")}
	return pipeline.Chain(last, stages...), x, identities
}

func TestADecisionAllocatesNothing(t *testing.T) { // alone: it counts the allocations of the process
	h, fresh, _ := decision(t)
	x := new(pipeline.Exchange)
	*x = fresh
	_, err := h(t.Context(), x)
	require.NoError(t, err)
	require.Len(t, x.Decisions(), 5)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		*x = fresh
		if _, err := h(context.Background(), x); err != nil {
			t.Error(err)
		}
	}))
}

// BenchmarkDecision measures all checks of the authorize phase as one, among
// 100,000 subscriptions.
func BenchmarkDecision(b *testing.B) {
	h, fresh, callers := decision(b)
	x := new(pipeline.Exchange)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		*x = fresh
		x.Identity = callers[n*7919%subscribers]
		if _, err := h(context.Background(), x); err != nil {
			b.Fatal(err)
		}
	}
}
