package jsonstream

import (
	"io"
	"sync"
)

// A Form says how many documents are read.
type Form uint8

// Forms.
const (
	One   Form = iota // document
	Lines             // each a document
)

const (
	inSize  = 4 << 10
	outSize = inSize + MaxRawName + 8*maxEmit
	maxIdle = 100
)

// A Pool keeps the memory of streams for the next ones.
type Pool struct{ free sync.Pool }

// NewPool makes an empty pool.
func NewPool() *Pool {
	return &Pool{free: sync.Pool{New: func() any {
		return &stream{
			machine: machine{out: make([]byte, 0, outSize), name: make([]byte, 0, MaxNameBytes+1), tail: tail{unit: make([]byte, 0, maxUnit)}},
		}
	}}}
}

// A stream is the memory of one reader.
type stream struct {
	machine
	buf    [inSize]byte
	unread []byte // of buf
	ready  []byte // of out
}

// A Reader gives the edited form of what it reads. It is read by one goroutine
// at a time, gives what there is, and ends with io.EOF only where the documents
// are whole. Its memory goes back to the pool at the end, or at a fault; where it
// is not read so far, it is left to the garbage collector.
type Reader struct {
	inner io.Reader
	tell  func(*Fault) error
	pool  *Pool
	s     *stream
	done  error // what inner ended with
	idle  int   // reads of inner in a row that gave nothing
	err   error // what follows s.ready
}

// Over makes a Reader of inner. tell makes the error of a fault; where it is
// nil, that is the Fault itself.
func (p *Program) Over(inner io.Reader, form Form, tell func(*Fault) error) *Reader {
	s, ok := p.pool.free.Get().(*stream)
	if !ok {
		panic("jsonstream: a Pool is made by NewPool")
	}
	s.reset(p, form)
	s.unread, s.ready = nil, nil
	return &Reader{inner: inner, tell: tell, pool: p.pool, s: s}
}

// Begin reads inner once and judges what came, so that a fault in it is known
// before anything is passed on.
func (r *Reader) Begin() error {
	r.advance()
	if r.err != nil && r.err != io.EOF {
		r.release()
		return r.err
	}
	return nil
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.s != nil {
		if len(r.s.ready) > 0 {
			n := copy(p, r.s.ready)
			r.s.ready = r.s.ready[n:]
			return n, nil
		}
		if r.err != nil {
			break
		}
		r.advance()
	}
	r.release()
	return 0, r.err
}

// advance moves one read of inner, or what is left of the last one, through the
// machine.
func (r *Reader) advance() {
	s := r.s
	if len(s.unread) == 0 && r.done == nil {
		r.fill()
	}
	s.out = s.out[:0]
	s.unread = s.unread[s.feed(s.unread):]
	if len(s.unread) == 0 && r.done != nil && s.fault == nil {
		r.end()
	}
	s.ready = s.out
	if s.fault != nil {
		s.ready, r.err = nil, r.told(s.fault)
	}
}

func (r *Reader) told(fault *Fault) error {
	if r.tell == nil {
		return fault
	}
	return r.tell(fault)
}

func (r *Reader) fill() {
	n, err := r.inner.Read(r.s.buf[:])
	r.s.unread, r.done = r.s.buf[:n], err
	if n > 0 || err != nil {
		r.idle = 0
	} else if r.idle++; r.idle == maxIdle {
		r.done = io.ErrNoProgress
	}
}

func (r *Reader) end() {
	if r.done == io.EOF {
		r.s.finish()
	}
	r.err = r.done
}

func (r *Reader) release() {
	if r.s != nil {
		r.s.ready, r.s.unread = nil, nil
		r.pool.free.Put(r.s)
		r.s = nil
	}
}
