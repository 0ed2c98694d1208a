package observability

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A batch is what the writer hands to the sink at once.
type batch struct {
	data    []byte
	records uint64
}

// write is the goroutine of the queue.
func (q *Queue) write(ctx context.Context) error {
	b := &batch{data: make([]byte, 0, q.batchBytes)}
	linger := time.NewTimer(0)
	defer linger.Stop()
	<-linger.C
	for q.wait(ctx, linger) {
		q.flush(b)
	}
	for q.head.Load() != nil && !q.ended.Load() {
		q.flush(b)
	}
	q.ended.Store(true)
	q.discard()
	return nil
}

// wait returns when there is something to write and the writer has lingered;
// false where ctx has ended.
func (q *Queue) wait(ctx context.Context, linger *time.Timer) bool {
	select {
	case <-ctx.Done():
		return false
	case <-q.wake:
	}
	select {
	case <-q.press: // of what was written meanwhile
	default:
	}
	if q.pressing() {
		return true
	}
	linger.Reset(q.linger)
	select {
	case <-ctx.Done():
		return false
	case <-q.press:
	case <-linger.C:
	}
	return true
}

// flush writes all that is there, batch by batch.
func (q *Queue) flush(b *batch) {
	for r := q.take(); r != nil; {
		next := r.next
		if len(b.data)+len(r.Data) > q.batchBytes {
			q.deliver(b)
		}
		b.data = append(b.data, r.Data...)
		b.records++
		q.recycle(r)
		r = next
	}
	q.deliver(b)
}

// deliver hands the batch to the sink and frees its room.
func (q *Queue) deliver(b *batch) {
	if b.records == 0 {
		return
	}
	if err := q.guarded(b.data); err != nil {
		q.failed.Add(b.records)
		q.report(err)
	} else {
		q.written.Add(b.records)
	}
	q.release(int64(b.records), int64(len(b.data)))
	if cap(b.data) > 2*q.batchBytes {
		b.data = make([]byte, 0, q.batchBytes)
	}
	b.data, b.records = b.data[:0], 0
}

// guarded returns what the sink panicked with as an error.
func (q *Queue) guarded(data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrSinkPanic, p)
		}
	}()
	return q.sink(data)
}

// ErrSinkPanic says that a sink panicked.
var ErrSinkPanic = errors.New("observability: the sink panicked")

// report tells who asked for it of a failure of the sink.
func (q *Queue) report(err error) {
	if q.onError == nil {
		return
	}
	defer func() { _ = recover() }() // a report must not end the writer
	q.onError(err)
}
