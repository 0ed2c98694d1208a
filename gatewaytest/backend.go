package gatewaytest

import (
	"io"
	"net/http"
	"sync"
	"testing"
)

// A Backend records what it saw and answers as told. Its zero value answers
// 200 with no body. It may be used from many goroutines at once; its fields
// are not altered while it serves.
type Backend struct {
	Status int         // 0 means 200
	Header http.Header // of the answer
	Body   string
	// Answer, where set, writes the answer in place of the fields above. The
	// request body was read already, and is there to be read again.
	Answer http.Handler

	mu   sync.Mutex
	seen []Seen
}

// Seen is a request as a backend saw it.
type Seen struct {
	Upstream string // its name, where a Gateway knows it
	Method   string
	Target   string // path and query, as they were sent
	Host     string
	Header   http.Header
	Trailer  http.Header
	Body     string
	Err      error // of reading the body
}

// maxSeen bounds the body that a backend keeps.
const maxSeen = 16 << 20

// ServeHTTP implements http.Handler.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxSeen))
	b.note(Seen{
		Method: r.Method, Target: r.RequestURI, Host: r.Host,
		Header: r.Header.Clone(), Trailer: r.Trailer.Clone(), Body: string(body), Err: err,
	})
	if b.Answer != nil {
		r.Body = io.NopCloser(newReader(string(body), err))
		b.Answer.ServeHTTP(w, r)
		return
	}
	for field, values := range b.Header {
		w.Header()[field] = append([]string(nil), values...)
	}
	w.WriteHeader(max(b.Status, http.StatusOK))
	_, _ = io.WriteString(w, b.Body)
}

func (b *Backend) note(s Seen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, s)
}

// Seen returns what came so far, oldest first.
func (b *Backend) Seen() []Seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Seen(nil), b.seen...)
}

// Last returns what came last, and fails t where nothing has.
func (b *Backend) Last(t testing.TB) Seen {
	t.Helper()
	seen := b.Seen()
	if len(seen) == 0 {
		t.Fatal("the backend saw no request")
	}
	return seen[len(seen)-1]
}

// newReader reads content and ends with err, or io.EOF where that is nil.
func newReader(content string, err error) io.Reader {
	return &contentReader{content: content, err: err}
}

type contentReader struct {
	content string
	err     error
}

func (r *contentReader) Read(p []byte) (int, error) {
	if r.content == "" {
		if r.err != nil {
			return 0, r.err
		}
		return 0, io.EOF
	}
	n := copy(p, r.content)
	r.content = r.content[n:]
	return n, nil
}
