package h1

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patient = 10 * time.Second

// settings are those of a pool for tests.
func settings(address string) Settings {
	return Settings{
		Address: address, Max: 8, MaxIdle: 8, Idle: time.Minute, Dial: patient, Handshake: patient,
		Patience: patient, Stall: time.Minute, KeepAlive: -1,
	}
}

func newPool(t testing.TB, s Settings) *Pool {
	t.Helper()
	p := NewPool(s, NewSweeper())
	t.Cleanup(func() {
		p.Retire()
		p.sweeper.Close()
	})
	return p
}

// A script is a backend that answers each request of a connection with the
// next text; "close" ends the connection.
type script struct {
	address string
	conns   atomic.Int64 // accepted
	heads   chan string  // of the requests, as they came
}

// play listens and answers; piece is how many bytes are written at once, 0 for
// all.
func play(t testing.TB, piece int, answers ...string) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &script{address: l.Addr().String(), heads: make(chan string, 100)}
	ended := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Add(1)
			go s.serve(c, piece, answers)
		}
	}()
	return s
}

func (s *script) serve(c net.Conn, piece int, answers []string) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	for i := 0; ; i++ {
		head, err := readHead(in)
		if err != nil {
			return
		}
		s.heads <- head
		answer := answers[min(i, len(answers)-1)]
		if answer == "close" {
			return
		}
		for answer != "" {
			n := len(answer)
			if piece > 0 {
				n = min(n, piece)
			}
			if _, err := c.Write([]byte(answer[:n])); err != nil {
				return
			}
			answer = answer[n:]
		}
		if strings.HasSuffix(answers[min(i, len(answers)-1)], end) {
			return
		}
	}
}

// end, at the end of an answer, has the script close the connection behind it.
const end = "\x00"

// readHead reads a head and its body of known length.
func readHead(in *bufio.Reader) (string, error) {
	var head strings.Builder
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		head.WriteString(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			for _, c := range strings.TrimSpace(v) {
				length = length*10 + int(c-'0')
			}
		}
		if line == "\r\n" {
			break
		}
	}
	_, err := io.CopyN(&head, in, int64(length))
	return head.String(), err
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }

// ask sends a request without a body and reads the head of the final answer.
func ask(ctx context.Context, p *Pool, method string) (*Answer, error) {
	c, err := p.Get(ctx, time.Time{}, false)
	if err != nil {
		return nil, err
	}
	return askOn(ctx, c, method, time.Time{})
}

func askOn(ctx context.Context, c *Conn, method string, due time.Time) (*Answer, error) {
	c.Begin(ctx, due)
	h := c.Head()
	h.Begin(method)
	h.Target("", "/a", "", false)
	h.Host("a.test")
	err := h.End()
	if err == nil {
		err = c.Send(nil)
	}
	a := &Answer{}
	for err == nil {
		if err = a.ReadHead(c, method); err == nil && !a.Interim() {
			a.Deliver(a)
			return a, nil
		}
	}
	if why := c.Why(); why != nil {
		err = why
	}
	c.Drop()
	return nil, err
}

// get asks and reads the whole answer.
func get(t testing.TB, p *Pool, method string) (*http.Response, string) {
	t.Helper()
	a, err := ask(t.Context(), p, method)
	require.NoError(t, err)
	body, err := io.ReadAll(a.Resp.Body)
	require.NoError(t, err)
	require.NoError(t, a.Resp.Body.Close())
	return &a.Resp, string(body)
}

// A tape is a connection by which bytes come in pieces, and then the end.
type tape struct {
	net.Conn
	in    []byte
	piece int
}

func (t *tape) Read(p []byte) (int, error) {
	if len(t.in) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(t.in))
	if t.piece > 0 {
		n = min(n, t.piece)
	}
	copy(p, t.in[:n])
	t.in = t.in[n:]
	return n, nil
}

func (t *tape) Write(p []byte) (int, error) { return len(p), nil }
func (t *tape) Close() error                { return nil }

// onTape returns a connection by which the bytes come.
func onTape(in []byte, piece int) *Conn {
	p := NewPool(settings("tape"), NewSweeper())
	p.sweeper.running.Store(true) // nothing is late here
	s := newSocket(&tape{in: in, piece: piece})
	return &Conn{pool: p, socket: s, net: s}
}
