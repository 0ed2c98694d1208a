package load

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/wire"
)

// A conn1 is one connection of HTTP/1.1.
type conn1 struct {
	net.Conn
	r      *bufio.Reader
	next   *template
	answer wire.Message
	want   []byte
}

func dial1(addr string, w traffic.Workload, want []byte, p parts) (*conn1, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn1{Conn: conn, r: bufio.NewReaderSize(conn, 64<<10), next: http1(w, p), want: want}, nil
}

// do makes one exchange and checks every byte of the answer.
func (c *conn1) do() error {
	c.next.fill()
	if _, err := c.Write(c.next.bytes); err != nil {
		return err
	}
	if err := c.answer.Read(c.r); err != nil {
		return err
	}
	return check(c.answer.Status(), c.answer.Body, c.want)
}

// check holds an answer to what has to come.
func check(status int, body, want []byte) error {
	switch {
	case status != http.StatusOK:
		return fmt.Errorf("status %d: %.200q", status, body)
	case !bytes.Equal(body, want):
		return fmt.Errorf("an answer of %d bytes that are not the %d awaited: %.80q", len(body), len(want), body)
	}
	return nil
}
