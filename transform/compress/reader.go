package compress

import (
	"io"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A reader gives the compressed form of what it reads. After each read of the
// inner body it gives all that came of it, so that nothing waits for more; and
// it ends the compressed stream only where the inner body was whole.
type reader struct {
	inner io.Reader
	bench *bench
	left  int64 // of a body of known length; negative where unknown

	mu   sync.Mutex // held inside Read: whoever ends the exchange may come in between
	work *work      // nil when given back
	err  error      // what follows the bytes in work.out
}

func newReader(inner io.Reader, b *bench, length int64) *reader {
	return &reader{inner: inner, bench: b, left: length, work: b.take()}
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
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

// step moves one read of the inner body through the encoder.
func (r *reader) step() error {
	n, err := r.inner.Read(r.work.in[:])
	r.left -= int64(n)
	if _, werr := r.work.encoder.Write(r.work.in[:n]); werr != nil {
		return werr
	}
	switch {
	case err == io.EOF: //nolint:errorlint // an error that wraps io.EOF is no end
		return r.close()
	case n == 0 || r.left == 0 && err == nil:
		return err // nothing new, or the end follows without a wait
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
// read that has not returned yet keeps it.
func (r *reader) End(*pipeline.Exchange) {
	if r.mu.TryLock() {
		defer r.mu.Unlock()
		r.release()
	}
}
