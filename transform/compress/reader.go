package compress

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A reader gives the compressed form of what it reads. After each read of the
// inner body it gives all that came of it, so that nothing waits for more; and
// it ends the compressed stream only where the inner body was whole.
type reader struct {
	inner io.Reader
	bench *bench
	ended atomic.Bool

	mu   sync.Mutex // held inside Read: whoever ends the exchange may come in between
	work *work      // nil when given back
	err  error      // what follows the bytes in work.out
}

// over has r read inner.
func (r *reader) over(inner io.Reader) io.Reader {
	r.inner = inner
	return r
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.read(p)
	if r.ended.Load() {
		r.tryRelease()
	}
	return n, err
}

func (r *reader) read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	for r.work != nil && r.work.out.Len() == 0 && r.err == nil {
		r.err = r.step()
	}
	if r.work != nil && r.work.out.Len() > 0 {
		return r.work.out.Read(p)
	}
	r.release()
	if r.err == nil {
		return 0, io.ErrClosedPipe // read after the exchange has ended
	}
	return 0, r.err
}

// step moves one read of the inner body through the encoder. An error that only
// wraps io.EOF is a broken body, no end.
func (r *reader) step() error {
	n, err := r.inner.Read(r.work.in[:])
	if _, werr := r.work.encoder.Write(r.work.in[:n]); werr != nil {
		return werr
	}
	switch {
	case err == io.EOF:
		return r.close()
	case n == 0:
		return err
	}
	if ferr := r.work.encoder.Flush(); ferr != nil {
		return ferr
	}
	return err
}

func (r *reader) close() error {
	if err := r.work.encoder.Close(); err != nil {
		return err
	}
	return io.EOF
}

func (r *reader) release() {
	if r.work != nil {
		r.bench.give(r.work)
		r.work = nil
	}
}

// End gives the encoder back where the body was given up before its end. A
// read that has not returned yet gives it back when it does.
func (r *reader) End(*pipeline.Exchange) {
	r.ended.Store(true)
	r.tryRelease()
}

func (r *reader) tryRelease() {
	if r.mu.TryLock() {
		defer r.mu.Unlock()
		r.release()
	}
}
