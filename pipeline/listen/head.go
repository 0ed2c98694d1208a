package listen

import "bytes"

// A section is a run of lines up to an empty one, read as it arrives: a head
// or the trailers.
type section struct {
	at     int // where the next line begins
	seen   int // no line end is before it, but those of lines already read
	fields int
}

// next returns the next line without its end; found is false where it has not
// come wholly. The lines read may have limit bytes.
func (s *section) next(data []byte, limit int, large *fault) (line []byte, found bool, f *fault) {
	i := bytes.IndexByte(data[s.seen:], '\n')
	end := s.seen + i
	if i < 0 {
		end = len(data)
	}
	if end >= limit {
		return nil, false, large
	}
	if i < 0 {
		s.seen = len(data)
		return nil, false, nil
	}
	line = data[s.at:end]
	if len(line) == 0 || line[len(line)-1] != '\r' {
		return nil, false, faultLineEnd
	}
	s.at, s.seen = end+1, end+1
	return line[:len(line)-1], true, nil
}

// A head is the head of a request as far as it was read.
type head struct {
	section
	framed
	begun bool // the request line was read
	old   bool // HTTP/1.0
}

// read looks at the bytes of the head, those of earlier calls first, and
// returns its length, or 0 where there is more to come.
func (h *head) read(data []byte, l *Limits) (int, *fault) {
	for {
		line, found, f := h.line(data, l)
		if f != nil {
			return 0, f
		}
		if !found {
			return 0, h.plausible(data)
		}
		done, f := h.take(line, l)
		if f != nil {
			return 0, f
		}
		if done {
			return h.at, nil
		}
	}
}

func (h *head) line(data []byte, l *Limits) (line []byte, found bool, f *fault) {
	if !h.begun {
		return h.next(data, min(l.LineBytes+len("\r\n"), l.HeadBytes), faultLineLong)
	}
	return h.next(data, l.HeadBytes, faultHeadLarge)
}

// plausible refuses at the first byte what is no HTTP, and may never send a
// line end.
func (h *head) plausible(data []byte) *fault {
	if !h.begun && len(data) > 0 && !tokens[data[0]] {
		return faultMethod
	}
	return nil
}

// take looks at one line; done tells that it is the end of the head.
func (h *head) take(line []byte, l *Limits) (done bool, f *fault) {
	if !h.begun {
		h.begun = true
		h.old, f = parseLine(line)
		return false, f
	}
	if len(line) == 0 {
		return true, h.whole()
	}
	if h.fields++; h.fields > l.Fields {
		return false, faultFields
	}
	name, value, f := splitField(line)
	if f != nil {
		return false, f
	}
	return false, h.framed.take(name, value)
}

// whole looks at what can only be said of the whole head.
func (h *head) whole() *fault {
	switch {
	case h.codings > 0 && h.old:
		return faultOldCoding
	case h.hosts == 0 && !h.old:
		return faultNoHost
	}
	return nil
}
