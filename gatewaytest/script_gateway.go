package gatewaytest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

// wholeGateway plays a script against a gateway in process. All upstreams are
// in process too, whatever their endpoints are.
type wholeGateway struct {
	t     testing.TB
	opts  []gateway.Option
	dir   string
	names []string // of the upstreams of all configurations of the script

	g      *Gateway
	before int // of what was seen
}

func newWholeGateway(t testing.TB, steps []step, opts []gateway.Option) *wholeGateway {
	t.Helper()
	w := &wholeGateway{t: t, opts: opts, dir: t.TempDir()}
	for _, s := range steps {
		c, ok := s.(*configStep)
		if !ok {
			continue
		}
		update, err := w.load(c.name, c.data)
		if err != nil { // it is told where the configuration is applied
			continue
		}
		for _, u := range update.Snapshot.Upstreams {
			w.names = append(w.names, u.Name)
		}
	}
	slices.Sort(w.names)
	w.names = slices.Compact(w.names)
	return w
}

// load reads a configuration. $DIR in it is the folder where the files of the
// script lie.
func (w *wholeGateway) load(name, data string) (registry.Update, error) {
	if err := w.file(name, []byte(strings.ReplaceAll(data, "$DIR", w.dir))); err != nil {
		return registry.Update{}, err
	}
	return file.Load(filepath.Join(w.dir, name))
}

func (w *wholeGateway) file(name string, data []byte) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("file %q: want a name without a path", name)
	}
	return os.WriteFile(filepath.Join(w.dir, name), data, 0o600)
}

// configure makes the gateway, or has it take up another configuration.
func (w *wholeGateway) configure(name, data string) error {
	update, err := w.load(name, data)
	if err != nil {
		return err
	}
	if w.g != nil {
		return w.g.Apply(w.t.Context(), update)
	}
	g, err := try(w.t, update, w.names, w.opts)
	if err == nil {
		w.g = g
	}
	return err
}

func (w *wholeGateway) backend(name string, h http.Handler) error {
	if w.g == nil {
		return fmt.Errorf("backend %s: want a configuration before it", name)
	}
	b := w.g.backends.get(name)
	if b == nil {
		return fmt.Errorf("backend %s: the configuration names no such upstream", name)
	}
	b.serve(h)
	return nil
}

func (w *wholeGateway) do(r *http.Request) Result {
	if w.g == nil {
		w.t.Fatal("a request: want a configuration before it")
	}
	return w.g.Do(r)
}

func (w *wholeGateway) seen() []Seen {
	all := w.g.Seen()
	news := all[w.before:]
	w.before = len(all)
	return news
}
