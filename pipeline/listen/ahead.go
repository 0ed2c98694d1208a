package listen

// aheadFrames is what is read at once of a connection of HTTP/2: the requests
// that a client sends together, or the frames of a small body.
const aheadFrames = 1 << 10

// An ahead holds what was read of a connection of HTTP/2 beyond what the server
// asked for. The server reads the head of each frame by itself, and then what
// is in it: two system calls for each, and none of them for a frame that is
// here already.
type ahead struct {
	room [aheadFrames]byte
	rest []byte // of it, what the server has not asked for yet
}

// ahead is pass, which on HTTP/2 may read more than fits into p.
func (c *Conn) ahead(p []byte) (int, error) {
	if c.frames == nil {
		return c.pass(p)
	}
	a := &c.frames.ahead
	if len(a.rest) == 0 {
		if len(p) >= len(a.room) {
			return c.pass(p)
		}
		n, err := c.pass(a.room[:])
		if n == 0 {
			return 0, err
		}
		a.rest = a.room[:n]
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}
