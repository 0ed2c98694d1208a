package pipeline

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
)

// A payload is the body that will be sent: the client's until it is replaced
// or kept.
type payload struct {
	stream   io.ReadCloser // where replaced and not kept
	length   int64         // of stream, -1 unknown
	data     []byte        // where kept
	replaced int           // how often SetBody was called
	kept     bool
	taken    bool
}

var errBodyTaken = errors.New("pipeline: the request body was sent already and is not replayable")

// current returns the body that is there to be read, and its length.
func (p *payload) current(in *http.Request) (io.ReadCloser, int64) {
	switch {
	case p.stream != nil:
		return p.stream, p.length
	case in.Body == nil:
		return http.NoBody, 0
	default:
		return in.Body, in.ContentLength
	}
}

// take hands the body out for sending.
func (p *payload) take(in *http.Request) (io.ReadCloser, int64) {
	if p.kept {
		if len(p.data) == 0 {
			return http.NoBody, 0
		}
		return io.NopCloser(bytes.NewReader(p.data)), int64(len(p.data))
	}
	body, length := p.current(in)
	if body == http.NoBody {
		return body, 0
	}
	if p.taken {
		return failing{errBodyTaken}, length
	}
	p.taken = true
	return body, length
}

func (p *payload) keep(data []byte) {
	p.stream, p.data, p.kept = nil, data, true
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
func (failing) Close() error               { return nil }

// SetBody replaces the body that will be sent; length is -1 where unknown, and
// a nil body is none. The body that it replaces is the caller's to close.
func (x *Exchange) SetBody(body io.ReadCloser, length int64) {
	if body == nil {
		body, length = http.NoBody, 0
	}
	x.body = payload{stream: body, length: length, replaced: x.body.replaced + 1}
}

// Body returns the whole request body as it will be sent, kept and
// replayable. A body longer than max bytes is a 413 Problem; what the client
// does wrong in it is a Problem too.
func (x *Exchange) Body(max int64) ([]byte, error) {
	whole, err := x.hold(max)
	if err != nil {
		return nil, err
	}
	if !whole || int64(len(x.body.data)) > max {
		return nil, TooLarge(max)
	}
	return x.body.data, nil
}

// Replayable reports whether the body may be sent again. It keeps at most max
// bytes to make it so; a longer body stays a stream, and nothing of it is lost.
func (x *Exchange) Replayable(max int64) bool {
	whole, err := x.hold(max)
	return whole && err == nil
}

// TooLarge returns the Problem of a request body of more than max bytes.
func TooLarge(max int64) *Problem {
	return Refuse(http.StatusRequestEntityTooLarge, CodeBodyTooLarge,
		"The request body is longer than allowed here.")
}

// hold reads the body into memory where it has at most max bytes. Where it
// has more, it stays a stream, what was read in front.
func (x *Exchange) hold(max int64) (whole bool, err error) {
	if x.body.kept {
		return true, nil
	}
	body, length := x.body.current(x.In)
	if body == http.NoBody {
		x.body.keep(nil)
		return true, nil
	}
	if x.body.taken || length > max {
		return false, nil
	}
	max = min(max, math.MaxInt64-1) // one more is read, to see whether there is one
	var buf bytes.Buffer
	if length > 0 {
		buf.Grow(int(min(length, 64<<10)) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(body, max+1))
	if n > max || err != nil {
		x.body.stream, x.body.length = prefixed(buf.Bytes(), body, err), length
		return false, bodyFault(err)
	}
	closeErr := body.Close()
	x.body.keep(buf.Bytes())
	return true, bodyFault(closeErr)
}

// prefixed returns body with what was already read, and the error met, in front.
func prefixed(read []byte, body io.ReadCloser, err error) io.ReadCloser {
	rest := io.Reader(body)
	if err != nil {
		rest = failing{err}
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), rest), body}
}

// bodyFault makes a Problem of an error of the client's body; the edge's own
// readers return Problems by themselves.
func bodyFault(err error) error {
	var p *Problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	return Refuse(http.StatusBadRequest, CodeBodyMalformed, "The request body could not be read.").Because(err)
}
