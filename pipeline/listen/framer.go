package listen

import "bytes"

// preface begins HTTP/2 where it is spoken without TLS: RFC 9113 section 3.4.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

type phase uint8

const (
	inHead phase = iota
	inBody
	inChunks
	inTrailers
	aside // what comes is no HTTP/1.1
)

// A framer finds where requests begin and end in a stream of bytes, and stops
// at what could be read in more than one way. It does no I/O and allocates
// nothing.
type framer struct {
	limits *Limits
	phase  phase
	blank  bool // the one empty line before a request was seen
	first  bool // a request was read before
	head   head
	rest   int64 // of the body
	chunks chunks
	trails trailers
}

// next looks at data, which begins right after what was taken or skipped
// before. It returns how many bytes at its front may be passed on, or how many
// are to be dropped; neither, where more has to come first. It takes no more
// than to the end of a message.
func (f *framer) next(data []byte) (take, skip int, refused *fault) {
	switch f.phase {
	case inHead:
		return f.inHead(data)
	case inBody:
		take = int(min(f.rest, int64(len(data))))
		if f.rest -= int64(take); f.rest == 0 {
			f.end()
		}
	case inChunks:
		if take, refused = f.chunks.next(data); f.chunks.state == chunkLast {
			f.phase, f.trails = inTrailers, trailers{}
		}
	case inTrailers:
		if take, refused = f.trails.read(data, f.limits); take > 0 {
			f.end()
		}
	default:
		take = len(data)
	}
	return take, 0, refused
}

func (f *framer) inHead(data []byte) (take, skip int, refused *fault) {
	if len(data) == 0 {
		return 0, 0, nil
	}
	switch {
	case f.head.seen > 0: // it was looked at before
	case data[0] == '\r' || data[0] == '\n':
		skip, refused = f.empty(data)
		return 0, skip, refused
	case f.limits.H2C && !f.first && data[0] == 'P':
		if switched, wait := f.switched(data); switched || wait {
			if switched {
				take = len(preface)
			}
			return take, 0, nil
		}
	}
	if take, refused = f.head.read(data, f.limits); take > 0 {
		f.begin()
	}
	return take, 0, refused
}

// empty takes one empty line before a request: RFC 9112 section 2.2.
func (f *framer) empty(data []byte) (skip int, refused *fault) {
	switch {
	case data[0] == '\n' || len(data) > 1 && data[1] != '\n':
		return 0, faultLineEnd
	case f.blank:
		return 0, faultBlank
	case len(data) == 1:
		return 0, nil
	}
	f.blank = true
	return 2, nil
}

// switched tells whether data begins with the preface of HTTP/2, or might once
// more has come.
func (f *framer) switched(data []byte) (yes, wait bool) {
	if n := min(len(data), len(preface)); !bytes.Equal(data[:n], []byte(preface[:n])) {
		return false, false
	}
	if len(data) < len(preface) {
		return false, true
	}
	f.phase = aside
	return true, false
}

// begin is after a head: what comes is its body.
func (f *framer) begin() {
	f.first = true
	switch {
	case f.head.codings > 0:
		f.phase, f.chunks = inChunks, chunks{}
	case f.head.length > 0:
		f.phase, f.rest = inBody, f.head.length
	default:
		f.end()
	}
}

// end is after a message: what comes is the next head.
func (f *framer) end() {
	f.phase, f.head, f.blank = inHead, head{}, false
}
