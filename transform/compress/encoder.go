package compress

import (
	"bytes"
	"fmt"
	"io"
	"sync"

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

// A bench hands out works of one encoding.
type bench struct {
	name string
	pool sync.Pool
}

func newBench(name string) (*bench, error) {
	if _, err := newEncoder(name); err != nil {
		return nil, fmt.Errorf("encoder %s: %w", name, err)
	}
	return &bench{name: name}, nil
}

func (b *bench) take() *work {
	w, ok := b.pool.Get().(*work)
	if !ok {
		w = &work{}
		w.encoder, _ = newEncoder(b.name) // newBench has made one already
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
}

// newEncoder makes an encoder for answers that are made as they are asked for:
// levels of moderate effort, windows that keep each within about 1 MiB.
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
