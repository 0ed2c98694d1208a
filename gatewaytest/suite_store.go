package gatewaytest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f9645bd3/gateway/cache"
)

// TestStore holds a store to the contract of cache.Store. It runs in a
// testing/synctest bubble, where time is virtual: what make starts has to end
// with t.Cleanup. For a store whose clock is elsewhere, see TestStoreClock.
// A store that is allowed to forget has to keep 100 small entries at least.
func TestStore(t *testing.T, make func(testing.TB) cache.Store) {
	t.Helper()
	for _, c := range storeChecks() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t, storeSubject{make, time.Sleep}) })
		})
	}
}

// TestStoreClock is TestStore in real time, for a store whose clock is moved
// by advance.
func TestStoreClock(t *testing.T, make func(testing.TB) cache.Store, advance func(time.Duration)) {
	t.Helper()
	runChecks(t, storeChecks(), storeSubject{make, advance})
}

type storeSubject struct {
	make    func(testing.TB) cache.Store
	advance func(time.Duration)
}

func storeChecks() []check[storeSubject] {
	return []check[storeSubject]{
		{"what was never set is a miss", storeMiss},
		{"what was set is there, whole", storeKeeps},
		{"the last one set counts", storeReplaces},
		{"what has expired is a miss", storeExpires},
		{"a purge removes what bears the tag, and nothing else", storePurges},
		{"keys are kept apart", storeKeys},
		{"entries are not altered", storeShares},
		{"many at once do not disturb each other", storeConcurrent},
	}
}

func entryOf(body string, tags ...string) *cache.Entry {
	now := time.Now().Round(time.Millisecond)
	return &cache.Entry{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}, "Link": {"<a>", "<b>"}},
		Body: []byte(body), Stored: now, Expires: now.Add(time.Minute), Tags: tags,
	}
}

func storeSet(t testing.TB, st cache.Store, key string, e *cache.Entry) {
	t.Helper()
	if err := st.Set(t.Context(), key, e); err != nil {
		t.Fatalf("set %q: %v", key, err)
	}
}

func storeHas(t testing.TB, st cache.Store, key, body string) *cache.Entry {
	t.Helper()
	e, err := st.Get(t.Context(), key)
	if err != nil || e == nil {
		t.Fatalf("get %q: %v, %v", key, e, err)
	}
	if string(e.Body) != body {
		t.Fatalf("under %q there is %q, not %q", key, e.Body, body)
	}
	return e
}

func storeLacks(t testing.TB, st cache.Store, key string) {
	t.Helper()
	if e, err := st.Get(t.Context(), key); !errors.Is(err, cache.ErrMiss) || e != nil {
		t.Fatalf("get %q: want a miss, got %v, %v", key, e, err)
	}
}

func storeMiss(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	storeLacks(t, st, "a")
	storeLacks(t, st, "")
	if err := st.Purge(t.Context(), "unheard of"); err != nil {
		t.Errorf("a purge of nothing: %v", err)
	}
}

func storeKeeps(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	for _, body := range []string{"hello", "", "\x00\xff binary"} {
		want := entryOf(body, "t1", "t2")
		storeSet(t, st, "a", want)
		got := storeHas(t, st, "a", body)
		if got.Status != want.Status || !reflect.DeepEqual(got.Header, want.Header) ||
			!got.Stored.Equal(want.Stored) || !got.Expires.Equal(want.Expires) || fmt.Sprint(got.Tags) != fmt.Sprint(want.Tags) {
			t.Errorf("got %+v, not %+v", got, want)
		}
	}
}

func storeReplaces(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	storeSet(t, st, "a", entryOf("one", "old"))
	storeSet(t, st, "a", entryOf("two", "new"))
	storeHas(t, st, "a", "two")
	if err := st.Purge(t.Context(), "old"); err != nil {
		t.Fatalf("purge: %v", err)
	}
	storeHas(t, st, "a", "two")
}

func storeExpires(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	past := entryOf("old")
	past.Expires = past.Stored.Add(-time.Second)
	storeSet(t, st, "past", past)
	storeLacks(t, st, "past")
	storeSet(t, st, "soon", entryOf("now"))
	storeHas(t, st, "soon", "now")
	s.advance(61 * time.Second)
	storeLacks(t, st, "soon")
}

func storePurges(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	storeSet(t, st, "a", entryOf("a", "x", "y"))
	storeSet(t, st, "b", entryOf("b", "y"))
	storeSet(t, st, "c", entryOf("c", "yy"))
	storeSet(t, st, "d", entryOf("d"))
	if err := st.Purge(t.Context(), "y"); err != nil {
		t.Fatalf("purge: %v", err)
	}
	storeLacks(t, st, "a")
	storeLacks(t, st, "b")
	storeHas(t, st, "c", "c")
	storeHas(t, st, "d", "d")
	storeSet(t, st, "b", entryOf("again", "y"))
	storeHas(t, st, "b", "again")
}

func storeKeys(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	keys := []string{"a", "A", " a", "a ", "a:b", "a/b", "a\x00b", "{a}", "*", "a\nb", "ä"}
	for _, key := range keys {
		storeSet(t, st, key, entryOf("of "+key, "tag "+key))
	}
	for _, key := range keys {
		storeHas(t, st, key, "of "+key)
	}
	for i, key := range keys {
		if err := st.Purge(t.Context(), "tag "+key); err != nil {
			t.Fatalf("purge: %v", err)
		}
		storeLacks(t, st, key)
		for _, other := range keys[i+1:] {
			storeHas(t, st, other, "of "+other)
		}
	}
}

func storeShares(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	e := entryOf("hello", "x")
	header, body := maps.Clone(e.Header), bytes.Clone(e.Body)
	storeSet(t, st, "a", e)
	storeHas(t, st, "a", "hello")
	storeSet(t, st, "a", entryOf("other"))
	_ = st.Purge(t.Context(), "x")
	if !reflect.DeepEqual(e.Header, header) || !bytes.Equal(e.Body, body) || fmt.Sprint(e.Tags) != "[x]" {
		t.Errorf("an entry that was set was altered: %+v", e)
	}
}

func storeConcurrent(t testing.TB, s storeSubject) {
	t.Helper()
	st := s.make(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				key := fmt.Sprint("key", j%5)
				_ = st.Set(t.Context(), key, entryOf("of "+key, fmt.Sprint("tag", i)))
				e, err := st.Get(t.Context(), key)
				if err == nil && string(e.Body) != "of "+key {
					t.Errorf("under %q there is %q", key, e.Body)
				}
				if err != nil && !errors.Is(err, cache.ErrMiss) {
					t.Errorf("get %q: %v", key, err)
				}
				if j%10 == 9 {
					_ = st.Purge(t.Context(), fmt.Sprint("tag", i))
				}
			}
		})
	}
	all.Wait()
}
