package wire

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// maxAnswers bounds what is read of a target.
const maxAnswers = 8 << 20

// A Report is what became of a case.
type Report struct {
	Case    Case
	Answers []Message // final ones; the last may be cut off
	Interim []Message
	Cut     bool   // the last answer is not whole
	Rest    string // what came and is no answer
	Waited  bool   // in vain, for the end of the connection
	Reset   bool   // stream or connection were reset, not ended

	seen, partial []Message
	faults        []string
	failed        string // what a script, or the connection, ran into
}

// settle bounds the wait for a target to let go of a connection that the
// backend has ended.
const settle = 100 * time.Millisecond

// linger bounds the wait for a request that is broken off before it begins: the
// client may be answered before the backend is asked.
const linger = 100 * time.Millisecond

// Play plays the case against the target, whose backend is b.
func Play(t Target, b *Backend, c Case) Report {
	r := Report{Case: c}
	var s *Scene
	if c.Script != nil {
		s = newScene(t)
	}
	b.begin(&c, s)
	switch {
	case s != nil:
		r.failed = s.run(c.Script)
	case c.Stream != nil:
		r.stream(t)
	default:
		r.send(t)
	}
	if c.Partial {
		b.stirred(linger)
	}
	rec := b.end(settle)
	r.seen, r.partial, r.faults = rec.seen, rec.partial, rec.faults
	return r
}

// send writes what the case says, and reads up to the end of the connection.
func (r *Report) send(t Target) {
	conn, err := t.dial("http/1.1")
	if err != nil {
		r.failed = err.Error()
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(t.patience())) // a loopback connection takes one
	written := make(chan struct{})
	go func() {
		defer close(written)
		r.write(conn)
	}()
	raw, err := io.ReadAll(io.LimitReader(conn, maxAnswers))
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		r.Waited = true
	case err != nil:
		r.Reset = true
	}
	_ = conn.Close()
	<-written
	r.parse(string(raw))
}

func (r *Report) write(conn net.Conn) {
	parts := r.Case.Send
	if !r.Case.Half {
		parts = append(append([]string{}, parts[:len(parts)-1]...), parts[len(parts)-1]+probe)
	}
	for _, part := range parts {
		if _, err := io.WriteString(conn, part); err != nil {
			return // refused, as it may be
		}
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && r.Case.Half {
		_ = half.CloseWrite()
	}
}

// parse splits what came into answers.
func (r *Report) parse(raw string) {
	for raw != "" {
		method := "GET"
		if len(r.Answers) == 0 && len(r.Case.Send) > 0 && strings.HasPrefix(r.Case.Send[0], "HEAD ") {
			method = "HEAD"
		}
		m, rest, err := ReadAnswer(raw, method, !r.Waited && !r.Reset)
		switch {
		case err != nil && (!errors.Is(err, ErrShort) || m.Head == nil):
			r.Rest = raw
			if !errors.Is(err, ErrShort) {
				r.Rest += " (" + err.Error() + ")"
			}
			return
		case m.Status() < 200 && m.Status() != 101:
			r.Interim = append(r.Interim, m)
		default:
			r.Answers = append(r.Answers, m)
		}
		if err != nil {
			r.Cut = true
			return
		}
		raw = rest
	}
}
