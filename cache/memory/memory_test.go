package memory_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStore(t, func(testing.TB) cache.Store { return memory.New(memory.Config{}) })
}

func entry(size int, tags ...string) *cache.Entry {
	now := time.Now()
	return &cache.Entry{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}},
		Body: make([]byte, size), Stored: now, Expires: now.Add(time.Minute), Tags: tags,
	}
}

func TestItStaysWithinItsBound(t *testing.T) {
	t.Parallel()
	s := memory.New(memory.Config{Size: registry.MiB})
	for i := range 2000 {
		require.NoError(t, s.Set(t.Context(), fmt.Sprint("key", i), entry(4<<10, fmt.Sprint("tag", i%7))))
	}
	require.Eventually(t, func() bool { return s.Bytes() <= 1<<20 }, 10*time.Second, time.Millisecond)
	require.Positive(t, s.Len())
	require.Eventually(t, func() bool { return s.Tagged() == s.Len() }, 10*time.Second, time.Millisecond,
		"the index holds what the store holds, and nothing else")
}

func TestAnEntryThatIsLargerThanTheStoreIsNotKept(t *testing.T) {
	t.Parallel()
	s := memory.New(memory.Config{Size: 64 * registry.KiB})
	require.NoError(t, s.Set(t.Context(), "small", entry(10)))
	require.NoError(t, s.Set(t.Context(), "large", entry(1<<20, "t")))
	require.Eventually(t, func() bool { return s.Bytes() <= 64<<10 && s.Tagged() == 0 }, 10*time.Second, time.Millisecond)
}

func TestTheIndexForgetsWhatTheStoreForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, s := t.Context(), memory.New(memory.Config{})
		for range 3 {
			require.NoError(t, s.Set(ctx, "replaced", entry(1, "a", "b")))
		}
		require.NoError(t, s.Set(ctx, "purged", entry(1, "c")))
		require.NoError(t, s.Purge(ctx, "c"))
		require.Equal(t, 2, s.Tagged())
		past := entry(1)
		past.Expires = past.Stored
		require.NoError(t, s.Set(ctx, "replaced", past))
		require.Zero(t, s.Tagged())
		require.NoError(t, s.Set(ctx, "asked for", entry(1, "a")))
		require.NoError(t, s.Set(ctx, "swept", entry(1, "a")))
		time.Sleep(time.Minute)
		_, err := s.Get(ctx, "asked for")
		require.ErrorIs(t, err, cache.ErrMiss)
		require.Equal(t, 1, s.Tagged())
		s.Sweep()
		require.Zero(t, s.Tagged())
		require.Zero(t, s.Len())
	})
}

func TestAnEntryWithoutAnEndStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, e := memory.New(memory.Config{}), entry(1)
		e.Expires = time.Time{}
		require.NoError(t, s.Set(t.Context(), "a", e))
		time.Sleep(1000 * time.Hour)
		s.Sweep()
		_, err := s.Get(t.Context(), "a")
		require.NoError(t, err)
	})
}

func TestAPurgeReachesWhatWasSetBeforeIt(t *testing.T) {
	t.Parallel()
	s := memory.New(memory.Config{})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 500 {
				key := fmt.Sprint(i)
				_ = s.Set(t.Context(), key, entry(1, "t"))
				_ = s.Purge(t.Context(), "t")
				_, err := s.Get(t.Context(), key)
				require.ErrorIs(t, err, cache.ErrMiss)
			}
		})
	}
	all.Wait()
	require.Zero(t, s.Tagged())
}

func TestKindSharesOneStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := pipeline.NewPool()
		kinds, err := pipeline.NewKinds(memory.Kind())
		require.NoError(t, err)
		build := func(settings string) (cache.Store, *pipeline.Scope) {
			scope := pipeline.NewScope(pool, nil)
			env := scope.Env(pipeline.Workshop{Kinds: kinds}, &registry.Route{}, "cache")
			s, err := pipeline.Make[cache.Store](env, registry.Policy{Kind: "memory", Config: []byte(settings)})
			require.NoError(t, err)
			scope.Start()
			return s, scope
		}
		one, first := build(`{}`)
		two, second := build(`{"size":"64MiB"}`)
		three, third := build(`{"size":"1MiB"}`)
		require.Same(t, one, two)
		require.NotSame(t, one, three)
		first.Close()
		require.NoError(t, two.Set(context.Background(), "a", entry(1, "t")))
		time.Sleep(2 * time.Minute)
		require.Zero(t, two.(*memory.Store).Len(), "what has expired is swept")
		second.Close()
		third.Close()
		require.Zero(t, pool.Len())
	})
}

func TestFaultsOfSettings(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, memory.Config{Size: -1}.Validate(), "/size")
	require.NoError(t, memory.Config{}.Validate())
}

func BenchmarkGet(b *testing.B) {
	s := memory.New(memory.Config{})
	_ = s.Set(b.Context(), "key", entry(1024))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Get(b.Context(), "key")
	}
}

func BenchmarkSet(b *testing.B) {
	s, e := memory.New(memory.Config{}), entry(1024, "a", "b")
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Set(b.Context(), "key", e)
	}
}
