package file

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	// settle is how long the files must rest before they are read: writing one
	// takes several steps.
	settle = 40 * time.Millisecond
	// doubt is how long a file must rest that is shorter than it was, and doubts
	// how often that is asked for.
	doubt  = 250 * time.Millisecond
	doubts = 8
	// longest bounds the wait for files that never rest.
	longest = time.Second
	// defaultInterval is how often the files are read without being told.
	defaultInterval = 5 * time.Second
)

// A Source reads files and watches them. It implements registry.Source.
type Source struct {
	paths    []string
	logger   *slog.Logger
	interval time.Duration
	refused  atomic.Pointer[error]
	contact  atomic.Pointer[contact]
}

// New returns a Source of the files. A path that is a directory stands for the
// *.yaml, *.yml and *.json files in it. Nothing is read before Watch.
func New(path string, paths ...string) *Source {
	return &Source{
		paths:    append([]string{path}, paths...),
		logger:   slog.Default(),
		interval: defaultInterval,
	}
}

// Logger sets where refusals and reloads are logged; by default slog.Default.
func (s *Source) Logger(l *slog.Logger) *Source {
	s.logger = l
	return s
}

// Interval sets how often the files are read even if the system reports no
// change, as on network file systems; by default every 5s.
func (s *Source) Interval(d time.Duration) *Source {
	if d > 0 {
		s.interval = d
	}
	return s
}

// Refused returns why what the files say now is not in force; nil where it is.
func (s *Source) Refused() error {
	if err := s.refused.Load(); err != nil {
		return *err
	}
	return nil
}

// Watch implements registry.Source. It returns an error where the files cannot
// be read at first; later on that is logged, and what was read before stays in
// force. A refusal by apply is logged too.
func (s *Source) Watch(ctx context.Context, apply func(registry.Update) error) error {
	w := &watch{Source: s, apply: apply, told: newNotifier(s.paths, s.logger)}
	defer w.told.close()
	defer w.hears(false)
	if err := w.first(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	for w.told.wait(ctx, s.interval) {
		w.again(ctx)
	}
	return nil
}

// A watch is one run of Watch.
type watch struct {
	*Source
	apply func(registry.Update) error
	told  *notifier
	// sizes holds how long the files were when they were last read to the end.
	sizes map[string]int
	// seen is the sum of the files as last read to the end: applied or refused.
	seen [sha256.Size]byte
	// snapshot is the sum of the snapshot in force, served its directory.
	snapshot [sha256.Size]byte
	served   state
	// verdict is what has become of what was last read; lost says that the
	// files cannot be read at present.
	verdict error
	lost    bool
}

func (w *watch) first(ctx context.Context) error {
	texts, err := w.read(ctx, true)
	if err != nil || ctx.Err() != nil {
		return err
	}
	w.hears(true)
	update, err := w.load(ctx, texts)
	if err != nil {
		w.refused.Store(&err)
		return err
	}
	w.deliver(update)
	return nil
}

// again reads the files and delivers what has changed.
func (w *watch) again(ctx context.Context) {
	texts, err := w.read(ctx, false)
	if ctx.Err() != nil {
		return
	}
	w.hears(err == nil)
	if err != nil {
		w.lost = true
		w.report(ctx, err)
		return
	}
	if sum(texts) == w.seen {
		w.found()
		return
	}
	update, err := w.load(ctx, w.whole(ctx, texts))
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.refuse(err)
	default:
		w.deliver(update)
	}
}

// found says of files that are as they were what was said of them before.
func (w *watch) found() {
	if !w.lost {
		return
	}
	w.lost = false
	if w.verdict == nil {
		w.refused.Store(nil)
	} else {
		w.refused.Store(&w.verdict)
	}
}

// read reads the files, a second time where they cannot be read: they may be
// about to be replaced.
func (w *watch) read(ctx context.Context, first bool) ([]text, error) {
	texts, err := readAll(w.paths)
	if err != nil && !first && rest(ctx) {
		texts, err = readAll(w.paths)
	}
	return texts, err
}

// load makes an update of the files. Where they have faults they may be half
// written: they are read once more before that is an error.
func (w *watch) load(ctx context.Context, texts []text) (registry.Update, error) {
	update, err := expand(texts)
	if err != nil && rest(ctx) {
		if again, readErr := readAll(w.paths); readErr == nil && sum(again) != sum(texts) {
			texts = again
			update, err = expand(texts)
		}
	}
	w.seen, w.sizes = sum(texts), sizes(texts)
	return update, err
}

// whole returns the files once they have rested for longer, where one is
// shorter than it was: a file that is written in place looks so for a while,
// and its beginning may well be a valid document.
func (w *watch) whole(ctx context.Context, texts []text) []text {
	for range doubts {
		if !w.shrank(texts) || !restFor(ctx, doubt) {
			return texts
		}
		again, err := readAll(w.paths)
		if err == nil && sum(again) == sum(texts) {
			return texts
		}
		if err == nil {
			texts = again
		}
	}
	return texts
}

func (w *watch) shrank(texts []text) bool {
	return slices.ContainsFunc(texts, func(t text) bool { return len(t.data) < w.sizes[t.path] })
}

func sizes(texts []text) map[string]int {
	all := make(map[string]int, len(texts))
	for _, t := range texts {
		all[t.path] = len(t.data)
	}
	return all
}

// rest waits for the files to rest, and reports false where ctx ends before.
func rest(ctx context.Context) bool { return restFor(ctx, settle) }

func restFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// deliver applies what differs from what is in force.
func (w *watch) deliver(full registry.Update) {
	content, err := sumSnapshot(full.Snapshot)
	if err != nil {
		w.refuse(err)
		return
	}
	next := stateOf(full.Directory)
	update := registry.Update{Directory: w.served.changes(next)}
	if content != w.snapshot {
		update.Snapshot = full.Snapshot
	}
	if update.Snapshot == nil && len(update.Directory) == 0 {
		w.accepted(full)
		return
	}
	if err := w.apply(update); err != nil {
		w.refuse(err)
		return
	}
	w.snapshot, w.served = content, next
	w.accepted(full)
}

func (w *watch) accepted(full registry.Update) {
	w.verdict, w.lost = nil, false
	w.refused.Store(nil)
	w.logger.Info("configuration read", slog.String("version", full.Snapshot.Version))
}

// refuse keeps why what the files say is not in force.
func (w *watch) refuse(err error) {
	w.verdict, w.lost = err, false
	w.report(context.Background(), err)
}

// report logs an error once, however often it is met again.
func (w *watch) report(ctx context.Context, err error) {
	before := w.Refused()
	w.refused.Store(&err)
	if before != nil && before.Error() == err.Error() {
		return
	}
	for _, f := range registry.AsFaults(err) {
		w.logger.ErrorContext(ctx, "configuration refused", slog.String("fault", f.Error()))
	}
}

func sum(texts []text) [sha256.Size]byte {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%q %d\n", t.path, len(t.data))
		h.Write(t.data)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func sumSnapshot(s *registry.Snapshot) ([sha256.Size]byte, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("compare configurations: %w", err)
	}
	return sha256.Sum256(raw), nil
}
