package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// ErrLastGood says that the last good configuration on disk is not to be
// believed: it was damaged, or others may have written it.
var ErrLastGood = errors.New("gateway: last good configuration is damaged")

const directorySaveEvery = 30 * time.Second

// good is what the file holds. It knows references to secrets and keyed hashes
// of keys, never a secret.
type good struct {
	Snapshot  *registry.Snapshot `json:"snapshot"`
	Directory *registry.Feed     `json:"directory,omitempty"`
}

// envelope holds the content with its SHA-256.
type envelope struct {
	Format  string          `json:"format"`
	Sum     string          `json:"sha256"`
	Content json.RawMessage `json:"content"`
}

const goodFormat = "gateway-last-good/1"

// writeGood writes the file anew beside the old one, to disk, and renames it.
func writeGood(path string, g good) error {
	content, err := json.Marshal(g)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	raw, err := json.Marshal(envelope{goodFormat, hex.EncodeToString(sum[:]), content})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".last-good-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readGood reads the file, if nobody else can have written it and its sum
// holds.
func readGood(path string) (registry.Update, error) {
	info, err := os.Stat(path)
	if err != nil {
		return registry.Update{}, err
	}
	if !info.Mode().IsRegular() {
		return registry.Update{}, fmt.Errorf("%w: %s is no regular file", ErrLastGood, path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return registry.Update{}, fmt.Errorf("%w: %s has mode %#o, want 0600", ErrLastGood, path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return registry.Update{}, err
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return registry.Update{}, fmt.Errorf("%w: %s: %v", ErrLastGood, path, err)
	}
	if sum := sha256.Sum256(e.Content); e.Format != goodFormat || e.Sum != hex.EncodeToString(sum[:]) {
		return registry.Update{}, fmt.Errorf("%w: %s: the checksum does not hold", ErrLastGood, path)
	}
	return decodeGood(e.Content)
}

func decodeGood(content []byte) (registry.Update, error) {
	var g good
	if err := json.Unmarshal(content, &g); err != nil {
		return registry.Update{}, fmt.Errorf("%w: %v", ErrLastGood, err)
	}
	if g.Snapshot == nil {
		return registry.Update{}, fmt.Errorf("%w: it holds no configuration", ErrLastGood)
	}
	u := registry.Update{Snapshot: g.Snapshot}
	if g.Directory != nil {
		u.Directory = g.Directory.Changes
	}
	return u, nil
}

// dump returns what serves now, for the file.
func (g *Gateway) dump() (good, bool) {
	t := g.table.Load()
	if t == nil {
		return good{}, false
	}
	out := good{Snapshot: t.snapshot}
	if d, ok := g.directory.(interface{ All() []registry.Change }); ok {
		out.Directory = &registry.Feed{Cursor: "last-good", Changes: d.All()}
	}
	return out, true
}

// A saver writes the file beside the request path: at once after a swap, now
// and then after changes of the directory. Several changes make one write.
type saver struct {
	path   string
	log    *slog.Logger
	dump   func() (good, bool)
	now    chan struct{}
	soon   chan struct{}
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

func newSaver(path string, log *slog.Logger, dump func() (good, bool)) *saver {
	ctx, cancel := context.WithCancel(context.Background())
	s := &saver{path: path, log: log, dump: dump, now: make(chan struct{}, 1), soon: make(chan struct{}, 1), cancel: cancel}
	s.wait.Go(func() { s.run(ctx) })
	return s
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
	for {
		select {
		case <-ctx.Done():
			if len(s.now) > 0 || len(s.soon) > 0 || pause != nil {
				s.save()
			}
			return
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
	if err := writeGood(s.path, g); err != nil {
		s.log.Error("last good configuration not written", "file", s.path, "error", err)
	}
}

// close writes what is pending and ends.
func (s *saver) close() {
	s.cancel()
	s.wait.Wait()
}
