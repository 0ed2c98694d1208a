package listen_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// An endless is a connection on which the same bytes come again and again, one
// request at a time.
type endless struct {
	tape
	again string
}

func (c *endless) Read(p []byte) (int, error) { return copy(p, c.again), nil }

// BenchmarkGuard is what a request costs more: a head of 20 fields passes.
func BenchmarkGuard(b *testing.B) {
	typical := "GET /v1/accounts/1234567890/orders?limit=20 HTTP/1.1\r\nHost: api.example.com\r\n" +
		strings.Repeat("X-Some-Field: with a value of common length\r\n", 10) +
		"Authorization: Bearer " + strings.Repeat("a", 300) + "\r\nAccept: application/json\r\n\r\n"
	for name, request := range map[string]string{
		"small head":   get,
		"typical head": typical,
		"with a body":  post + "Content-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000),
		"in chunks":    chunked + "3E8\r\n" + strings.Repeat("x", 1000) + "\r\n" + last,
	} {
		b.Run(name, func(b *testing.B) {
			conn := listen.Guard(&endless{again: request}, listen.Limits{})
			p := make([]byte, 4096)
			b.ReportAllocs()
			b.SetBytes(int64(len(request)))
			for b.Loop() {
				for n := 0; n < len(request); {
					m, err := conn.Read(p)
					if err != nil {
						b.Fatal(err)
					}
					n += m
				}
				conn.State(http.StateIdle)
			}
		})
	}
}

// BenchmarkServer compares whole exchanges over loopback.
func BenchmarkServer(b *testing.B) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "ok") })
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(plain) }()
	b.Cleanup(func() { _ = s.Close(); <-ended })
	for _, c := range []struct{ name, addr string }{
		{"net/http", plain.Addr().String()}, {"guarded", serve(b, h, listen.Config{})},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn := dial(b, c.addr)
			defer conn.Close()
			p := make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := io.WriteString(conn, get); err != nil {
					b.Fatal(err)
				}
				if _, err := conn.Read(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFrames looks at the frames of one request: its head, and the
// windows that are given back for its answer.
func BenchmarkFrames(b *testing.B) {
	saw := listen.Watching()
	saw([]byte(preface + frame(frameSettings, 0, 0, "")))
	stream := uint32(1)
	p := []byte(asks(1) + frame(frameWindow, 0, 0, number(100)))
	b.ReportAllocs()
	for b.Loop() {
		stream += 2
		binary.BigEndian.PutUint32(p[5:], stream&(1<<31-1))
		if !saw(p) {
			b.Fatal("it is no flood")
		}
	}
}
