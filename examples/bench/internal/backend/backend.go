// Package backend is what all contenders stand in front of: a server that
// spends as little as it can, checks the bodies that it gets, and counts.
package backend

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/wire"
)

// A Server answers the requests of all workloads.
type Server struct {
	served atomic.Int64
	posted []byte
	small  []byte
	large  []byte
}

// New makes a server.
func New() *Server {
	post, _ := traffic.Find("post_16k")
	return &Server{
		posted: post.Posted(),
		small:  answer("200 OK", "application/json", traffic.Document()),
		large:  answer("200 OK", "application/octet-stream", traffic.Workload{Large: true}.Answer(false)),
	}
}

// answer makes the bytes of a response. It may not be stored, so that a cache
// is asked and has nothing.
func answer(status, kind string, body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\nDate: Mon, 02 Nov 2026 12:00:00 GMT\r\nContent-Length: %d\r\n\r\n", status, kind, len(body))
	return append([]byte(head), body...)
}

// Served returns how many requests came.
func (s *Server) Served() int64 { return s.served.Load() }

// Serve serves until ln is closed.
func (s *Server) Serve(ln net.Listener) error {
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go s.serve(conn)
	}
}

func (s *Server) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReaderSize(conn, 32<<10)
	for m := (wire.Message{}); m.Read(r) == nil; {
		s.served.Add(1) // before the client can have the answer
		if _, err := conn.Write(s.choose(&m)); err != nil {
			return
		}
	}
}

// choose returns the answer to a request.
func (s *Server) choose(m *wire.Message) []byte {
	switch {
	case bytes.HasPrefix(m.Start, []byte("POST ")) && !bytes.Equal(m.Body, s.posted):
		return answer("400 Bad Request", "text/plain", []byte("other bytes than were sent"))
	case traffic.IsLarge(m.Start):
		return s.large
	}
	return s.small
}
