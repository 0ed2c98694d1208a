package directory_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
)

const many = 100_000

func consumerName(i int) string { return fmt.Sprintf("consumer-%06d", i) }

// manySubscriptions returns subscriptions as a decoder makes them: every text
// is a string of its own.
func manySubscriptions() []registry.Change {
	changes := []registry.Change{setPlan("gold", 100)}
	for i := range many {
		c := setSubscription(fmt.Sprintf("sub-%06d", i), consumerName(i), strings.Clone("users/v2"), strings.Clone("production"), "gold")
		c.Subscription.Scopes = []string{strings.Clone("users.read"), strings.Clone("users.write")}
		c.Subscription.AllowIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		changes = append(changes, c)
	}
	return changes
}

func sum(i int) (s [32]byte) {
	binary.LittleEndian.PutUint64(s[:], uint64(i+1)*0x9e3779b97f4a7c15)
	return s
}

func manyCredentials() []registry.Change {
	var changes []registry.Change
	for i := range many {
		changes = append(changes, registry.Change{Sum: sum(i), Credential: &registry.Credential{
			ID: fmt.Sprintf("key-%06d", i), Consumer: consumerName(i), Environment: strings.Clone("production"),
		}})
	}
	return changes
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// BenchmarkHeap tells what 100,000 subscriptions, and as many keys beside
// them, keep in memory.
func BenchmarkHeap(b *testing.B) {
	for b.Loop() {
		m := directory.New()
		before := liveHeap()
		require.NoError(b, m.Apply(manySubscriptions()))
		subscriptions := liveHeap() - before
		require.NoError(b, m.Apply(manyCredentials()))
		all := liveHeap() - before
		b.ReportMetric(float64(subscriptions)/1e6, "MB-subscriptions")
		b.ReportMetric(float64(all)/1e6, "MB-all")
		runtime.KeepAlive(m)
	}
}

func TestHeapIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the heap of the process, for which it runs alone")
	}
	m := directory.New()
	before := liveHeap()
	require.NoError(t, m.Apply(manySubscriptions()))
	require.Less(t, liveHeap()-before, int64(40e6), "100,000 subscriptions")
	require.NoError(t, m.Apply(manyCredentials()))
	require.Less(t, liveHeap()-before, int64(100e6), "100,000 subscriptions and as many keys")
	for i := range many {
		c := setSubscription(fmt.Sprintf("sub-%06d", i), consumerName(i), strings.Clone("users/v2"), strings.Clone("production"), "gold")
		require.NoError(t, m.Apply([]registry.Change{c}))
	}
	require.Less(t, liveHeap()-before, int64(100e6), "the same, when each has changed by itself")
	require.Equal(t, many, m.Len().Subscriptions)
	runtime.KeepAlive(m)
}

func BenchmarkLoad(b *testing.B) {
	changes := append(manySubscriptions(), manyCredentials()...)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, directory.New().Apply(changes))
	}
}

func full(t testing.TB) *directory.Memory {
	t.Helper()
	m := filled(t, manySubscriptions()...)
	require.NoError(t, m.Apply(manyCredentials()))
	return m
}

// shuffledNames returns all consumers in random order, one behind the other in
// memory, as a name that was just read from a token is at hand.
func shuffledNames() []string {
	var all strings.Builder
	order := rand.Perm(many)
	for _, i := range order {
		all.WriteString(consumerName(i))
	}
	names, length := make([]string, many), len(consumerName(0))
	for i := range names {
		names[i] = all.String()[i*length : (i+1)*length]
	}
	return names
}

func BenchmarkSubscription(b *testing.B) {
	m, names, ctx := full(b), shuffledNames(), context.Background()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := m.Subscription(ctx, names[i], "users/v2", "production"); err != nil {
			b.Fatal(err)
		}
		if i++; i == many {
			i = 0
		}
	}
}

func BenchmarkSubscriptionParallel(b *testing.B) {
	m, names := full(b), shuffledNames()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		i := rand.IntN(many)
		for pb.Next() {
			if _, err := m.Subscription(context.Background(), names[i%many], "users/v2", "production"); err != nil {
				b.Error(err)
				return
			}
			i++
		}
	})
}

