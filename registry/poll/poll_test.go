package poll_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fake is a registry whose answers a test sets.
type fake struct {
	mu        sync.Mutex
	document  http.HandlerFunc
	directory http.HandlerFunc
	cursors   []string // that were asked for
	tags      []string
	bearers   []string
	server    *httptest.Server
}

func newFake(t testing.TB) *fake {
	f := &fake{document: f1, directory: page("1")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gw/document", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.tags, f.bearers = append(f.tags, r.Header.Get("If-None-Match")), append(f.bearers, r.Header.Get("Authorization"))
		h := f.document
		f.mu.Unlock()
		h(w, r)
	})
	mux.HandleFunc("GET /gw/directory", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.cursors = append(f.cursors, r.URL.Query().Get("cursor"))
		h := f.directory
		f.mu.Unlock()
		h(w, r)
	})
	f.server = httptest.NewServer(mux)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) set(document, directory http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if document != nil {
		f.document = document
	}
	if directory != nil {
		f.directory = directory
	}
}

// doc serves a document with one route under a tag, and 304 to who has it.
func doc(tag, route string) http.HandlerFunc {
	return tagged(tag, fmt.Sprintf(`{"schema":"gateway/v1","version":%q,"upstreams":[{"name":"u","endpoints":[{"url":"http://127.0.0.1:1"}]}],
		"routes":[{"name":%q,"match":{"path":"/"},"upstream":"u","policies":["public"]}]}`, tag, route))
}

func tagged(tag, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func f1(w http.ResponseWriter, r *http.Request) { doc(`"1"`, "one")(w, r) }

// page serves changes to who is not at the cursor yet, and 304 to who is.
func page(cursor string, changes ...registry.Change) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := r.URL.Query().Get("cursor")
		if at == cursor {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(registry.Feed{Cursor: cursor, Reset: at == "", Changes: changes})
	}
}

func subscription(consumer string) registry.Change {
	return registry.Change{Subscription: &registry.Subscription{
		ID: consumer, Consumer: consumer, API: "users/v2", Environment: "production", Active: true,
	}}
}

// A run is a source at work; updates come in the order of apply.
type run struct {
	source  *poll.Source
	updates chan registry.Update
	refuse  chan error // one is taken for each update, where there is one
}

func start(t *testing.T, f *fake, options ...poll.Option) *run {
	t.Helper()
	options = append([]poll.Option{
		poll.Interval(5 * time.Millisecond), poll.Logger(slog.New(slog.DiscardHandler)), poll.Timeout(200 * time.Millisecond),
		poll.Client(f.server.Client()),
	}, options...)
	s, err := poll.New(f.server.URL+"/gw", options...)
	require.NoError(t, err)
	r := &run{source: s, updates: make(chan registry.Update, 64), refuse: make(chan error, 8)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Watch(ctx, func(u registry.Update) error {
			r.updates <- u
			select {
			case err := <-r.refuse:
				return err
			default:
				return nil
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return r
}

func (r *run) next(t *testing.T) registry.Update {
	t.Helper()
	select {
	case u := <-r.updates:
		return u
	case <-time.After(10 * time.Second):
		t.Fatalf("no update came; the source says: %v", r.source.Fault())
		return registry.Update{}
	}
}

func (r *run) faulty(t *testing.T, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		err := r.source.Fault()
		return err != nil && strings.Contains(err.Error(), want)
	}, 10*time.Second, time.Millisecond, "want a fault that says %q", want)
}

func (r *run) well(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return r.source.Fault() == nil }, 10*time.Second, time.Millisecond)
}

func names(u registry.Update) []string {
	var out []string
	for _, c := range u.Directory {
		name := "?"
		switch {
		case c.Plan != nil:
			name = "plan " + c.Plan.Name
		case c.Subscription != nil:
			name = c.Subscription.Consumer
		case c.Credential != nil:
			name = fmt.Sprintf("key %x", c.Sum[:1])
		}
		if c.Remove {
			name = "-" + name
		}
		out = append(out, name)
	}
	return out
}

func TestTheFirstUpdateHoldsBothAndTheOthersComeByThemselves(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(nil, page("1", subscription("acme")))
	r := start(t, f, poll.Token(func() (string, error) { return "secret", nil }))
	u := r.next(t)
	require.Equal(t, "one", u.Snapshot.Routes[0].Name)
	require.Equal(t, []string{"acme"}, names(u))
	require.False(t, r.source.Answered().IsZero())

	f.set(nil, page("2", subscription("initech")))
	u = r.next(t)
	require.Nil(t, u.Snapshot)
	require.Equal(t, []string{"initech"}, names(u))

	f.set(doc(`"2"`, "two"), nil)
	u = r.next(t)
	require.Equal(t, "two", u.Snapshot.Routes[0].Name)
	require.Empty(t, u.Directory)

	f.mu.Lock()
	defer f.mu.Unlock()
	require.Equal(t, "", f.cursors[0])
	require.Contains(t, f.cursors, "1")
	require.Contains(t, f.tags, `"1"`)
	require.Equal(t, "Bearer secret", f.bearers[0])
}

