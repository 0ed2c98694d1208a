package h1

import (
	"errors"
	"io"
	"net/http"
)

// maxExcess bounds what chunks cost beyond what they carry.
const (
	maxExcess   = 16 << 10
	usualExcess = 16 // of one chunk
)

// A chunks is where in a chunked body (RFC 9112 section 7.1) the reader is.
type chunks struct {
	at     chunkPart
	excess int64 // bytes of framing beyond what is usual
	dry    bool
}

type chunkPart uint8

const (
	atSize chunkPart = iota
	inData
	atEnd // of the data of a chunk
	inTrailer
)

// errDry says that what is in the buffer does not suffice.
var errDry = errors.New("nothing more in the buffer")

// readChunked reads data into p until there is none left in the buffer, and
// waits only for the first byte of it.
func (a *Answer) readChunked(p []byte) (n int, err error) {
	dry := a.chunks.dry
	defer func() { a.chunks.dry = dry }()
	for {
		switch a.chunks.at {
		case atSize:
			err = a.readSize()
		case inData:
			var m int
			m, err = a.readData(p[n:])
			n += m
		case atEnd:
			err = a.readEnd()
		case inTrailer:
			err = a.readTrailer()
		}
		if n > 0 {
			a.chunks.dry = true // what is there goes on at once
		}
		switch {
		case err == errDry && n > 0, err == nil && n == len(p) && a.chunks.at == inData:
			return n, nil
		case err != nil:
			return n, err
		}
	}
}

// more reads more of the connection into the buffer.
func (a *Answer) more(max int) error {
	if a.chunks.dry {
		return errDry
	}
	err := a.conn.in.fill(a.conn, max)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// line waits for a whole line of at most max bytes, and returns it and its size.
func (a *Answer) line(max int) ([]byte, int, error) {
	for {
		line, size, ok, err := a.conn.in.line()
		switch {
		case err != nil:
			return nil, 0, err
		case ok && size <= max:
			return line, size, nil
		case ok, a.conn.in.len() >= max:
			return nil, 0, MalformedError("a line that is too long")
		}
		if err := a.more(max + bufferSize); err != nil {
			return nil, 0, err
		}
	}
}

// readSize reads the line in front of a chunk. Extensions are passed over.
func (a *Answer) readSize() error {
	line, size, err := a.line(maxLine)
	if err != nil {
		return err
	}
	n, err := chunkSize(line)
	if err != nil {
		return err
	}
	a.conn.in.take(size)
	a.chunks.excess = max(a.chunks.excess+int64(size)+2-usualExcess-min(2*n, maxExcess), 0)
	if a.chunks.excess > maxExcess {
		return MalformedError("chunks that are mostly framing")
	}
	a.left, a.chunks.at = n, inData
	if n == 0 {
		a.chunks.at = inTrailer
	}
	return nil
}

// chunkSize reads the size of a chunk: hexadecimal digits, and behind a
// semicolon what may be passed over.
func chunkSize(line []byte) (int64, error) {
	var n int64
	i := 0
	for ; i < len(line); i++ {
		digit := hexDigit(line[i])
		if digit < 0 {
			break
		}
		if i == maxDigits {
			return 0, MalformedError("a chunk that is too long")
		}
		n = n<<4 | int64(digit)
	}
	rest := trim(string(line[i:]))
	if i == 0 || rest != "" && rest[0] != ';' || !isText(rest) {
		return 0, MalformedError("the size of a chunk is none")
	}
	return n, nil
}

// maxDigits bounds the digits of a size: one more would not fit into 63 bits.
const maxDigits = 15

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func (a *Answer) readData(p []byte) (int, error) {
	in := &a.conn.in
	if len(p) == 0 {
		return 0, errDry
	}
	p = p[:min(int64(len(p)), a.left)]
	var n int
	var err error
	switch {
	case in.len() > 0:
		n = copy(p, in.bytes())
		in.take(n)
	case a.chunks.dry:
		return 0, errDry
	case len(p) >= bufferSize:
		n, err = a.conn.Read(p)
	default:
		return 0, a.more(bufferSize)
	}
	if a.left -= int64(n); a.left == 0 {
		a.chunks.at = atEnd
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readEnd reads the CR LF behind the data of a chunk.
func (a *Answer) readEnd() error {
	in := &a.conn.in
	for in.len() < 2 {
		if err := a.more(bufferSize); err != nil {
			return err
		}
	}
	if b := in.bytes(); b[0] != '\r' || b[1] != '\n' {
		return MalformedError("a chunk longer than its size")
	}
	in.take(2)
	a.chunks.at = atSize
	return nil
}

// readTrailer reads the fields behind the last chunk, and the end of the body.
// Those that may not stand there are left out.
func (a *Answer) readTrailer() error {
	size, err := a.awaitTrailer()
	if err != nil {
		return err
	}
	in := &a.conn.in
	if size > 2 {
		fields, err := parseFields(string(in.bytes()[:size-2]))
		if err != nil {
			return err
		}
		a.addTrailer(fields)
	}
	in.take(size)
	return io.EOF
}

func (a *Answer) addTrailer(fields http.Header) {
	if a.Resp.Trailer == nil {
		a.Resp.Trailer = http.Header{}
	}
	for name, values := range fields {
		if mayTrail(name) {
			a.Resp.Trailer[name] = append(a.Resp.Trailer[name], values...)
		}
	}
}

// awaitTrailer waits until the whole trailer is in the buffer, and returns its
// size.
func (a *Answer) awaitTrailer() (int, error) {
	in := &a.conn.in
	for {
		size, ok, err := block(in.bytes())
		switch {
		case err != nil:
			return 0, err
		case ok:
			return size, nil
		case in.len() >= maxTrailer:
			return 0, MalformedError("a trailer that is too long")
		}
		if err := a.more(maxTrailer + bufferSize); err != nil {
			return 0, err
		}
	}
}

// block returns the size of the lines that b begins with, up to and with an
// empty one; ok is false where that is not there yet.
func block(b []byte) (size int, ok bool, err error) {
	rest := buffer{b: b, w: len(b)}
	for {
		_, n, there, err := rest.line()
		if err != nil || !there {
			return 0, false, err
		}
		size += n
		if n == 2 {
			return size, true, nil
		}
		rest.r += n
	}
}

// restOfChunks reads what is left of the body, if all of it is in the buffer.
func (a *Answer) restOfChunks() bool {
	a.chunks.dry = true
	var void [512]byte
	for {
		if _, err := a.readChunked(void[:]); err != nil {
			return err == io.EOF
		}
	}
}