func BenchmarkSubscriptionUnknown(b *testing.B) {
	m, names, ctx := full(b), shuffledNames(), context.Background()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := m.Subscription(ctx, names[i], "users/v3", "production"); !errors.Is(err, registry.ErrUnknown) {
			b.Fatal(err)
		}
		if i++; i == many {
			i = 0
		}
	}
}

func BenchmarkCredential(b *testing.B) {
	m, ctx := full(b), context.Background()
	sums := make([][32]byte, many)
	for i, j := range rand.Perm(many) {
		sums[i] = sum(j)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := m.Credential(ctx, sums[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == many {
			i = 0
		}
	}
}

func processTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkChange tells what one change costs among 100,000, on all cores and
// with the collector's share: at a thousand changes a second, 10 µs are one
// percent of a core.
func BenchmarkChange(b *testing.B) {
	m := full(b)
	b.ReportAllocs()
	start, i := processTime(b), 0
	for b.Loop() {
		c := setSubscription("changed", consumerName(i%many), "users/v2", "production", "gold")
		require.NoError(b, m.Apply([]registry.Change{c}))
		i += 7919
	}
	b.ReportMetric(float64((processTime(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func BenchmarkAddAndRemove(b *testing.B) {
	m := full(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c := setSubscription("new", fmt.Sprint("new-", i), "users/v2", "production", "gold")
		require.NoError(b, m.Apply([]registry.Change{c}))
		require.NoError(b, m.Apply([]registry.Change{remove(c)}))
		i++
	}
}

// BenchmarkPlanChange tells what a change of the plan of 100,000 subscriptions
// costs.
func BenchmarkPlanChange(b *testing.B) {
	m := full(b)
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		i++
		require.NoError(b, m.Apply([]registry.Change{setPlan("gold", 1000+i)}))
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	m := filled(t, setSubscription("1", "acme", "users/v2", "production", ""), setCredential(1, "k1"))
	ctx := context.Background()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = m.Subscription(ctx, "acme", "users/v2", "production")
		_, _ = m.Subscription(ctx, "none", "users/v2", "production")
		_, _ = m.Credential(ctx, [32]byte{1})
		_, _ = m.Credential(ctx, [32]byte{2})
	}))
}

// TestChangesDoNotSlowLookups measures lookups for some seconds without, then
// with a thousand changes a second: the p99 beside changes is at most twice the
// quiet one. It measures a machine, so it says what it saw, and 1 ms more is
// forgiven. What the changes cost, BenchmarkChange tells.
func TestChangesDoNotSlowLookups(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the machine for some seconds")
	}
	m := full(t)
	quiet := lookupsFor(m, 2*time.Second)
	stop := make(chan struct{})
	var writer sync.WaitGroup
	var applied int
	writer.Go(func() { applied = changeSteadily(m, stop) })
	busy := lookupsFor(m, 2*time.Second)
	close(stop)
	writer.Wait()
	t.Logf("p99 of lookups: %v quiet, %v beside %d changes in 2 s", quiet, busy, applied)
	require.Greater(t, applied, 1000, "changes have run")
	require.Less(t, busy, 2*quiet+time.Millisecond)
}

// changeSteadily applies ten changes every 10 ms until stop, each by itself.
func changeSteadily(m *directory.Memory, stop <-chan struct{}) int {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; {
		select {
		case <-stop:
			return i
		case <-tick.C:
		}
		for range 10 {
			c := setSubscription("changed", consumerName(i*7919%many), "users/v2", "production", "gold")
			if err := m.Apply([]registry.Change{c}); err != nil {
				return 0
			}
			i++
		}
	}
}

// lookupsFor returns the p99 of single lookups, the clock's own cost included.
func lookupsFor(m *directory.Memory, d time.Duration) time.Duration {
	var took []time.Duration
	names := shuffledNames()
	end := time.Now().Add(d)
	for i := 0; ; i++ {
		start := time.Now()
		if start.After(end) {
			break
		}
		_, _ = m.Subscription(context.Background(), names[i%many], "users/v2", "production")
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}
