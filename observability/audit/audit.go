package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// MinKey is how long a key has to be, in bytes.
const MinKey = 16

// A Recorder is a pipeline.Recorder that keeps a trail. It is told of
// configurations as well, and writes while Run runs; the gateway runs the
// recorders that it is given.
type Recorder struct {
	settings
	enc     encoder
	queue   *observability.Queue
	trail   *trail
	room    *room
	tickets tickets

	bodies  [][]byte // of the batch; the writer's own
	untold  atomic.Uint64
	dropped atomic.Uint64
	late    atomic.Uint64
	failing atomic.Bool
	ran     atomic.Bool
	over    chan struct{} // closed when a write is given up
}

// New opens the trail in the file at path, or begins one, under a key of MinKey
// bytes or more. A record that was half written when a process or a system went
// down is cut off, and that is told in the trail; so is what the head knows and
// the trail has not. A trail whose last record or whose head does not hold under
// this key is an error.
func New(path string, key registry.Secret, opts ...Option) (*Recorder, error) {
	secret, err := new(pipeline.Env).Secret(key)
	if err == nil && len(secret) < MinKey {
		err = fmt.Errorf("it has %d bytes; want %d at the least", len(secret), MinKey)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: key: %w", err)
	}
	r := &Recorder{settings: defaults(path), over: make(chan struct{})}
	for _, o := range opts {
		o(&r.settings)
	}
	t, found, err := openTrail(path, secret, r.settings)
	if err != nil {
		return nil, err
	}
	r.trail, r.room = t, newRoom(r.settings.room)
	r.enc = newEncoder(r.rules)
	r.queue = observability.NewQueue(r.sink, r.queueing()...)
	r.put(r.enc.opened(nil, found, r.instance))
	return r, nil
}

// queueing has the room of the recorder count, and not that of the queue.
func (r *Recorder) queueing() []observability.Option {
	opts := []observability.Option{observability.Room(1<<40, 1<<60), observability.Batch(256 << 10), observability.Grace(2 * giveUp)}
	if r.durable > 0 {
		opts = append(opts, observability.Linger(0))
	}
	return opts
}

// For implements pipeline.Recorder.
func (r *Recorder) For(route *registry.Route) func(x *pipeline.Exchange, s *pipeline.Summary) {
	static := r.enc.static(route)
	return func(x *pipeline.Exchange, s *pipeline.Summary) {
		by, was := denied(x, s)
		if !was && !r.all {
			return
		}
		if r.durable > 0 {
			r.durably(static, x, s, by)
			return
		}
		q := r.queue.Record()
		q.Data = r.enc.exchange(q.Data, static, x, s, by)
		r.hand(q, r.block)
	}
}

// durably records and waits until the record is on the disk.
func (r *Recorder) durably(static []byte, x *pipeline.Exchange, s *pipeline.Summary, by pipeline.Decision) {
	ticket, done := r.tickets.take()
	q := r.queue.Record()
	q.Data = r.enc.exchange(appendTicket(q.Data, ticket), static, x, s, by)
	if !r.hand(q, r.block) {
		r.tickets.give(ticket)
		return
	}
	if !r.tickets.wait(ticket, done, r.durable) {
		r.late.Add(1)
	}
}

// RecordConfig tells what became of a configuration. It never waits.
func (r *Recorder) RecordConfig(c pipeline.ConfigEvent) { r.put(r.enc.config(nil, c)) }

// put hands over a body that nobody waits for.
func (r *Recorder) put(body []byte) {
	q := r.queue.Record()
	q.Data = append(q.Data, body...)
	r.hand(q, false)
}

// hand gives the record to the writer, or counts it as dropped.
func (r *Recorder) hand(q *observability.Record, wait bool) bool {
	q.Data = append(q.Data, '\n')
	n := cost(len(q.Data))
	take := r.room.take
	if wait {
		take = r.room.wait
	}
	if !take(n) {
		r.lose(1)
		return false
	}
	if !r.queue.Put(q) {
		r.room.free(n)
		r.lose(1)
		return false
	}
	return true
}

func (r *Recorder) lose(n uint64) {
	r.untold.Add(n)
	r.dropped.Add(n)
}

// Dropped returns how many records found no room, or could not be written
// before the end.
func (r *Recorder) Dropped() uint64 { return r.dropped.Load() }

// Failed returns how many records the disk did not take.
func (r *Recorder) Failed() uint64 { return r.queue.Failed() }

// Late returns how many exchanges ended before their record was on the disk,
// though Durable was to see to that.
func (r *Recorder) Late() uint64 { return r.late.Load() }

// giveUp is how long the end of Run goes on trying to write.
const giveUp = 2 * time.Second

// Run writes until ctx ends, then what is left, closes the trail and returns.
// It is called once. Where records could not be written, that is its error.
func (r *Recorder) Run(ctx context.Context) error {
	if r.ran.Swap(true) {
		return errors.New("audit: the trail was run or closed before")
	}
	var wait sync.WaitGroup
	ended := make(chan struct{})
	wait.Go(func() { r.syncing(ctx) })
	wait.Go(func() { r.abandonAfter(ctx, ended) })
	err := r.queue.Run(ctx)
	close(ended)
	wait.Wait()
	r.room.close()
	if errors.Is(err, observability.ErrUnflushed) { // the disk hangs, and the trail with it
		return err
	}
	return errors.Join(err, r.end())
}

// end writes the last record.
func (r *Recorder) end() error {
	untold := r.untold.Load()
	var bodies [][]byte
	if untold > 0 {
		bodies = append(bodies, r.enc.dropped(nil, untold))
	}
	err := r.trail.write(append(bodies, r.enc.Text(head(nil, time.Now(), EventClosed), "instance", r.instance)))
	if err != nil && untold > 0 {
		err = errors.Join(err, fmt.Errorf("audit: %d records are in no trail", untold))
	}
	return errors.Join(err, r.trail.close())
}

// Close lets the trail go where Run is not called.
func (r *Recorder) Close() error {
	if r.ran.Swap(true) {
		return nil
	}
	return r.trail.close()
}

// abandonAfter has a write given up some time after ctx has ended.
func (r *Recorder) abandonAfter(ctx context.Context, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(giveUp)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		close(r.over)
	}
}
