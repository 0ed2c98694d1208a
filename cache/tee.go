package cache

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A tee is the body of a response that is to be stored. It keeps what it hands
// on, up to a bound, and tells once how that ended. Nothing about the response
// changes by it.
type tee struct {
	body   io.ReadCloser
	length int64 // as announced; -1 unknown
	max    int64

	mu   sync.Mutex // Close may come during a Read
	kept []byte
	over bool // longer than max, or ended: nothing is kept any more
	once sync.Once

	// told is called once, with the whole body, or with nil where there will be
	// none: given says that the reader gave up.
	told func(body []byte, whole, given bool)

	closing sync.Once
	err     error
}

// maxAhead bounds the room that is made before a body has come.
const maxAhead = 1 << 20

func newTee(resp *http.Response, max int64, told func(body []byte, whole, given bool)) *tee {
	t := &tee{body: resp.Body, length: resp.ContentLength, max: max, told: told}
	if t.length > 0 {
		t.kept = make([]byte, 0, min(t.length, maxAhead))
	}
	return t
}

// Read implements io.Reader. A panic of the body beneath ends what is kept.
func (t *tee) Read(p []byte) (n int, err error) {
	returned := false
	defer func() {
		if !returned {
			t.end(nil, false, false)
		}
	}()
	n, err = t.body.Read(p)
	returned = true
	if !t.keep(p[:n]) {
		t.end(nil, false, false)
	}
	switch {
	case errors.Is(err, io.EOF):
		t.complete()
	case err != nil:
		t.end(nil, false, false)
	}
	return n, err
}

// keep reports false where the body is longer than the bound.
func (t *tee) keep(p []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return true
	}
	if int64(len(t.kept)+len(p)) > t.max {
		t.over, t.kept = true, nil
		return false
	}
	t.kept = append(t.kept, p...)
	return true
}

// complete tells the body, where it has the length that was announced.
func (t *tee) complete() {
	t.mu.Lock()
	body, over := t.kept, t.over
	t.over, t.kept = true, nil
	t.mu.Unlock()
	whole := !over && (t.length < 0 || t.length == int64(len(body)))
	t.end(body, whole, false)
}

func (t *tee) end(body []byte, whole, given bool) {
	t.once.Do(func() { t.told(body, whole, given) })
}

// Close implements io.Closer. Before the end it means that the reader gave up.
func (t *tee) Close() error {
	t.closing.Do(func() {
		t.err = t.body.Close()
		t.mu.Lock()
		t.over, t.kept = true, nil
		t.mu.Unlock()
		t.end(nil, false, true)
	})
	return t.err
}

// Steady passes on whether the body tells its pauses: see pipeline.Steady.
func (t *tee) Steady() bool { return pipeline.Steady(t.body) }
