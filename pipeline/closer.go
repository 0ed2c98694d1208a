package pipeline

import (
	"io"
	"sync"
)

// A onceCloser closes a thing once, from whichever goroutine comes first.
type onceCloser struct {
	once sync.Once
	err  error
}

func (o *onceCloser) close(c io.Closer) error {
	o.once.Do(func() { o.err = c.Close() })
	return o.err
}
