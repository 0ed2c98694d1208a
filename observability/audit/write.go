package audit

import (
	"bytes"
	"context"
	"time"
)

// syncing has records on the disk now and then.
func (r *Recorder) syncing(ctx context.Context) {
	if r.durable > 0 {
		return
	}
	tick := time.NewTicker(r.settings.sync)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.trail.sync(); err != nil {
				r.report(err)
			}
		}
	}
}

// sink is the one writer. A disk that does not take the batch is asked again
// until it does, or until the end: what comes meanwhile finds no room.
func (r *Recorder) sink(batch []byte) error {
	waiting := r.split(batch)
	records, room := uint64(len(r.bodies)), int64(0)
	for line := range bytes.Lines(batch) {
		room += cost(len(line))
	}
	defer r.room.free(room)
	untold := r.untold.Load()
	if untold > 0 {
		r.bodies = append(r.bodies, nil)
		copy(r.bodies[1:], r.bodies)
		r.bodies[0] = r.enc.dropped(nil, untold)
	}
	if err := r.persist(); err != nil {
		r.lose(records)
		return err
	}
	r.untold.Add(-untold)
	for _, t := range waiting {
		r.tickets.give(t)
	}
	if err := r.trail.turn(); err != nil {
		r.report(err)
	}
	return nil
}

// split takes the batch apart: bodies, and the tickets of who waits for them.
func (r *Recorder) split(batch []byte) (waiting []uint64) {
	clear(r.bodies)
	r.bodies = r.bodies[:0]
	for line := range bytes.Lines(batch) {
		body, ticket := cutTicket(bytes.TrimSuffix(line, []byte("\n")))
		r.bodies = append(r.bodies, body)
		if ticket > 0 {
			waiting = append(waiting, ticket)
		}
	}
	return waiting
}

// persist writes the bodies, however often that has to be tried.
func (r *Recorder) persist() error {
	for failed := 0; ; failed++ {
		err := r.attempt()
		if err == nil {
			r.recovered()
			return nil
		}
		r.report(err)
		timer := time.NewTimer(after(failed))
		select {
		case <-timer.C:
		case <-r.over:
			timer.Stop()
			return err
		}
	}
}

func (r *Recorder) attempt() error {
	before := r.trail.mark()
	if err := r.trail.write(r.bodies); err != nil {
		return err
	}
	if r.durable == 0 {
		return nil
	}
	err := r.trail.sync()
	if err != nil { // what of it is on the disk nobody knows: it is written anew
		r.trail.back(before)
	}
	return err
}

// report tells of a failure once, until it is over.
func (r *Recorder) report(err error) {
	if !r.failing.Swap(true) {
		r.logger.Error("audit trail not written", "error", err)
	}
}

func (r *Recorder) recovered() {
	if r.failing.Swap(false) {
		r.logger.Info("audit trail is written again")
	}
}
