package upstream

import (
	"io"
	"sync"
)

// callBuffer is how much of a request body is read ahead of its handler.
const callBuffer = 16 << 10

// A callBody is the request body as the handler reads it. A goroutine reads
// the client's from the first Read on, so that a handler that waits for a
// silent client can be let go. That goroutine ends when the client's body
// does, for which the edge cares, as it does for http.Transport.
type callBody struct {
	requestBody
	begin sync.Once
	read  *io.PipeReader
	write *io.PipeWriter
}

func newCallBody(body io.ReadCloser) *callBody {
	b := &callBody{}
	b.ReadCloser = body
	b.read, b.write = io.Pipe()
	return b
}

// Read implements io.Reader.
func (b *callBody) Read(p []byte) (int, error) {
	b.begin.Do(func() { go b.pump() })
	return b.read.Read(p)
}

func (b *callBody) pump() {
	_, err := io.CopyBuffer(onlyWriter{b.write}, onlyReader{&b.requestBody}, make([]byte, callBuffer))
	_ = b.write.CloseWithError(err) // never fails
	_ = b.ReadCloser.Close()        // the edge knows how its body ended
}

// Close implements io.Closer: what is left is not read.
func (b *callBody) Close() error { return b.read.Close() }

// release lets go of whoever reads.
func (b *callBody) release() {
	if b == nil {
		return
	}
	b.begin.Do(func() { _ = b.ReadCloser.Close() }) // nobody has begun
	_ = b.read.CloseWithError(errEnded)             // never fails
}

func (b *callBody) failure() error {
	if b == nil {
		return nil
	}
	return b.requestBody.failure()
}

func (b *callBody) waiting() bool { return b != nil && b.requestBody.waiting() }

// onlyReader and onlyWriter hide what io.CopyBuffer would use in place of its
// buffer.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
