package observability

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A Record is one encoded record. Whoever takes one from Queue.Record appends
// to Data and hands it to Put; after that it belongs to the queue.
type Record struct {
	Data []byte

	next *Record
}

// A Queue carries records from many goroutines to the one that writes them.
// It holds at most so many records and so many bytes; what comes beyond is
// dropped and counted, and nobody waits. Records of one goroutine keep their
// order.
//
// Handing over takes a few atomic steps and no lock, and wakes the writer
// only where it sleeps: after each write it lingers, so that a busy gateway
// pays for one write, and one wake-up, for many records; but not so long that
// what waits outgrows the processor's cache.
type Queue struct {
	sink Sink
	options
	pressBytes int64 // that are not lingered over

	pool    sync.Pool
	head    atomic.Pointer[Record] // of a stack that the writer takes whole
	records atomic.Int64           // handed over and not yet written
	bytes   atomic.Int64
	wake    chan struct{} // the stack was empty
	press   chan struct{} // there is enough to write, or half of the room is used
	running atomic.Bool
	ended   atomic.Bool

	written, dropped, failed atomic.Uint64
}

// fullBatches are worth to be written at once.
const fullBatches = 8

// ErrUnflushed says that the sink did not take all records in time at the end.
var ErrUnflushed = errors.New("observability: records were left unwritten at the end")

var errRunTwice = errors.New("observability: the queue was run before")

// NewQueue makes a queue in front of sink. Nothing is written before Run.
func NewQueue(sink Sink, opts ...Option) *Queue {
	q := &Queue{sink: sink, options: defaults(), wake: make(chan struct{}, 1), press: make(chan struct{}, 1)}
	for _, o := range opts {
		o(&q.options)
	}
	q.pressBytes = int64(q.batchBytes) * fullBatches
	q.pool.New = func() any { return &Record{Data: make([]byte, 0, 1024)} }
	return q
}

// Record returns an empty record to append to.
func (q *Queue) Record() *Record {
	r, ok := q.pool.Get().(*Record)
	if !ok {
		return &Record{}
	}
	return r
}

// Put hands r over, and reports false where there was no room for it, or
// where Run has ended. It never blocks.
func (q *Queue) Put(r *Record) bool {
	if q.ended.Load() || !q.reserve(int64(len(r.Data))) {
		q.dropped.Add(1)
		q.recycle(r)
		return false
	}
	q.push(r)
	if q.ended.Load() { // nobody will come for it
		q.discard()
		return false
	}
	return true
}

// reserve takes room for one record of n bytes.
func (q *Queue) reserve(n int64) bool {
	records, bytes := q.records.Add(1), q.bytes.Add(n)
	if records > q.maxRecords || bytes > q.maxBytes {
		q.release(1, n)
		return false
	}
	if bytes > q.maxBytes/2 || records > q.maxRecords/2 || bytes > q.pressBytes && bytes-n <= q.pressBytes {
		signal(q.press)
	}
	return true
}

// pressing reports whether there is no reason to linger.
func (q *Queue) pressing() bool {
	return q.bytes.Load() > min(q.pressBytes, q.maxBytes/2) || q.records.Load() > q.maxRecords/2
}

func (q *Queue) release(records, bytes int64) {
	q.records.Add(-records)
	q.bytes.Add(-bytes)
}

func (q *Queue) push(r *Record) {
	for {
		old := q.head.Load()
		r.next = old
		if q.head.CompareAndSwap(old, r) {
			if old == nil {
				signal(q.wake)
			}
			return
		}
	}
}

// take returns all that was handed over, oldest first.
func (q *Queue) take() *Record {
	var oldest *Record
	for r := q.head.Swap(nil); r != nil; {
		r.next, oldest, r = oldest, r, r.next
	}
	return oldest
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// recycle keeps the buffer for the next record, unless one of unusual length
// would stay in memory for good.
func (q *Queue) recycle(r *Record) {
	if cap(r.Data) > maxKept {
		return
	}
	r.Data, r.next = r.Data[:0], nil
	q.pool.Put(r)
}

const maxKept = 16 << 10

// discard drops what is left after the end.
func (q *Queue) discard() {
	for r := q.take(); r != nil; {
		next := r.next
		q.dropped.Add(1)
		q.release(1, int64(len(r.Data)))
		q.recycle(r)
		r = next
	}
}

// Dropped returns how many records found no room.
func (q *Queue) Dropped() uint64 { return q.dropped.Load() }

// Failed returns how many records the sink did not take: it returned an error
// or panicked.
func (q *Queue) Failed() uint64 { return q.failed.Load() }

// Written returns how many records the sink took.
func (q *Queue) Written() uint64 { return q.written.Load() }

// Waiting returns how many records wait to be written.
func (q *Queue) Waiting() int { return int(q.records.Load()) }

// Run writes until ctx ends, then writes what was handed over until then. It
// is called once, and the caller waits for it. Where the sink does not take
// the rest within the grace, Run returns ErrUnflushed and leaves a sink that
// is stuck behind.
func (q *Queue) Run(ctx context.Context) error {
	if !q.running.CompareAndSwap(false, true) {
		return errRunTwice
	}
	done := make(chan error, 1)
	go func() { done <- q.write(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	late := time.NewTimer(q.grace)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		q.ended.Store(true)
		q.discard()
		return ErrUnflushed
	}
}
