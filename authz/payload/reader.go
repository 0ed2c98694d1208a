package payload

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A reader is a body that is checked while it is read: by one goroutine at a
// time, though it may be closed and asked for its verdict from another. A piece
// with a fault in it is not handed on, nor is the last piece of a document that
// is not whole, so that nobody takes what was sent for all of it.
type reader struct {
	checker *checker
	format  format
	body    io.ReadCloser
	left    int64   // of a known length; negative where unknown
	scan    scanner // nil once the verdict is there
	read    int64
	err     error // that every Read returns from now on

	fault   atomic.Pointer[Fault]
	refusal *pipeline.Problem                // of the fault, written before it
	broken  atomic.Pointer[pipeline.Problem] // what the client did wrong in sending it
	good    atomic.Bool                      // all of it was found to be good
}

func (k *checker) over(f format, body io.ReadCloser, length int64) *reader {
	return &reader{checker: k, format: f, body: body, left: length, scan: k.scanner(f)}
}

// Read implements io.Reader. Its error for what is wrong with the document is a
// Problem, so that nobody takes it for a failure of the backend.
func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.body.Read(p)
	if fault := r.judge(p[:n], err); fault != nil {
		return 0, r.refuse(fault)
	}
	if err != nil {
		r.end(err)
	}
	return n, err
}

func (r *reader) refuse(fault *Fault) error {
	r.refusal = fault.problem()
	r.refusal.Stage = r.checker.name
	r.fault.Store(fault)
	r.err = r.refusal
	r.release()
	return r.err
}

// judge reads on by a piece, and to the end where this is the last one: a
// reader that knows the length does not come back to be told.
func (r *reader) judge(piece []byte, err error) *Fault {
	known := r.left > 0
	switch {
	case r.scan == nil && len(piece) > 0:
		return r.beyond()
	case r.scan == nil:
		return nil
	case len(piece) > 0:
		if fault := r.scan.feed(piece); fault != nil {
			return fault
		}
		r.read += int64(len(piece))
		r.left -= int64(len(piece))
	}
	if err == io.EOF && r.read > 0 || known && r.left <= 0 {
		return r.finish()
	}
	return nil
}

// beyond is the fault of a body that is longer than it was said to be.
func (r *reader) beyond() *Fault {
	r.good.Store(false)
	return &Fault{Rule: r.format.String() + ".syntax", Code: CodeMalformed, Offset: r.read, Reason: "something behind the document"}
}

func (r *reader) finish() *Fault {
	fault := r.scan.finish()
	if fault == nil {
		r.good.Store(true)
		r.release()
	}
	return fault
}

// end notes how the body ended.
func (r *reader) end(err error) {
	r.err = err
	r.release()
	var p *pipeline.Problem
	if errors.As(err, &p) {
		r.broken.Store(p)
	}
}

func (r *reader) release() {
	if r.scan != nil {
		r.checker.release(r.format, r.scan)
		r.scan = nil
	}
}

// Close implements io.Closer.
func (r *reader) Close() error { return r.body.Close() }
