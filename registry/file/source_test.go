package file_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

const backend = `
upstreams:
  - name: users
    endpoints: [{url: "http://127.0.0.1:9001"}]
`

func routeNamed(name string) string {
	return backend + "routes: [{name: " + name + ", match: {path: /" + name + "}, upstream: users}]\n"
}

// A watcher runs a Source and hands out what it delivers.
type watcher struct {
	t       *testing.T
	source  *file.Source
	updates chan registry.Update
	refuse  chan error // one is taken for each update, where there is one
	ended   chan error
	stop    context.CancelFunc
}

func watch(t *testing.T, path string) *watcher {
	t.Helper()
	return watchAt(t, 5*time.Second, path)
}

func watchAt(t *testing.T, interval time.Duration, path string) *watcher {
	t.Helper()
	w := &watcher{
		t:       t,
		source:  file.New(path).Logger(slog.New(slog.DiscardHandler)).Interval(interval),
		updates: make(chan registry.Update, 16),
		refuse:  make(chan error, 1),
		ended:   make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.stop = cancel
	go func() {
		w.ended <- w.source.Watch(ctx, func(u registry.Update) error {
			var err error
			select { // before it is handed out: what is put there then is for the next
			case err = <-w.refuse:
			default:
			}
			w.updates <- u
			return err
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-w.ended)
	})
	return w
}

// next returns the next update.
func (w *watcher) next() registry.Update {
	w.t.Helper()
	select {
	case u := <-w.updates:
		return u
	case err := <-w.ended:
		w.ended <- err
		w.t.Fatalf("the source has ended: %v", err)
	case <-time.After(10 * time.Second):
		w.t.Fatal("no update has come")
	}
	return registry.Update{}
}

func (w *watcher) nextRoute() string {
	w.t.Helper()
	u := w.next()
	require.NotNil(w.t, u.Snapshot)
	return u.Snapshot.Routes[0].Name
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestSourceDeliversWhatTheFileSaysNowAndLater(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), routeNamed("a"))
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())

	began := time.Now()
	write(t, path, routeNamed("b"))
	require.Equal(t, "b", w.nextRoute())
	t.Logf("in force %s after the file was written", time.Since(began))
}

func TestSourceSeesAFileReplacedByRename(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "gateway.yaml"), routeNamed("a"))
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())
	for _, name := range []string{"b", "c", "d"} {
		next := write(t, filepath.Join(dir, ".gateway.yaml.swp"), routeNamed(name))
		require.NoError(t, os.Rename(next, path))
		require.Equal(t, name, w.nextRoute())
	}
}

func TestSourceSeesAMountedDirectorySwappedByItsLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mount := func(version, route string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "gateway.yaml"), routeNamed(route))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	mount("..1", "a")
	path := filepath.Join(dir, "gateway.yaml")
	require.NoError(t, os.Symlink(filepath.Join("..data", "gateway.yaml"), path))
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())
	mount("..2", "b")
	require.Equal(t, "b", w.nextRoute())
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "..1")))
	mount("..3", "c")
	require.Equal(t, "c", w.nextRoute())
}

func TestSourceSeesAFileAddedToADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "10-upstreams.yaml"), backend)
	w := watch(t, dir)
	require.Empty(t, w.next().Snapshot.Routes)
	write(t, filepath.Join(dir, "20-routes.json"), `{"routes": [{"name": "a", "match": {"path": "/a"}, "upstream": "users"}]}`)
	require.Equal(t, "a", w.nextRoute())
}

func TestSourceKeepsWhatIsInForceWhenTheFileIsBroken(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), routeNamed("a"))
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())
	require.NoError(t, w.source.Refused())

	write(t, path, "routes: [{name: b")
	require.Eventually(t, func() bool { return w.source.Refused() != nil }, 10*time.Second, time.Millisecond)
	require.ErrorContains(t, w.source.Refused(), "not valid YAML")

	write(t, path, routeNamed("c"))
	require.Equal(t, "c", w.nextRoute(), "nothing of the broken file has been delivered")
	require.Eventually(t, func() bool { return w.source.Refused() == nil }, 10*time.Second, time.Millisecond)
}

