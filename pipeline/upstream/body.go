package upstream

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A requestBody remembers how the body that is sent broke: the transport's
// error for it does not say so. It knows, too, when the client is waited for.
type requestBody struct {
	io.ReadCloser
	err    atomic.Pointer[error]
	waits  atomic.Int32 // readers that are inside ReadCloser.Read
	asking *asking      // nil where the client waits for nothing
}

// watch puts a requestBody into the request where it has a body.
func (a *attempt) watch(out *http.Request) {
	if out.Body == http.NoBody {
		return
	}
	a.lost = make(chan int32, 1)
	a.body = &requestBody{ReadCloser: out.Body}
	if out.Header["Expect"] != nil {
		a.body.asking = &asking{replied: &a.replied, informed: make(chan struct{}), ended: out.Context().Done()}
	}
	out.Body = a.body
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.asking.wanted() {
		return 0, errEnded
	}
	b.waits.Add(1)
	defer b.waits.Add(-1)
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// failure returns how the body broke, nil where it did not.
func (b *requestBody) failure() error {
	if b == nil {
		return nil
	}
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

// waiting reports whether it is the client that is waited for: it has not sent
// what the backend is ready to take.
func (b *requestBody) waiting() bool { return b != nil && b.waits.Load() > 0 }

// bodyLate is the end of an attempt whose time was up while the client was
// waited for. It says nothing of the backend: or slow clients could have it
// ejected, and spared, for everybody.
func bodyLate() error {
	return pipeline.Refuse(http.StatusRequestTimeout, pipeline.CodeBodyTimeout,
		"The request body did not come in time.").Because(errHeadTimeout)
}

// deliver ties the attempt to the body of its response.
func (a *attempt) deliver(x *pipeline.Exchange, resp *http.Response) {
	if resp.Body == nil || resp.Body == http.NoBody {
		resp.Body = http.NoBody
		a.end()
		return
	}
	x.AtEnd(a)
	if tunnel, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body = &tunnelBody{ReadWriteCloser: tunnel, end: a.end}
	} else {
		resp.Body = &responseBody{body: resp.Body, attempt: a, exchange: x, left: resp.ContentLength}
	}
	a.answer = resp.Body
}

// A responseBody ends its attempt when it is closed. It embeds nothing: a
// promoted WriteTo would pass by Read.
type responseBody struct {
	body     io.ReadCloser
	attempt  *attempt
	exchange *pipeline.Exchange
	left     int64 // of a known length; negative where unknown
	short    bool  // the last Read left room
	once     sync.Once
	err      error
}

// Read reads what is there. A body of known length that comes in pieces is
// said to pause before each wait, so that no piece is held back.
func (b *responseBody) Read(p []byte) (int, error) {
	if b.short && b.left > 0 {
		b.exchange.Stalled()
	}
	n, err := b.body.Read(p)
	b.short = n < len(p)
	b.left -= int64(n)
	return n, err
}

// Close may be called while a Read waits, which then returns.
func (b *responseBody) Close() error {
	b.once.Do(func() {
		b.err = b.body.Close()
		b.attempt.end()
	})
	return b.err
}

// A tunnelBody is the connection after a switch of protocols.
type tunnelBody struct {
	io.ReadWriteCloser
	end  func() // ends the attempt
	once sync.Once
	err  error
}

func (b *tunnelBody) Close() error {
	b.once.Do(func() {
		b.err = b.ReadWriteCloser.Close()
		b.end()
	})
	return b.err
}
