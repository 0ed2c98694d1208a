package edge

// Close frames with status 1001, going away (RFC 6455 section 7.4.1). The one
// to a backend is masked, as a client's has to be (section 5.3); the mask is
// zero, for nothing here is chosen by anybody.
var (
	goodbye       = []byte{0x88, 0x02, 0x03, 0xe9}
	goodbyeMasked = []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9}
)

// frames follows WebSocket frames (RFC 6455 section 5.2) far enough to know
// where one ends. It judges nothing: that is a stage's.
type frames struct {
	head    [14]byte
	have    int    // bytes of the head seen
	payload uint64 // bytes of the payload to come
}

// boundary reports whether the next byte begins a frame.
func (f *frames) boundary() bool { return f.have == 0 && f.payload == 0 }

// all follows p to its end.
func (f *frames) all(p []byte) {
	for len(p) > 0 {
		p = p[f.step(p):]
	}
}

// first follows p to the end of the frame that is under way, and returns what
// belongs to it: nothing where none is.
func (f *frames) first(p []byte) []byte {
	n := 0
	for n < len(p) && !f.boundary() {
		n += f.step(p[n:])
	}
	return p[:n]
}

// step takes at least one byte of p, and none of a further frame.
func (f *frames) step(p []byte) int {
	if f.have == 0 && f.payload > 0 {
		n := min(uint64(len(p)), f.payload)
		f.payload -= n
		return int(n)
	}
	f.head[f.have] = p[0]
	f.have++
	if f.have >= 2 && f.have == f.size() {
		f.payload, f.have = f.length(), 0
	}
	return 1
}

// size returns the length of the head, by its second byte.
func (f *frames) size() int {
	size := 2
	switch f.head[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.head[1]&0x80 != 0 {
		size += 4
	}
	return size
}

func (f *frames) length() uint64 {
	short := uint64(f.head[1] & 0x7f)
	wide := 0
	switch short {
	case 126:
		wide = 2
	case 127:
		wide = 8
	default:
		return short
	}
	var n uint64
	for _, b := range f.head[2 : 2+wide] {
		n = n<<8 | uint64(b)
	}
	return n
}
