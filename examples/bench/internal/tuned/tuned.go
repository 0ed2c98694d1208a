// Package tuned holds what makes httputil.ReverseProxy as fast as its settings
// can: the base has it, and so has every contender that leaves it to its caller.
package tuned

import (
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// IdleConns is how many idle connections to the backend a contender may keep.
const IdleConns = 1024

// Transport returns a transport that keeps enough connections and never asks
// for compressed answers.
func Transport() *http.Transport {
	return &http.Transport{
		MaxIdleConns: IdleConns, MaxIdleConnsPerHost: IdleConns, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
	}
}

// Buffers returns a pool of buffers to copy bodies with.
func Buffers() httputil.BufferPool {
	return &buffers{pool: sync.Pool{New: func() any { return new([32 << 10]byte) }}}
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte { return b.pool.Get().(*[32 << 10]byte)[:] }

func (b *buffers) Put(p []byte) { b.pool.Put((*[32 << 10]byte)(p)) }
