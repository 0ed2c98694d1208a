package file

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A notifier says when files may have changed. It watches the directories that
// hold them, and those that they are links into, not the files: editors and
// control planes replace files, and a watch of what was replaced hears no more.
type notifier struct {
	paths   []string
	logger  *slog.Logger
	watcher *fsnotify.Watcher // nil: only the interval counts
	names   map[string]bool
}

func newNotifier(paths []string, logger *slog.Logger) *notifier {
	n := &notifier{paths: paths, logger: logger}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		logger.Warn("configuration files cannot be watched; they are read at an interval", slog.Any("error", err))
		return n
	}
	n.watcher = watcher
	n.watch()
	return n
}

func (n *notifier) close() {
	if n.watcher != nil {
		_ = n.watcher.Close()
	}
}

// watch adds the directories as they are now. Adding one again does nothing,
// unless it has been replaced.
func (n *notifier) watch() {
	if n.watcher == nil {
		return
	}
	n.names = map[string]bool{}
	for _, path := range n.paths {
		n.add(filepath.Dir(path), filepath.Base(path))
		if target, err := filepath.EvalSymlinks(path); err == nil {
			n.add(filepath.Dir(target), filepath.Base(target))
		}
		if within, err := listDir(path); err == nil {
			for _, file := range within {
				n.add(path, filepath.Base(file))
			}
		}
	}
}

func (n *notifier) add(dir, name string) {
	n.names[name] = true
	if err := n.watcher.Add(dir); err != nil {
		n.logger.Debug("directory cannot be watched", slog.String("directory", dir), slog.Any("error", err))
	}
}

// concerns reports whether an event may be about our files: by name, as a file
// of a directory, or as the ..data link by which Kubernetes swaps them all.
func (n *notifier) concerns(e fsnotify.Event) bool {
	name := filepath.Base(e.Name)
	return !e.Has(fsnotify.Chmod) && (n.names[name] || isConfiguration(name) || strings.HasPrefix(name, ".."))
}

// wait returns true when the files have changed and rest, or the interval is
// over, and false when ctx has ended.
func (n *notifier) wait(ctx context.Context, interval time.Duration) bool {
	n.watch()
	poll := time.NewTimer(interval)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
			return true
		case e, ok := <-n.events():
			if !ok {
				return false
			}
			if n.concerns(e) {
				return n.settled(ctx)
			}
		case <-n.errors():
			return true // events may have been lost
		}
	}
}

// settled waits until there have been no events for a while.
func (n *notifier) settled(ctx context.Context) bool {
	end := time.NewTimer(longest)
	defer end.Stop()
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-end.C:
			return true
		case <-quiet.C:
			return true
		case e := <-n.events():
			if n.concerns(e) {
				quiet.Reset(settle)
			}
		}
	}
}

func (n *notifier) events() chan fsnotify.Event {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Events
}

func (n *notifier) errors() chan error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Errors
}
