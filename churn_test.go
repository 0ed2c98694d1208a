package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	churnEntries   = 100_000
	churnPerSecond = 1000
)

// TestRequestsBesideChanges serves authenticated, limited requests from a
// directory of 100,000 subscriptions and keys, first undisturbed, then beside
// 1,000 changes a second: no request fails, and it says what the changes cost.
// GATEWAY_LOAD=full runs each part for a minute.
func TestRequestsBesideChanges(t *testing.T) { // alone: it measures the CPU of the process
	period := 2 * time.Second
	if ofSize(t).reloads == 1000 {
		period = time.Minute
	}
	g := newGateway(t, gateway.Upstream("b", text("ok")))
	secret := []byte("0123456789abcdef0123456789abcdef")
	t.Setenv("CHURN_SECRET", string(secret))
	require.NoError(t, g.Apply(t.Context(), registry.Update{Snapshot: churnDocument(), Directory: churnDirectory(secret)}))

	before := cpu(t)
	changes := churn(t, g, period) // nothing else runs
	cost := float64(cpu(t)-before) / float64(period)

	quiet := requestsFor(t, g, period)
	var beside []time.Duration
	var wait sync.WaitGroup
	wait.Go(func() { beside = requestsFor(t, g, period) })
	churn(t, g, period)
	wait.Wait()
	p99 := func(took []time.Duration) time.Duration { return took[len(took)*99/100] }
	t.Logf("%d changes in %v: %.1f %% of one core; p99 of %d requests %v undisturbed, %v beside changes",
		changes, period, 100*cost, len(quiet), p99(quiet), p99(beside))
	require.Less(t, p99(beside), 2*p99(quiet)+5*time.Millisecond)
}

func churnDocument() *registry.Snapshot {
	return snapshot("1", registry.Route{
		Name: "one", API: "users/v1", Match: registry.Match{Path: "/one"}, Upstream: "b",
		Policies: []registry.Policy{
			authn.Policy(authn.Config{AnyOf: []registry.Policy{apikey.Policy(apikey.Config{Secret: registry.Secret{Env: "CHURN_SECRET"}})}}),
			subscription.Policy(subscription.Config{}),
			ratelimit.Policy(ratelimit.Config{}),
		},
	})
}

func churnKey(n int) string { return fmt.Sprintf("key-of-consumer-%06d", n) }

func churnSubscription(n int) *registry.Subscription {
	return &registry.Subscription{
		ID: fmt.Sprint("s", n), Consumer: fmt.Sprint("consumer-", n), API: "users/v1", Environment: "test", Active: true,
		Plan: &registry.Plan{Name: "gold"},
	}
}

func churnDirectory(secret []byte) []registry.Change {
	gold := &registry.Plan{Name: "gold", Limits: []registry.Limit{{Rate: registry.Rate{Count: 1_000_000, Per: time.Second}}}}
	changes := []registry.Change{{Plan: gold}}
	for n := range churnEntries {
		changes = append(changes,
			registry.Change{Subscription: churnSubscription(n)},
			registry.Change{
				Credential: &registry.Credential{ID: fmt.Sprint("k", n), Consumer: fmt.Sprint("consumer-", n)},
				Sum:        apikey.Sum(secret, []byte(churnKey(n))),
			})
	}
	return changes
}

// churn sets a subscription anew a thousand times a second, each change an
// update of its own.
func churn(t *testing.T, g *gateway.Gateway, d time.Duration) (changes int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		for range churnPerSecond / 100 {
			changes++
			u := registry.Update{Directory: []registry.Change{{Subscription: churnSubscription(changes * 7919 % churnEntries)}}}
			if err := g.Apply(t.Context(), u); err != nil {
				t.Error(err)
				return changes
			}
		}
	}
	return changes
}

// requestsFor sends 200 requests a second and returns how long each took,
// sorted.
func requestsFor(t *testing.T, g *gateway.Gateway, d time.Duration) []time.Duration {
	var took []time.Duration
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		r := httptest.NewRequest(http.MethodGet, "/one", nil)
		r.Header.Set("X-API-Key", churnKey(len(took)*104729%churnEntries))
		w := httptest.NewRecorder()
		start := time.Now()
		g.ServeHTTP(w, r)
		took = append(took, time.Since(start))
		if w.Code != http.StatusOK {
			t.Errorf("request %d: %d %s", len(took), w.Code, w.Body)
			break
		}
	}
	slices.Sort(took)
	return took
}

// cpu returns the CPU time of this process.
func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