func TestARevocationIsAnUpdate(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(nil, page("1", subscription("acme"), subscription("initech")))
	r := start(t, f)
	r.next(t)
	gone := subscription("acme")
	gone.Remove = true
	f.set(nil, page("2", gone))
	require.Equal(t, []string{"-acme"}, names(r.next(t)))
}

func TestAFeedThatBeginsAnewRemovesWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	key := registry.Change{Credential: &registry.Credential{ID: "k"}, Sum: [32]byte{7}}
	f.set(nil, page("1", registry.Change{Plan: &registry.Plan{Name: "gold"}}, subscription("acme"), subscription("initech"), key))
	r := start(t, f)
	r.next(t)
	f.set(nil, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Query().Get("cursor") == "1" {
			w.WriteHeader(http.StatusGone)
			return
		}
		page("9", subscription("initech"))(w, req)
	})
	require.Equal(t, []string{"initech", "-key 07", "-acme", "-plan gold"}, names(r.next(t)))
}

func TestTheDocumentMayBeLeftToOthers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(answers(500, "text/plain", ""), page("1", subscription("acme")))
	r := start(t, f, poll.DirectoryOnly())
	u := r.next(t)
	require.Nil(t, u.Snapshot)
	require.Equal(t, []string{"acme"}, names(u))
	r.well(t)
	_, err := poll.New("https://registry.example", poll.DirectoryOnly(), poll.DocumentOnly())
	require.ErrorContains(t, err, "nothing to ask for")
}

func TestPagesAreReadToTheLast(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(nil, func(w http.ResponseWriter, r *http.Request) {
		next := map[string]registry.Feed{
			"":  {Cursor: "a", Reset: true, More: true, Changes: []registry.Change{subscription("one")}},
			"a": {Cursor: "b", More: true, Changes: []registry.Change{subscription("two")}},
			"b": {Cursor: "c", Changes: []registry.Change{subscription("three")}},
		}
		p, ok := next[r.URL.Query().Get("cursor")]
		if !ok {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p)
	})
	r := start(t, f)
	require.Equal(t, []string{"one", "two", "three"}, names(r.next(t)))
}

func answers(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestNothingThatIsWrongIsServed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document, directory http.HandlerFunc
		want                string
	}{
		"a document that is no JSON":      {answers(200, "application/json", "<html>"), nil, "document"},
		"an error page":                   {answers(200, "text/html", "<html>"), nil, "something else than JSON"},
		"a status of failure":             {answers(500, "application/json", "{}"), nil, "answered 500"},
		"a redirect to somewhere else":    {answers(302, "application/json", "{}"), nil, "answered 302"},
		"well-formed nonsense":            {answers(200, "application/json", `{"hello":"world"}`), nil, `"hello"`},
		"an empty object":                 {answers(200, "application/json", `{}`), nil, "want schema"},
		"a document without routes":       {answers(200, "application/json", `{"schema":"gateway/v1"}`), nil, "no route"},
		"a list":                          {answers(200, "application/json", `[]`), nil, "object"},
		"half a document":                 {halved, nil, "read answer"},
		"an answer that never comes":      {hanging, nil, "deadline"},
		"a document that names no policy": {answers(200, "application/json", `{"schema":"gateway/v1","routes":[{"nam":"x"}]}`), nil, `did you mean "name"`},
		"a feed that is no JSON":          {nil, answers(200, "application/json", "{"), "directory"},
		"a feed of another kind":          {nil, answers(200, "application/json", `{"cursor":"2","changes":[{"what":1}]}`), "what"},
		"a feed that removes everybody":   {nil, answers(200, "application/json", `{"cursor":"2","reset":true,"changes":[]}`), "every subscription"},
		"a feed that does not move":       {nil, answers(200, "application/json", `{"cursor":"1","more":true,"changes":[]}`), "same cursor"},
		"a feed that is away":             {nil, answers(503, "application/json", `{}`), "answered 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.set(nil, page("1", subscription("acme")))
			r := start(t, f)
			r.next(t)
			f.set(c.document, c.directory)
			r.faulty(t, c.want)
			require.Empty(t, r.updates, "nothing of it is applied")
			f.set(doc(`"3"`, "three"), page("3", subscription("hooli")))
			require.Equal(t, []string{"hooli"}, names(r.next(t)))
			require.Equal(t, "three", r.next(t).Snapshot.Routes[0].Name, "the next good version comes")
			r.well(t)
		})
	}
}

