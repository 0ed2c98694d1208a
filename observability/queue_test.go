package observability_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// put hands a copy of text to q.
func put(q *observability.Queue, text string) bool {
	r := q.Record()
	r.Data = append(r.Data, text...)
	return q.Put(r)
}

// running runs q until the function that it returns is called, which returns
// the error of Run.
func running(q *observability.Queue) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

func TestRecordsAreWrittenInTheirOrder(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	q := observability.NewQueue(observability.WriteTo(&out), observability.Batch(16))
	end := running(q)
	var want strings.Builder
	for i := range 1000 {
		line := fmt.Sprintf("record %d\n", i)
		want.WriteString(line)
		require.True(t, put(q, line))
	}
	require.NoError(t, end())
	require.Equal(t, want.String(), out.String())
	require.EqualValues(t, 1000, q.Written())
	require.Zero(t, q.Waiting())
}

func TestRecordsOfManyProducersAreAllWrittenEachInTheirOrder(t *testing.T) {
	t.Parallel()
	const producers, each = 8, 2000
	var last [producers]int
	disorder := 0
	q := observability.NewQueue(func(batch []byte) error {
		for line := range bytes.Lines(batch) {
			var producer, n int
			if _, err := fmt.Sscan(string(line), &producer, &n); err != nil || n != last[producer]+1 {
				disorder++
			}
			last[producer] = n
		}
		return nil
	})
	end := running(q)
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := 1; i <= each; i++ {
				put(q, fmt.Sprintf("%d %d\n", p, i))
			}
		})
	}
	wg.Wait()
	require.NoError(t, end())
	require.EqualValues(t, producers*each, q.Written())
	require.Zero(t, disorder)
}

func TestWhatFindsNoRoomIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		room observability.Option
	}{
		{"records beyond the number that there is room for", observability.Room(3, 0)},
		{"records beyond the bytes that there is room for", observability.Room(0, 3*10)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			q := observability.NewQueue(observability.WriteTo(&out), tt.room)
			for i := range 5 {
				require.Equal(t, i < 3, put(q, "123456789\n"))
			}
			require.EqualValues(t, 2, q.Dropped())
			require.Equal(t, 3, q.Waiting())
			require.NoError(t, running(q)())
			require.Equal(t, strings.Repeat("123456789\n", 3), out.String())
		})
	}
}

func TestASlowSinkHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	q := observability.NewQueue(func([]byte) error {
		entered <- struct{}{}
		<-release
		return nil
	}, observability.Room(4, 0), observability.Linger(0))
	end := running(q)
	require.True(t, put(q, "first\n"))
	<-entered // the sink is stuck with the first
	for range 3 {
		require.True(t, put(q, "more\n"))
	}
	require.False(t, put(q, "beyond\n"), "what the sink holds takes room too")
	require.EqualValues(t, 1, q.Dropped())
	close(release)
	go func() { <-entered }()
	require.NoError(t, end())
	require.EqualValues(t, 4, q.Written())
}

func TestASinkThatFailsIsCountedAndAskedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fail func() error
		want error
	}{
		{"an error fails the batch", func() error { return io.ErrClosedPipe }, io.ErrClosedPipe},
		{"a panic fails the batch", func() error { panic("sink") }, observability.ErrSinkPanic},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			var reported error
			calls := 0
			q := observability.NewQueue(func(batch []byte) error {
				if calls++; calls == 1 {
					return tt.fail()
				}
				got = append(got, string(batch))
				return nil
			}, observability.Batch(1), observability.OnError(func(err error) {
				reported = err
				panic("a report that panics ends nothing")
			}))
			put(q, "one")
			put(q, "two")
			require.NoError(t, running(q)())
			require.Equal(t, []string{"two"}, got)
			require.EqualValues(t, 1, q.Failed())
			require.EqualValues(t, 1, q.Written())
			require.ErrorIs(t, reported, tt.want)
		})
	}
}

