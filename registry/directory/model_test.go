package directory_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
)

// TestMemoryIsAMap holds a Memory to plain maps through many lists of chance
// changes, which fill and empty its tables.
func TestMemoryIsAMap(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	m := directory.New()
	subscriptions, credentials, rate := map[string]string{}, map[byte]string{}, map[string]int64{"gold": 1, "silver": 1}
	require.NoError(t, m.Apply([]registry.Change{setPlan("gold", 1), setPlan("silver", 1)}))
	for round := range 100 {
		var changes []registry.Change
		removing := rng.IntN(2) == 0
		for range rng.IntN(400) {
			switch consumer, sum := fmt.Sprint(rng.IntN(2000)), byte(1+rng.IntN(255)); {
			case rng.IntN(200) == 0:
				plan := []string{"gold", "silver"}[rng.IntN(2)]
				rate[plan] = 1 + rng.Int64N(5)
				changes = append(changes, setPlan(plan, rate[plan]))
			case rng.IntN(3) == 0 && removing:
				delete(credentials, sum)
				changes = append(changes, remove(setCredential(sum, "k")))
			case rng.IntN(3) == 0:
				credentials[sum] = fmt.Sprint(round)
				changes = append(changes, setCredential(sum, credentials[sum]))
			case removing:
				delete(subscriptions, consumer)
				changes = append(changes, remove(setSubscription("", consumer, "users/v2", "production", "")))
			default:
				plan := []string{"gold", "silver"}[rng.IntN(2)]
				subscriptions[consumer] = plan
				changes = append(changes, setSubscription("1", consumer, "users/v2", "production", plan))
			}
		}
		require.NoError(t, m.Apply(changes))
		require.Equal(t, directory.Size{Plans: 2, Subscriptions: len(subscriptions), Credentials: len(credentials)}, m.Len())
		for i := range 2000 {
			s, err := m.Subscription(t.Context(), fmt.Sprint(i), "users/v2", "production")
			plan, known := subscriptions[fmt.Sprint(i)]
			if known != (err == nil) || known && (s.Plan.Name != plan || s.Plan.Limits[0].Rate.Count != rate[plan]) {
				t.Fatalf("round %d: subscription %d: got %v, %v, want plan %q of rate %d", round, i, s, err, plan, rate[plan])
			}
		}
		for i := range 256 {
			c, err := m.Credential(t.Context(), [32]byte{byte(i)})
			id, known := credentials[byte(i)]
			if known != (err == nil) || known && c.ID != id {
				t.Fatalf("round %d: credential %d: got %v, %v, want %q", round, i, c, err, id)
			}
		}
	}
}

// TestLookupsSeeWholeValuesWhileChangesRun has readers beside a writer: what
// never changes is always found, and what changes is seen before or after,
// never in between. It is worth most under the race detector.
func TestLookupsSeeWholeValuesWhileChangesRun(t *testing.T) {
	t.Parallel()
	changes := []registry.Change{setPlan("p", 1)}
	for i := range 2000 {
		changes = append(changes, setSubscription("0", fmt.Sprint(i), "users/v2", "production", "p"))
	}
	m := filled(t, append(changes, setCredential(1, "0"))...)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(reader)))
			for {
				select {
				case <-done:
					return
				default:
				}
				consumer := fmt.Sprint(rng.IntN(2000))
				s, err := m.Subscription(t.Context(), consumer, "users/v2", "production")
				if err != nil || s.Consumer != consumer || s.Plan == nil || s.Plan.Name != "p" || fmt.Sprint(s.Active) != "true" {
					t.Errorf("consumer %s: %v, %v", consumer, s, err)
					return
				}
				if c, err := m.Credential(t.Context(), [32]byte{1}); err != nil || c.Consumer != "acme" {
					t.Errorf("credential: %v, %v", c, err)
					return
				}
			}
		})
	}
	for i := range 200 {
		id := fmt.Sprint(i)
		list := []registry.Change{setSubscription(id, fmt.Sprint(i), "users/v2", "production", "p"), setCredential(1, id), setCredential(byte(i)|1, id)}
		if i%20 == 0 {
			list = append(list, setPlan("p", int64(i+2)))
		}
		require.NoError(t, m.Apply(list))
		s := subscription(t, m, fmt.Sprint(i))
		require.Equal(t, id, s.ID, "seen by whoever has applied it")
	}
	close(done)
	readers.Wait()
}
