package resilience

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

var errIdle = errors.New("the response body paused for longer than allowed")

// cutIdle makes a stage that breaks off a response body which brings nothing
// for the time given. It stands inside breaker and retries, as the backend
// does.
func cutIdle(most time.Duration) pipeline.Stage {
	return pipeline.Stage{
		Name: "timeout_idle", Phase: pipeline.Protect, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				resp, err := next(ctx, x)
				if err == nil && resp.Body != nil && resp.Body != http.NoBody && resp.StatusCode != http.StatusSwitchingProtocols {
					resp.Body = &idleBody{body: resp.Body, most: most}
				}
				return resp, err
			}
		},
	}
}

// An idleBody is closed while a Read of it waits for too long. Only that time
// counts, not the one in which nobody reads: a slow client is none of the
// backend's doing. It embeds nothing: a promoted WriteTo would pass by Read.
type idleBody struct {
	body io.ReadCloser
	most time.Duration

	mu    sync.Mutex
	since time.Time // when the Read that is under way began
	timer *time.Timer
	cut   bool
}

func (b *idleBody) Read(p []byte) (int, error) {
	b.begin()
	n, err := b.body.Read(p)
	if b.end() && err != nil {
		err = &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Sent: true, Err: errIdle}
	}
	return n, err
}

func (b *idleBody) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = time.Now()
	if b.timer == nil {
		b.timer = time.AfterFunc(b.most, b.fire)
		return
	}
	b.timer.Reset(b.most)
}

// end tells whether the body was cut.
func (b *idleBody) end() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = time.Time{}
	b.timer.Stop()
	return b.cut
}

// fire may come a moment late, for a Read that is over.
func (b *idleBody) fire() {
	b.mu.Lock()
	b.cut = b.cut || !b.since.IsZero() && time.Since(b.since) >= b.most
	cut := b.cut
	b.mu.Unlock()
	if cut {
		_ = b.body.Close() // the Read that waits returns
	}
}

// Close may be called while a Read waits, which then returns.
func (b *idleBody) Close() error { return b.body.Close() }
