package listen_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A tape is a connection on which bytes come, some at a time.
type tape struct {
	net.Conn
	in      []byte
	step    int
	written bytes.Buffer
}

func (c *tape) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.step)], c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *tape) Write(p []byte) (int, error)      { return c.written.Write(p) }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }
func (c *tape) RemoteAddr() net.Addr             { return address("tape") }
func (c *tape) Close() error                     { return nil }

// passed returns what the guard lets pass of in, message by message, and
// whether the last of them is whole.
func passed(in []byte, step int) (messages []string, whole bool, answer string) {
	source := &tape{in: in, step: step}
	conn := listen.Guard(source, listen.Limits{})
	_ = conn.SetReadDeadline(time.Unix(1, 0)) // wait for nothing
	for {
		var message []byte
		p := make([]byte, step)
		for {
			n, err := conn.Read(p)
			message = append(message, p[:n]...)
			if err != nil || len(message) > 0 && conn.Between() {
				break
			}
		}
		if len(message) == 0 {
			return messages, true, source.written.String()
		}
		messages = append(messages, string(message))
		if !conn.Between() {
			return messages, false, source.written.String()
		}
		conn.State(http.StateIdle)
	}
}

// parsed returns the requests that net/http reads, with their bodies.
func parsed(t *testing.T, in string) (requests []string, last error) {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(in))
	for {
		req, err := http.ReadRequest(r)
		if err == io.EOF {
			return requests, nil
		}
		if err != nil {
			return requests, err
		}
		body, err := io.ReadAll(req.Body)
		requests = append(requests, req.Method+" "+req.RequestURI+" "+string(body))
		if err != nil {
			return requests, err
		}
	}
}

// strictly returns the requests that a reader of the other kind reads: of whole
// messages, with no leniency.
func strictly(in string) (requests []string, err error) {
	for in != "" {
		var m wire.Message
		if m, in, err = wire.ReadRequest(in); err != nil {
			if m.Line != "" && m.Head != nil {
				requests = append(requests, m.Method()+" "+m.Target()+" "+m.Body)
			}
			return requests, err
		}
		requests = append(requests, m.Method()+" "+m.Target()+" "+m.Body)
	}
	return requests, nil
}

// FuzzGuardAgainstParsers holds what passes to being read by net/http and by a
// strict reader of another style as the same requests: each message by itself
// is one request, all together are as many, with the same bodies.
func FuzzGuardAgainstParsers(f *testing.F) {
	for _, c := range wireCases() {
		if len(c.send) < 5000 {
			f.Add([]byte(c.send), uint16(4096))
			f.Add([]byte(c.send), uint16(7))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, step uint16) {
		messages, whole, answer := passed(in, int(step)%5000+1)
		var single []string
		for i, m := range messages {
			requests, err := parsed(t, m)
			if i < len(messages)-1 || whole {
				require.NoError(t, err, "%q", m)
				require.Len(t, requests, 1, "%q", m)
			} else if err != nil {
				require.Len(t, requests, 1, "a head passes whole, or not at all: %q", m)
			}
			single = append(single, requests...)
		}
		all := strings.Join(messages, "")
		together, err := parsed(t, all)
		require.Equal(t, single, together)
		require.Equal(t, whole, err == nil)
		other, err := strictly(all)
		require.Equal(t, whole, err == nil, "%v: %q", err, all)
		require.Equal(t, requestsOf(together, whole), requestsOf(other, whole), "two readers of %q", all)
		if poisoned := strings.TrimSuffix(all, listen.Poison); !whole && poisoned != all {
			require.Error(t, err, "a body that is at fault is nobody's body: %q", all)
			all = poisoned
		}
		require.True(t, subsequence(all, string(in)), "what passes, passes unchanged: %q of %q", all, in)
		again, _, same := passed(in, 1)
		require.Equal(t, messages, again, "it does not matter how the bytes come")
		require.Equal(t, status(answer), status(same))
	})
}

// requestsOf leaves out the last request where it is not whole: readers may
// differ in how much of it they have.
func requestsOf(requests []string, whole bool) []string {
	if !whole && len(requests) > 0 {
		return requests[:len(requests)-1]
	}
	return requests
}

func status(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	return line
}

// subsequence tells whether part is whole but for empty lines.
func subsequence(part, whole string) bool {
	for len(part) > 0 {
		switch {
		case strings.HasPrefix(whole, "\r\n") && part[0] != '\r':
			whole = whole[2:]
		case len(whole) == 0 || part[0] != whole[0]:
			return false
		default:
			part, whole = part[1:], whole[1:]
		}
	}
	return true
}

// FuzzProxyHeader holds the header of a proxy to its bounds: what is read is no
// more than it, and the address is one.
func FuzzProxyHeader(f *testing.F) {
	for _, c := range proxyCases() {
		f.Add([]byte(c.header + get))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		source := &tape{in: in, step: 1 << 16}
		addr, err := listen.ReadProxy(source)
		read := len(in) - len(source.in)
		require.LessOrEqual(t, read, 536)
		if err != nil {
			return
		}
		require.NotNil(t, addr)
		if bytes.HasPrefix(in, []byte("PROXY ")) {
			require.LessOrEqual(t, read, 107)
			require.True(t, bytes.HasSuffix(in[:read], []byte("\r\n")))
		}
	})
}

// FuzzFrames holds what is found of frames to what is in the bytes, however
// they arrive.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(frameSettings, 0, 0, windowSize+number(0))+asks(1)+frame(frameReset, 0, 1, number(8))), 3)
	f.Add([]byte(frame(frameReset, 0, 1, "")+frame(frameReset, 0, 1, "12345")+frame(framePing, 0, 0, "12345678")), 1)
	f.Add([]byte(frame(frameData, 0, 1, strings.Repeat("x", 100))), 100)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		var want []string
		for rest := data; len(rest) >= 9; {
			length := int(rest[0])<<16 | int(rest[1])<<8 | int(rest[2])
			if rest[3] == frameReset && length == 4 && len(rest) < 13 {
				break // its code is waited for
			}
			want = append(want, string(rest[:9]))
			rest = rest[min(9+length, len(rest)):]
		}
		require.Equal(t, want, listen.Frames(data, max(size, 1)))
		listen.Watching()(data)
	})
}
