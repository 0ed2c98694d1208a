package compress

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// An encoder is what the three libraries have in common. Flush writes all it
// was given so far in a form that can be decoded; Close ends the stream.
type encoder interface {
	io.Writer
	Flush() error
	Close() error
	Reset(w io.Writer)
}

// A work is what one response is compressed with: kept and used again.
type work struct {
	encoder encoder
	out     bytes.Buffer // compressed and not yet read
	in      [32 << 10]byte
}

// MaxInFlight is how many responses are compressed at one time, on all routes
// together: an encoder takes 0.8 to 1.6 MiB as long as its response is read.
// Beyond it responses go out as they are.
const MaxInFlight = 256

// A bench hands out works of one encoding.
type bench struct {
	name string
	pool sync.Pool
	used *atomic.Int64 // on all benches together
}

// newBenches makes the benches of all encodings.
func newBenches() (benches, error) {
	all, used := benches{}, new(atomic.Int64)
	for _, name := range []string{"zstd", "br", "gzip"} {
		if _, err := newEncoder(name); err != nil {
			return nil, fmt.Errorf("encoder %s: %w", name, err)
		}
		all[name] = &bench{name: name, used: used}
	}
	return all, nil
}

// benches hold the encoders that routes share.
type benches map[string]*bench

// take returns a work, nil where too many are in use.
func (b *bench) take() *work {
	if b.used.Add(1) > MaxInFlight {
		b.used.Add(-1)
		return nil
	}
	w, ok := b.pool.Get().(*work)
	if !ok {
		w = &work{}
		w.encoder, _ = newEncoder(b.name) // newBenches has made one already
	}
	w.encoder.Reset(&w.out)
	return w
}

// give takes a work back. It lets go of what it held.
func (b *bench) give(w *work) {
	if w.out.Cap() > 256<<10 {
		w.out = bytes.Buffer{}
	}
	w.out.Reset()
	w.encoder.Reset(io.Discard)
	b.pool.Put(w)
	b.used.Add(-1)
}

// newEncoder makes an encoder for answers that are made as they are asked for:
// levels of moderate effort, small windows.
func newEncoder(name string) (encoder, error) {
	switch name {
	case "zstd":
		return zstd.NewWriter(io.Discard,
			zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
	case "br":
		return brotli.NewWriterOptions(io.Discard, brotli.WriterOptions{Quality: 4, LGWin: 18}), nil
	}
	return gzip.NewWriterLevel(io.Discard, 5)
}
