// Package wire reads messages of HTTP/1.1 for the load generator and the
// backend: what these two need of it, at little cost, and nothing that a
// server among strangers would need.
package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// bound is how long a body may be.
const bound = 1 << 20

// A Message is a request or a response. Its memory is used again by the next
// Read.
type Message struct {
	Start []byte // the first line without its end
	Body  []byte
}

// Status returns the status of a response, and 0 where it has none.
func (m *Message) Status() int {
	if len(m.Start) < len("HTTP/1.1 200") {
		return 0
	}
	n, err := strconv.Atoi(string(m.Start[9:12]))
	if err != nil {
		return 0
	}
	return n
}

// Read reads the next message. A body without a length is none: this is true
// of requests, and of the responses that a kept connection can bear.
func (m *Message) Read(r *bufio.Reader) error {
	first, err := line(r)
	if err != nil {
		return err
	}
	m.Start, m.Body = append(m.Start[:0], first...), m.Body[:0]
	length, chunked, err := fields(r)
	switch {
	case err != nil:
		return fmt.Errorf("read fields: %w", err)
	case chunked:
		return m.chunks(r)
	}
	return m.take(r, length)
}

// fields reads to the empty line and returns how the body is framed.
func fields(r *bufio.Reader) (length int, chunked bool, err error) {
	for {
		l, err := line(r)
		if err != nil || len(l) == 0 {
			return length, chunked, err
		}
		name, value, found := bytes.Cut(l, []byte(":"))
		if !found {
			return 0, false, fmt.Errorf("no field: %q", l)
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = number(value, 10); err != nil {
				return 0, false, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
}

func (m *Message) chunks(r *bufio.Reader) error {
	for {
		l, err := line(r)
		if err != nil {
			return fmt.Errorf("read size of chunk: %w", err)
		}
		size, _, _ := bytes.Cut(l, []byte(";"))
		n, err := number(bytes.TrimSpace(size), 16)
		if err != nil {
			return err
		}
		if n == 0 {
			_, _, err = fields(r) // the trailer
			return err
		}
		if err := m.take(r, n); err != nil {
			return err
		}
		if l, err = line(r); err != nil || len(l) > 0 {
			return errors.Join(err, errors.New("a chunk does not end where it says"))
		}
	}
}

// take adds n bytes to the body.
func (m *Message) take(r *bufio.Reader, n int) error {
	have := len(m.Body)
	if have+n > bound {
		return fmt.Errorf("a body of more than %d bytes", bound)
	}
	m.Body = append(m.Body, make([]byte, n)...) // the compiler grows in place
	if _, err := io.ReadFull(r, m.Body[have:]); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}

func number(text []byte, base int) (int, error) {
	n, err := strconv.ParseUint(string(text), base, 31)
	if err != nil {
		return 0, fmt.Errorf("a length of %q", text)
	}
	return int(n), nil
}

func line(r *bufio.Reader) ([]byte, error) {
	l, err := r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(l, "\r\n"), nil
}
