package listen_test

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Frames of HTTP/2, by hand.
const (
	frameData, frameHeaders, framePriority, frameReset, frameSettings = 0, 1, 2, 3, 4
	framePing, frameGoAway, frameWindow, frameContinuation            = 6, 7, 8, 9

	endStream, endHeaders, ack = 1, 4, 1

	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	// GET and POST of / from host h, without an entry in a table.
	getFields, postFields = "\x82\x86\x84\x01\x01h", "\x83\x86\x84\x01\x01h"
	windowSize            = "\x00\x04"
)

func frame(kind, flags byte, stream uint32, payload string) string {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[5:], stream)
	return string(head) + payload
}

func number(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

// asks is a whole request.
func asks(stream uint32) string { return frame(frameHeaders, endStream|endHeaders, stream, getFields) }

// begins is a request whose body follows.
func begins(stream uint32) string { return frame(frameHeaders, endHeaders, stream, postFields) }

// A peer is a client that reads what it gets, and remembers it.
type peer struct {
	net.Conn
	ended chan struct{}

	mu   sync.Mutex
	seen []got
}

type got struct {
	kind, flags byte
	stream      uint32
	payload     string
}

func newPeer(conn net.Conn) *peer {
	p := &peer{Conn: conn, ended: make(chan struct{})}
	go p.read()
	return p
}

func (p *peer) read() {
	defer close(p.ended)
	for {
		var head [9]byte
		if _, err := io.ReadFull(p.Conn, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(p.Conn, payload); err != nil {
			return
		}
		p.mu.Lock()
		p.seen = append(p.seen, got{head[3], head[4], binary.BigEndian.Uint32(head[5:]), string(payload)})
		p.mu.Unlock()
	}
}

// of returns the frames of a kind.
func (p *peer) of(kind byte) []got {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.seen), func(g got) bool { return g.kind != kind })
}

// send tells whether the other side still took it.
func (p *peer) send(frames ...string) bool {
	_, err := io.WriteString(p.Conn, strings.Join(frames, ""))
	return err == nil
}

// greet begins HTTP/2.
func (p *peer) greet(t testing.TB, settings string) {
	t.Helper()
	require.True(t, p.send(preface, frame(frameSettings, 0, 0, settings), frame(frameSettings, ack, 0, "")))
}