func TestSourceReportsARefusalAndDoesNotRepeatTheUpdate(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), routeNamed("a"))
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())
	refusal := registry.Faults{{Route: "b", Err: os.ErrInvalid}}
	w.refuse <- refusal
	write(t, path, routeNamed("b"))
	require.Equal(t, "b", w.nextRoute())
	require.Eventually(t, func() bool { return w.source.Refused() != nil }, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, w.source.Refused(), os.ErrInvalid)

	write(t, path, routeNamed("b"))
	write(t, path, routeNamed("c"))
	require.Equal(t, "c", w.nextRoute(), "the same content is not delivered again")
}

func TestSourceDeliversTheDifferenceOfTheDirectory(t *testing.T) {
	t.Parallel()
	head := backend + "apis: [{name: users}]\nplans: [{name: gold}, {name: free}]\ndirectory:\n  subscriptions:\n"
	one := "    - {id: s1, consumer: acme, api: users, plan: gold, keys: [{id: k1, hash: \"hmac-sha256:" + hash('1') + "\"}]}\n"
	two := "    - {id: s2, consumer: other, api: users, plan: free}\n"
	path := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), head+one+two)
	w := watch(t, path)
	require.Len(t, w.next().Directory, 5)

	write(t, path, head+two)
	u := w.next()
	require.Nil(t, u.Snapshot, "the routes have not changed")
	require.Len(t, u.Directory, 2)
	require.True(t, u.Directory[0].Remove)
	require.Equal(t, "k1", u.Directory[0].Credential.ID)
	require.NotZero(t, u.Directory[0].Sum)
	require.True(t, u.Directory[1].Remove)
	require.Equal(t, "s1", u.Directory[1].Subscription.ID)
}

func TestSourceReadsAtAnIntervalWhatNoEventTells(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		write(t, filepath.Join(dir, name, "gateway.yaml"), routeNamed(name))
	}
	// the link is in a directory that is not watched
	link := func(to string) {
		require.NoError(t, os.Symlink(to, filepath.Join(dir, "next")))
		require.NoError(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "link")))
	}
	link("a")
	w := watchAt(t, 20*time.Millisecond, filepath.Join(dir, "link", "gateway.yaml"))
	require.Equal(t, "a", w.nextRoute())
	link("b")
	require.Equal(t, "b", w.nextRoute())
}

func TestSourceForgetsThatAFileWasAwayForAWhile(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), routeNamed("a"))
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())
	require.NoError(t, os.Rename(path, path+".bak"))
	require.Eventually(t, func() bool { return w.source.Refused() != nil }, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, w.source.Refused(), os.ErrNotExist)
	require.NoError(t, os.Rename(path+".bak", path))
	require.Eventually(t, func() bool { return w.source.Refused() == nil }, 10*time.Second, time.Millisecond)
}

func TestSourceEndsWhereThereIsNothingToBeginWith(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, path := range map[string]string{
		"a missing file":     filepath.Join(dir, "none.yaml"),
		"an empty directory": dir,
		"a broken file":      write(t, filepath.Join(t.TempDir(), "gateway.yaml"), "a: [1"),
	} {
		err := file.New(path).Watch(t.Context(), func(registry.Update) error { return nil })
		require.Error(t, err, name)
	}
}

func hash(digit byte) string {
	var b [64]byte
	for i := range b {
		b[i] = digit
	}
	return string(b[:])
}

func TestSourceDoesNotTakeTheBeginningOfAFileForTheWhole(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), routeNamed("a")+"\n# the end\n")
	w := watch(t, path)
	require.Equal(t, "a", w.nextRoute())

	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	require.NoError(t, err)
	_, err = f.WriteString("environment: half\n")
	require.NoError(t, err)
	select {
	case u := <-w.updates:
		t.Fatalf("the beginning was delivered: %+v", u.Snapshot)
	case <-time.After(150 * time.Millisecond): // longer than files have to rest as a rule
	}
	_, err = f.WriteString(routeNamed("b"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, "b", w.nextRoute())
}
