package edge

import (
	"io"
	"sync"
	"sync/atomic"
)

// A lane is one direction of a tunnel.
type lane struct {
	to           io.Writer
	source, sink func(error) error // say whose fault an error at either end is
	count        int64             // bytes moved; read after the lane has ended

	leaving atomic.Bool // goodbye goes out at the next boundary

	mu     sync.Mutex
	frames *frames // nil where frames are not known
	bye    []byte
	said   bool // goodbye went out; nothing may follow
}

func (l *lane) write(p []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said {
		return nil
	}
	leaving := l.leaving.Load()
	if l.frames != nil {
		if leaving {
			p = l.frames.first(p)
		} else {
			l.frames.all(p)
		}
	}
	if len(p) > 0 {
		l.count += int64(len(p))
		if _, err := l.to.Write(p); err != nil {
			return err
		}
	}
	if leaving && l.frames.boundary() {
		return l.goodbye()
	}
	return nil
}

// leave says goodbye now, or lets write do it at the end of the frame that is
// under way.
func (l *lane) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frames.boundary() {
		_ = l.goodbye() // a side that is gone ends its lane by itself
	}
}

func (l *lane) goodbye() error {
	if l.said {
		return nil
	}
	l.said = true
	_, err := l.to.Write(l.bye)
	return err
}

// shut passes the end of the source on.
func (l *lane) shut() error {
	half, ok := l.to.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return errCut
	}
	return nil
}

// verdict is the error that ended the lane, none to speak of after a goodbye.
func (l *lane) verdict(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said || l.leaving.Load() {
		return errCut
	}
	return err
}
