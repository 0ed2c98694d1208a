package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	directorySaveEvery = 30 * time.Second
	contactSaveEvery   = 5 * time.Minute
)

// A saver writes the file beside the request path: at once after a swap, now
// and then after changes of the directory, and because the source was heard
// though nothing changed. Several changes make one write.
type saver struct {
	path   string
	keys   keyring
	every  time.Duration // how often it is written for the sake of contact
	heard  time.Time     // as the file says it
	log    *slog.Logger
	dump   func() (good, bool)
	now    chan struct{}
	soon   chan struct{}
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

func newSaver(s *settings, dump func() (good, bool)) *saver {
	ctx, cancel := context.WithCancel(context.Background())
	v := &saver{
		path: s.lastGood.path, keys: s.lastGood.keys, every: contactSaveEvery, log: s.logger, dump: dump,
		now: make(chan struct{}, 1), soon: make(chan struct{}, 1), cancel: cancel,
	}
	if after := s.stale.RefuseAfter; after > 0 { // or a gateway that was killed would find its file too old
		v.every = min(v.every, max(after/4, time.Second))
	}
	v.wait.Go(func() { v.run(ctx) })
	return v
}

func (s *saver) wake()  { signal(s.now) }
func (s *saver) later() { signal(s.soon) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *saver) run(ctx context.Context) {
	var pause <-chan time.Time
	contact := time.NewTicker(s.every)
	defer contact.Stop()
	for {
		select {
		case <-ctx.Done():
			if len(s.now) > 0 || len(s.soon) > 0 || pause != nil {
				s.save()
			} else {
				s.saveContact()
			}
			return
		case <-contact.C:
			s.saveContact()
		case <-s.now:
			pause = nil
			s.save()
		case <-s.soon:
			if pause == nil {
				pause = time.After(directorySaveEvery)
			}
		case <-pause:
			pause = nil
			s.save()
		}
	}
}

func (s *saver) save() {
	g, ok := s.dump()
	if !ok {
		return
	}
	if err := writeGood(s.path, s.keys, g); err != nil {
		s.log.Error("last good configuration not written", "file", s.path, "error", err)
		return
	}
	s.heard = g.heard
}

// saveContact has the file say when the source was heard last, where it was
// heard since.
func (s *saver) saveContact() {
	if g, ok := s.dump(); ok && g.heard.After(s.heard) {
		s.save()
	}
}

// close writes what is pending and ends.
func (s *saver) close() {
	s.cancel()
	s.wait.Wait()
}
