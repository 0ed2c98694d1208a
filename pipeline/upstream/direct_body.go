package upstream

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream/internal/h1"
)

// maxAtOnce is the longest body that is written before anybody looks for an
// answer: about what a connection takes without the other side having read it.
const maxAtOnce = 64 << 10

// takeBody takes the request body over: whatever happens, it will be closed.
func (d *direct) takeBody() {
	kept, stream, length := d.exchange.OutBody()
	switch {
	case stream == nil:
		d.kept = kept
	case length == 0:
		_ = stream.Close() // nothing was promised, so nothing is read
	default:
		d.body, d.length = &requestBody{ReadCloser: stream}, length
	}
}

// streams reports whether the body is sent by a goroutine of its own: where the
// client may still be sending it, where it may be more than the connection
// takes at once, and where the backend is to be asked first.
func (d *direct) streams() bool {
	return d.body != nil || len(d.kept) > maxAtOnce || len(d.kept) > 0 && expectsContinue(d.exchange)
}

// holds reports whether the head waits for the first piece of the body: where
// the client has said how much it sends, it hardly waits for an answer first.
func (d *direct) holds() bool {
	return d.body != nil && d.length > 0 && !expectsContinue(d.exchange)
}

// atOnce returns what of the body goes out with the head.
func (d *direct) atOnce() []byte {
	if d.streams() {
		return nil
	}
	return d.kept
}

// stream begins to send what did not go out with the head. The exchange does
// not end before that has.
func (d *direct) stream() {
	if !d.streams() {
		return
	}
	s := h1.Stream{
		Length: d.length, Trailer: d.exchange.In.Trailer, Expect: expectsContinue(d.exchange),
		HeadWithin: d.upstream.responseHead,
	}
	if d.body != nil {
		s.Body = d.body
	} else {
		s.Body, s.Length = io.NopCloser(bytes.NewReader(d.kept)), int64(len(d.kept))
	}
	d.sender = d.conn.Stream(s)
	d.Sends(d.sender)
	d.watch()
}

// broken returns how the body that is sent broke, as its reader told it.
func (d *direct) broken() error {
	err := d.sender.Err()
	if errors.Is(err, h1.ErrShortBody) {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeBodyMalformed,
			"The request body could not be read.").Because(err)
	}
	return err
}

// watch has the exchange tell when it ends.
func (d *direct) watch() {
	if !d.watched {
		d.watched = true
		d.exchange.AtEnd(d)
	}
}

// End implements pipeline.Ender: it closes an answer that nobody has closed, and
// returns when nobody touches the request body any more.
func (d *direct) End(*pipeline.Exchange) {
	if body := d.answer; body != nil {
		_ = body.Close() // nobody is left who could be told
	}
	if err := d.sender.Join(); err != nil {
		panic(err) // who ends the exchange tells of it
	}
}
