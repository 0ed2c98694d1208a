package ratelimit

import (
	"errors"
	"io"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A meteredBody passes on what it reads, as it comes, and has it counted. It
// embeds nothing: a promoted WriteTo would pass by Read.
type meteredBody struct {
	body  io.ReadCloser
	meter *meter
}

// Read charges, where it is time to, for what was read before: those bytes are
// on their way to the client, and wait for nobody.
func (b *meteredBody) Read(p []byte) (int, error) {
	m := b.meter
	m.due()
	n, err := b.body.Read(p)
	if m.owes && m.policy.cut && n > 0 {
		m.cut = true
		return 0, spent(m.until())
	}
	m.count(p[:n])
	if errors.Is(err, io.EOF) {
		m.whole = true
	}
	return n, err
}

// until returns how long it takes until something may be used again.
func (m *meter) until() time.Duration {
	tightest, _ := tightestOf(m.results)
	return m.results[tightest].RetryAfter
}

// Close may be called while a Read waits, which then returns.
func (b *meteredBody) Close() error { return b.body.Close() }

// Steady implements what pipeline.Steady asks for.
func (b *meteredBody) Steady() bool { return pipeline.Steady(b.body) }
