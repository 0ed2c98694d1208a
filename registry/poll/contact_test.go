package poll_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry/poll"
)

// advances reports whether contact goes on.
func (r *run) advances(t *testing.T) {
	t.Helper()
	from := time.Now()
	require.Eventually(t, func() bool { return r.source.Contact().After(from) }, 10*time.Second, time.Millisecond)
}

// stands reports that contact goes on no more, while rounds are made: at is
// asked for how many there were.
func (r *run) stands(t *testing.T, rounds func() int) {
	t.Helper()
	began := rounds()
	await := func(n int) {
		require.Eventually(t, func() bool { return rounds() >= began+n }, 10*time.Second, time.Millisecond)
	}
	await(2) // what was under way is over
	from := r.source.Contact()
	await(5)
	require.Equal(t, from, r.source.Contact())
}

func (f *fake) rounds() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.cursors)
}

func TestAnAnswerThatNothingChangedIsContact(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := start(t, f)
	r.next(t)
	r.advances(t)
}

func TestWhatIsRefusedWasHeardAllTheSame(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := start(t, f)
	r.next(t)
	f.set(tagged(`"2"`, `{"schema":"gateway/v1","routes":[{"name":"x","no_such_member":1}]}`), nil)
	r.faulty(t, "no_such_member")
	r.advances(t)
}

func TestARegistryThatFailsIsNotHeard(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]struct{ document, directory http.HandlerFunc }{
		"an error for the document":  {answers(500, "text/plain", "away"), nil},
		"an error for the directory": {nil, answers(503, "text/plain", "away")},
		"half a document":            {tagged(`"2"`, `{"schema":"gateway/v1","rou`), nil},
		"a page of something else":   {answers(200, "text/html", "<p>welcome"), nil},
		"half a feed":                {nil, answers(200, "application/json", `{"cursor":"2","chan`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			r := start(t, f)
			r.next(t)
			r.advances(t)
			f.set(answers.document, answers.directory)
			r.stands(t, f.rounds)
			f.set(f1, page("1"))
			r.advances(t)
		})
	}
}

func TestContactIsOfWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.set(answers(500, "text/plain", ""), nil)
	start(t, f, poll.DirectoryOnly()).advances(t)
	f = newFake(t)
	f.set(nil, answers(500, "text/plain", ""))
	start(t, f, poll.DocumentOnly()).advances(t)
}
