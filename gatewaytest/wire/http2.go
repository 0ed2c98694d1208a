package wire

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

// A Stream is a request of HTTP/2, as raw as its framing lets it be.
type Stream struct {
	Head     Fields // in their order, pseudo-fields too
	Data     []string
	Trailers Fields
	Open     bool // the stream is not ended
}

// Types, flags and parameters of frames: RFC 9113 section 6.
const (
	frameData         = 0
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	frameGoAway       = 7
	frameContinuation = 9

	flagEnd        = 1 // of a stream; of settings: it is the answer to those
	flagEndHeaders = 4

	framePayload = 16 << 10
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func frame(kind, flags byte, stream uint32, payload string) string {
	head := make([]byte, 9)
	binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
	head[4] = flags
	binary.BigEndian.PutUint32(head[5:], stream)
	return string(head) + payload
}

// block writes fields as literals that nobody indexes: RFC 7541 section 6.2.2.
func block(fields Fields) string {
	var b []byte
	text := func(s string) {
		b = appendInt(b, 0, 7, len(s))
		b = append(b, s...)
	}
	for _, f := range fields {
		b = append(b, 0)
		text(f.Name)
		text(f.Value)
	}
	return string(b)
}

// appendInt appends an integer with a prefix of bits: RFC 7541 section 5.1.
func appendInt(b []byte, first byte, bits uint, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(b, first|byte(n))
	}
	b, n = append(b, first|byte(most)), n-most
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// frames writes the stream.
func (s *Stream) frames(id uint32) string {
	last := func(yes bool) byte {
		if yes && !s.Open {
			return flagEnd
		}
		return 0
	}
	out := headers(id, s.Head, last(len(s.Data) == 0 && s.Trailers == nil))
	for i, d := range s.Data {
		out += frame(frameData, last(i == len(s.Data)-1 && s.Trailers == nil), id, d)
	}
	if s.Trailers != nil {
		out += headers(id, s.Trailers, flagEnd)
	}
	return out
}

// headers writes a block in as many frames as it takes.
func headers(id uint32, fields Fields, flags byte) string {
	b, kind, out := block(fields), byte(frameHeaders), ""
	for len(b) > framePayload {
		out += frame(kind, flags, id, b[:framePayload])
		b, kind, flags = b[framePayload:], frameContinuation, 0
	}
	return out + frame(kind, flags|flagEndHeaders, id, b)
}

// probing is the request behind that of a case.
var probing = &Stream{Head: Fields{{":method", "GET"}, {":scheme", "http"}, {":path", "/end"}, {":authority", "wire.test"}}}

// stream sends the case's request on a connection of HTTP/2, and the probe when
// that is answered.
func (r *Report) stream(t Target) {
	conn, err := t.dial("h2")
	if err != nil {
		r.failed = err.Error()
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(t.patience())) // a loopback connection takes one
	in := &reader{conn: conn, written: make(chan struct{})}
	go func() {
		defer close(in.written)
		_, _ = io.WriteString(conn, preface+frame(frameSettings, 0, 0, "\x00\x01\x00\x00\x00\x00")+r.Case.Stream.frames(1))
	}()
	alive := r.await(in, 1)
	if !alive || r.Waited || !r.Case.Keeps {
		return
	}
	_, _ = io.WriteString(conn, probing.frames(3)) // what becomes of it is read
	r.await(in, 3)
}

// await reads what becomes of a stream, and reports whether the connection may
// go on.
func (r *Report) await(in *reader, id uint32) (alive bool) {
	var m Message
	for {
		f, err := in.frame()
		if err != nil {
			var timeout net.Error
			if r.Waited = errors.As(err, &timeout) && timeout.Timeout(); !r.Waited {
				r.refused(m)
			}
			return false
		}
		switch {
		case f.kind == frameSettings && f.flags&flagEnd == 0:
			<-in.written // nothing goes in front of the preface
			_, _ = io.WriteString(in.conn, frame(frameSettings, flagEnd, 0, ""))
		case f.kind == frameGoAway && code(f.payload[4:]) != 0:
			r.refused(m)
			return false
		case f.stream != id:
		case f.kind == frameReset:
			r.refused(m)
			return true
		case f.kind == frameHeaders && m.Line == "":
			m.Line = "HTTP/2 " + status(f.payload)
			if m.Status() < 200 {
				r.Interim, m = append(r.Interim, m), Message{}
			}
		case f.kind == frameData:
			m.Body += f.payload
		}
		if f.stream == id && f.flags&flagEnd != 0 && (f.kind == frameData || f.kind == frameHeaders) {
			r.Answers = append(r.Answers, m)
			return true
		}
	}
}

// refused is the end of a stream, or of its connection, where no whole answer
// came: it stands for an answer.
func (r *Report) refused(m Message) {
	if r.Reset, r.Cut = true, m.Line != ""; !r.Cut {
		m.Line = "HTTP/2 reset"
	}
	r.Answers = append(r.Answers, m)
}

// status reads the first field of a block, which is :status: an entry of the
// static table, or a literal (RFC 7541 section 6). The table is of size 0, which
// the encoder may say first.
func status(b string) string {
	for b != "" && b[0]&0xe0 == 0x20 {
		b = b[1:]
	}
	if b == "" {
		return ""
	}
	if b[0]&0x80 != 0 { // entries 8 to 14
		static := []string{"200", "204", "206", "304", "400", "404", "500"}
		if i := int(b[0]&0x7f) - 8; i >= 0 && i < len(static) {
			return static[i]
		}
		return ""
	}
	if len(b) < 2 || len(b) < 2+int(b[1]&0x7f) {
		return ""
	}
	text := b[2 : 2+int(b[1]&0x7f)]
	if b[1]&0x80 == 0 {
		return text
	}
	return digits(text)
}

// digits decodes what is written in Huffman's code, as far as digits go: RFC
// 7541 appendix B.
func digits(b string) (out string) {
	bits := ""
	for i := range len(b) {
		bits += strconv.FormatUint(uint64(b[i])|0x100, 2)[1:]
	}
	codes := []string{"00000", "00001", "00010", "011001", "011010", "011011", "011100", "011101", "011110", "011111"}
	for len(out) < 3 {
		found := false
		for digit, code := range codes {
			if len(bits) >= len(code) && bits[:len(code)] == code {
				out, bits, found = out+strconv.Itoa(digit), bits[len(code):], true
				break
			}
		}
		if !found {
			break
		}
	}
	return out
}

// A reader reads frames.
type reader struct {
	conn    net.Conn
	written chan struct{} // closed when the request was written
}

type received struct {
	kind, flags byte
	stream      uint32
	payload     string
}

func (r *reader) frame() (f received, err error) {
	var head [9]byte
	if _, err := io.ReadFull(r.conn, head[:]); err != nil {
		return f, err
	}
	payload := make([]byte, binary.BigEndian.Uint32(head[:])>>8)
	if _, err := io.ReadFull(r.conn, payload); err != nil {
		return f, err
	}
	f.kind, f.flags, f.stream = head[3], head[4], binary.BigEndian.Uint32(head[5:])&0x7fffffff
	f.payload = string(payload)
	if f.kind == frameGoAway && len(f.payload) < 8 {
		return f, io.ErrUnexpectedEOF
	}
	return f, nil
}

func code(b string) uint32 { return binary.BigEndian.Uint32([]byte(b[:4])) }
