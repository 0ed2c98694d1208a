package cache

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// epochs count what has been invalidated, for all routes of a gateway: an
// answer that was on its way meanwhile is not stored, because it may be of
// before. Several URIs share a counter; an answer that is held back in vain is
// fetched again.
type epochs struct {
	counters [1024]atomic.Uint64
}

const epochsKey = "cache epochs"

func sharedEpochs(env *pipeline.Env) (*epochs, error) {
	return pipeline.Shared(env, epochsKey, func(*pipeline.Env) (*epochs, error) { return &epochs{}, nil })
}

// of returns the counter of a URI by its tag.
func (e *epochs) of(tag uriTag) *atomic.Uint64 {
	last := binary.BigEndian.Uint16(tag[len(tag)-2:])
	return &e.counters[int(last)%len(e.counters)]
}

// A stand is what a counter said when the backend was asked.
type stand struct {
	counter *atomic.Uint64
	at      uint64
}

func (e *epochs) stand(tag uriTag) stand {
	c := e.of(tag)
	return stand{c, c.Load()}
}

// passed reports whether something was invalidated since.
func (s *stand) passed() bool { return s.counter.Load() != s.at }
