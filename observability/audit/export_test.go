package audit

import "io"

// File and Disk are what tests put faults into.
type (
	File = file
	Disk = disk
)

// MaxLine and HeadLen are bounds of the form.
const (
	MaxLine = maxLine
	HeadLen = headLen
)

// System is the disk of the system.
func System() Disk { return system{} }

// OnDisk has the trail lie on d.
func OnDisk(d Disk) Option { return func(s *settings) { s.disk = d } }

// Records makes a trail of these bodies under a key, and its head.
func Records(w io.Writer, key []byte, bodies ...string) (head []byte) {
	s, at := newSealer(key), link{}
	for _, b := range bodies {
		var line []byte
		line, at = s.append(nil, []byte(b), at)
		_, _ = w.Write(line)
	}
	return s.appendHead(nil, at)
}

// Waiting returns how many records wait to be written.
func (r *Recorder) Waiting() int { return r.queue.Waiting() }
