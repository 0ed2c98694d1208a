package listen

// Bounds of chunk extensions, which mean nothing here and go no further.
const (
	maxExtension  = 256     // of one chunk
	maxExtensions = 4 << 10 // of a body
)

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkExtension
	chunkSizeEnd
	chunkData
	chunkDataCR
	chunkDataLF
	chunkLast // the last chunk was read; trailers follow
)

// chunks is a body in chunks as far as it was read: RFC 9112 section 7.1.
type chunks struct {
	state      chunkState
	digits     int
	rest       int64 // of the chunk
	extension  int
	extensions int
}

// next returns how many bytes belong to the chunks and are as they should be.
func (c *chunks) next(data []byte) (n int, f *fault) {
	for n < len(data) && c.state != chunkLast {
		if c.state == chunkData {
			m := min(c.rest, int64(len(data)-n))
			n += int(m)
			if c.rest -= m; c.rest == 0 {
				c.state = chunkDataCR
			}
			continue
		}
		if f := c.octet(data[n]); f != nil {
			return n, f
		}
		n++
	}
	return n, nil
}

func (c *chunks) octet(b byte) *fault {
	switch c.state {
	case chunkSize:
		return c.size(b)
	case chunkExtension:
		return c.extend(b)
	case chunkSizeEnd:
		return c.begin(b)
	case chunkDataCR:
		c.state = chunkDataLF
		return must(b == '\r')
	default: // chunkDataLF
		*c = chunks{extensions: c.extensions}
		return must(b == '\n')
	}
}

func must(ok bool) *fault {
	if ok {
		return nil
	}
	return faultChunkEnd
}

func (c *chunks) size(b byte) *fault {
	switch {
	case hexes[b] && c.digits < 16 && c.rest < 1<<58:
		c.digits++
		c.rest = c.rest<<4 | int64(nibble(b))
	case c.digits == 0:
		return faultChunkSize
	case b == ';':
		c.state = chunkExtension
	case b == '\r':
		c.state = chunkSizeEnd
	case b == '\n':
		return faultChunkEnd
	default:
		return faultChunkSize
	}
	return nil
}

// nibble returns the value of a hexadecimal digit.
func nibble(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b&^0x20 - 'A' + 10
}

func (c *chunks) extend(b byte) *fault {
	c.extension++
	c.extensions++
	switch {
	case b == '\r':
		c.state = chunkSizeEnd
	case c.extension > maxExtension, c.extensions > maxExtensions, b < ' ' && b != '\t', b >= 0x7f:
		return faultChunkExt
	}
	return nil
}

func (c *chunks) begin(b byte) *fault {
	c.state = chunkData
	if c.rest == 0 {
		c.state = chunkLast
	}
	return must(b == '\n')
}
