package cache

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// epochs count what has been invalidated, for all routes of a gateway: an
// answer that was on its way meanwhile is not stored, because it may be of
// before. Several URIs share a counter; an answer that is held back in vain is
// fetched again.
type epochs struct {
	seed     maphash.Seed
	counters [1024]atomic.Uint64
}

const epochsKey = "cache epochs"

func sharedEpochs(env *pipeline.Env) (*epochs, error) {
	return pipeline.Shared(env, epochsKey, func(*pipeline.Env) (*epochs, error) { return &epochs{seed: maphash.MakeSeed()}, nil })
}

// of returns the counter of a URI, as appendURI writes it.
func (e *epochs) of(uri []byte) *atomic.Uint64 {
	return &e.counters[maphash.Bytes(e.seed, uri)%uint64(len(e.counters))]
}

// A stand is what a counter said when the backend was asked.
type stand struct {
	counter *atomic.Uint64
	at      uint64
}

func (e *epochs) stand(uri []byte) stand {
	c := e.of(uri)
	return stand{c, c.Load()}
}

// stand returns how things stand with the URI that x asks for.
func (p *policy) stand(x *pipeline.Exchange) stand {
	buf := getBuffer()
	defer buffers.Put(buf)
	*buf = p.keys.appendURIOf((*buf)[:0], x)
	return p.epochs.stand(*buf)
}

// passed reports whether something was invalidated since.
func (s *stand) passed() bool { return s.counter.Load() != s.at }
