package file_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

func TestSourceIsASource(t *testing.T) {
	t.Parallel()
	gatewaytest.TestSource(t, func(t testing.TB) (registry.Source, func(string)) {
		p := &patient{path: filepath.Join(t.TempDir(), "gateway.yaml"), seen: make(chan string, 16), gone: t.Context().Done()}
		t.Cleanup(p.stop)
		p.write(t, "initial")
		p.Source = file.New(p.path).Logger(slog.New(slog.DiscardHandler))
		return p, func(version string) { p.change(t, version) }
	})
}

// A patient source writes a version only when the one before has been read:
// of several versions between two readings, a file keeps the last.
type patient struct {
	*file.Source
	path string
	mu   sync.Mutex // held while a version is on its way
	over bool
	seen chan string
	gone <-chan struct{}
}

func (p *patient) Watch(ctx context.Context, apply func(registry.Update) error) error {
	return p.Source.Watch(ctx, func(u registry.Update) error {
		p.seen <- u.Snapshot.Version
		return apply(u)
	})
}

func (p *patient) change(t testing.TB, version string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.write(t, version)
	for {
		select {
		case got := <-p.seen:
			if got == version {
				return
			}
		case <-p.gone:
			return
		}
	}
}

// stop keeps changes that come late out of the directory, which goes away.
func (p *patient) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
}

func (p *patient) write(t testing.TB, version string) {
	next := p.path + ".next"
	assert.NoError(t, os.WriteFile(next, fmt.Appendf(nil, "version: %q\n", version), 0o600))
	assert.NoError(t, os.Rename(next, p.path))
}
