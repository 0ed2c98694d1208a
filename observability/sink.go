package observability

import (
	"io"
	"time"
)

// A Sink takes a batch: whole records, one behind the other, as they were
// encoded. It is called from one goroutine at a time, may block (then records
// are dropped once the room is used up), and must not keep batch. An error
// means that none of the batch counts as written; the batch is not tried again.
type Sink func(batch []byte) error

// WriteTo makes a Sink of w. Each batch is one Write.
func WriteTo(w io.Writer) Sink {
	return func(batch []byte) error {
		n, err := w.Write(batch)
		if err == nil && n < len(batch) {
			return io.ErrShortWrite
		}
		return err
	}
}

type options struct {
	maxRecords, maxBytes int64
	batchBytes           int
	linger, grace        time.Duration
	onError              func(error)
}

func defaults() options {
	return options{
		maxRecords: 32 << 10, maxBytes: 32 << 20, batchBytes: 64 << 10,
		linger: 10 * time.Millisecond, grace: 5 * time.Second,
	}
}

// An Option changes a Queue.
type Option func(*options)

// Room bounds what waits to be written, the batch under way included. A bound
// of 0 or less keeps the default: 32,768 records, 32 MiB. A record takes
// at least 1 KiB of memory, however short it is.
func Room(records int, bytes int64) Option {
	return func(o *options) {
		if records > 0 {
			o.maxRecords = int64(records)
		}
		if bytes > 0 {
			o.maxBytes = bytes
		}
	}
}

// Batch bounds the bytes of one batch; a longer record is a batch of its own.
// The default is 64 KiB.
func Batch(bytes int) Option {
	return func(o *options) {
		if bytes > 0 {
			o.batchBytes = bytes
		}
	}
}

// Linger is how long the writer waits for more before it writes; it does not
// where eight batches are full, or half of the room is used. 0 writes at once;
// the default is 10ms.
func Linger(d time.Duration) Option {
	return func(o *options) { o.linger = max(d, 0) }
}

// Grace is how long Run goes on writing after its context has ended. The
// default is 5s.
func Grace(d time.Duration) Option {
	return func(o *options) { o.grace = max(d, 0) }
}

// OnError is called from the writer's goroutine with each error of the sink.
func OnError(f func(error)) Option {
	return func(o *options) { o.onError = f }
}