func TestAShortWriteIsAFailure(t *testing.T) {
	t.Parallel()
	q := observability.NewQueue(observability.WriteTo(short{}))
	put(q, "record\n")
	require.NoError(t, running(q)())
	require.EqualValues(t, 1, q.Failed())
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestTheWriterLingersForMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		batches := make(chan string, 2)
		q := observability.NewQueue(func(batch []byte) error {
			batches <- string(batch)
			return nil
		}, observability.Linger(time.Second))
		end := running(q)
		put(q, "a")
		time.Sleep(time.Second / 2) // virtual
		put(q, "b")
		synctest.Wait()
		require.Empty(t, batches)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, batches, 1)
		require.Equal(t, "ab", <-batches)
		require.NoError(t, end())
	})
}

func TestTheWriterDoesNotLingerWhereRoomGetsScarce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var written atomic.Int64
		q := observability.NewQueue(func(batch []byte) error {
			written.Add(int64(len(batch)))
			return nil
		}, observability.Linger(time.Hour), observability.Room(4, 0))
		end := running(q)
		put(q, "a")
		put(q, "b")
		synctest.Wait()
		require.Zero(t, written.Load())
		put(q, "c")
		synctest.Wait()
		require.EqualValues(t, 3, written.Load())
		require.NoError(t, end())
	})
}

// TestTheWriterDoesNotLingerOverFullBatches, and lingers again behind them.
func TestTheWriterDoesNotLingerOverFullBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		written := make(chan int, 64)
		hold := make(chan struct{})
		q := observability.NewQueue(func(batch []byte) error {
			written <- len(batch)
			<-hold
			return nil
		}, observability.Linger(time.Hour), observability.Batch(4))
		end := running(q)
		put(q, strings.Repeat("a", 32))
		synctest.Wait()
		require.Empty(t, written, "eight batches and no more")
		put(q, "b")
		synctest.Wait()
		require.Len(t, written, 1)
		for range 5 {
			put(q, strings.Repeat("c", 32)) // while the writer is busy
		}
		close(hold)
		synctest.Wait()
		require.Zero(t, q.Waiting(), "nor over what came meanwhile")
		put(q, "d")
		synctest.Wait()
		require.Equal(t, 1, q.Waiting())
		require.NoError(t, end())
	})
}

func TestRunLeavesASinkThatIsStuckBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := observability.NewQueue(func([]byte) error {
			<-release
			return errors.New("too late")
		}, observability.Grace(time.Second), observability.Batch(1))
		put(q, "a")
		put(q, "b")
		began := time.Now()
		require.ErrorIs(t, running(q)(), observability.ErrUnflushed)
		require.Equal(t, time.Second, time.Since(began))
		require.False(t, put(q, "c"), "nobody writes any more")
		close(release)
	})
}

func TestAQueueRunsOnce(t *testing.T) {
	t.Parallel()
	q := observability.NewQueue(observability.WriteTo(io.Discard))
	require.NoError(t, running(q)())
	require.Error(t, q.Run(t.Context()))
	require.False(t, put(q, "a"))
	require.EqualValues(t, 1, q.Dropped())
}

func TestHandingOverCostsNoAllocation(t *testing.T) {
	q := observability.NewQueue(observability.WriteTo(io.Discard), observability.Room(1, 0))
	put(q, "the room is used, so that each record comes back to the pool at once")
	require.LessOrEqual(t, testing.AllocsPerRun(1000, func() { put(q, "record") }), 0.1) // no parallel test may measure this
}

func BenchmarkPutFromManyGoroutines(b *testing.B) {
	q := observability.NewQueue(observability.WriteTo(io.Discard))
	end := running(q)
	data := bytes.Repeat([]byte("x"), 512)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := q.Record()
			r.Data = append(r.Data, data...)
			q.Put(r)
		}
	})
	b.StopTimer()
	_ = end()
	b.ReportMetric(float64(q.Dropped())/float64(b.N), "dropped/op")
}

func BenchmarkPut(b *testing.B) {
	q := observability.NewQueue(observability.WriteTo(io.Discard))
	end := running(q)
	data := bytes.Repeat([]byte("x"), 512)
	b.ReportAllocs()
	for b.Loop() {
		r := q.Record()
		r.Data = append(r.Data, data...)
		q.Put(r)
	}
	b.StopTimer()
	_ = end()
}