// halved promises more than it sends.
func halved(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"schema":"gateway/v1",`)
}

func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestARegistryThatIsAwayAtFirstIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(answers(503, "application/json", ""), nil)
	r := start(t, f)
	r.faulty(t, "answered 503")
	f.set(f1, answers(503, "application/json", ""))
	r.faulty(t, "directory: the registry answered 503")
	require.Empty(t, r.updates, "a document without its directory would refuse everybody")
	f.set(nil, page("1", subscription("acme")))
	require.Equal(t, []string{"acme"}, names(r.next(t)))
	r.well(t)
}

func TestARefusedVersionIsNotAppliedAgainAndAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := start(t, f)
	r.next(t)
	r.refuse <- registry.Faults{{Route: "two", Err: errors.New("no such kind")}}
	f.set(doc(`"2"`, "two"), nil)
	require.Equal(t, "two", r.next(t).Snapshot.Routes[0].Name)
	r.faulty(t, "no such kind")
	f.set(nil, page("2", subscription("acme")))
	require.Equal(t, []string{"acme"}, names(r.next(t)), "the directory goes on")
	require.ErrorContains(t, r.source.Fault(), "no such kind")
	f.set(doc(`"3"`, "three"), nil)
	require.Equal(t, "three", r.next(t).Snapshot.Routes[0].Name)
	r.well(t)
}

func TestARefusedChangeOfTheDirectoryComesAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := start(t, f)
	r.next(t)
	r.refuse <- errors.New("not now")
	f.set(nil, page("2", subscription("acme")))
	require.Equal(t, []string{"acme"}, names(r.next(t)))
	require.Equal(t, []string{"acme"}, names(r.next(t)), "the cursor has not moved")
	r.well(t)
}

func TestAnAnswerThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := start(t, f)
	r.next(t)
	f.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.CopyN(w, zeros{}, 65<<20)
	}, nil)
	require.Eventually(t, func() bool { return r.source.Fault() != nil }, 20*time.Second, time.Millisecond)
	require.Empty(t, r.updates)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestTheAddressHasToBeTrusted(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://registry.example/x":        "want an https address",
		"ftp://registry.example/x":         "want an https address",
		"https://user:pw@registry.example": "holds a password",
		"https://":                         "want an https address",
		"://":                              "missing protocol scheme",
	} {
		_, err := poll.New(address)
		require.ErrorContains(t, err, want, address)
		require.NotContains(t, err.Error(), "pw")
	}
	for _, address := range []string{"https://registry.example/x", "http://127.0.0.1:1/x", "http://[::1]/x", "http://localhost:8080"} {
		_, err := poll.New(address)
		require.NoError(t, err, address)
	}
	_, err := poll.New("https://registry.example", poll.Interval(0), poll.Timeout(-1), poll.Client(nil))
	require.ErrorContains(t, err, "interval")
	require.ErrorContains(t, err, "timeout")
	require.ErrorContains(t, err, "client")
}

func TestATokenThatCannotBeHadIsAFault(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := start(t, f, poll.Token(func() (string, error) { return "", errors.New("no token file") }))
	r.faulty(t, "no token file")
	f.mu.Lock()
	defer f.mu.Unlock()
	require.Empty(t, f.bearers, "nothing is asked without one")
}

func TestSourceKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestSource(t, func(t testing.TB) (registry.Source, func(string)) {
		f := newFake(t)
		f.set(doc("v0", "one"), nil)
		s, err := poll.New(f.server.URL+"/gw", poll.Interval(10*time.Millisecond), poll.Logger(slog.New(slog.DiscardHandler)))
		require.NoError(t, err)
		return s, func(version string) { f.set(doc(version, "one"), nil) }
	})
}

func ExampleNew() {
	mux := http.NewServeMux()
	mux.HandleFunc("/gw/document", doc(`"1"`, "one"))
	mux.HandleFunc("/gw/directory", page("1", subscription("acme")))
	server := httptest.NewServer(mux)
	defer server.Close()

	source, err := poll.New(server.URL+"/gw", poll.Client(server.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	err = source.Watch(ctx, func(u registry.Update) error {
		fmt.Println(u.Snapshot.Version, len(u.Directory))
		stop()
		return nil
	})
	fmt.Println(err)
	// Output:
	// "1" 1
	// <nil>
}
