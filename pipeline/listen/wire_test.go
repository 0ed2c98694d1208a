package listen_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

const (
	host    = "Host: a\r\n"
	get     = "GET / HTTP/1.1\r\n" + host + "\r\n"
	next    = "GET /next HTTP/1.1\r\n" + host + "\r\n"
	post    = "POST / HTTP/1.1\r\n" + host
	chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	hello   = "5\r\nhello\r\n"
	last    = "0\r\n\r\n"
)

// sized returns a POST with a body of five bytes whose fields are given.
func sized(fields string) string { return post + fields + "\r\nhello" + next }

// A wireCase is what comes on a connection, and what has to become of it: the
// statuses in order, and the requests that were read wholly.
type wireCase struct {
	name string
	send string
	want string
	seen []string
}

// shared returns the cases of the suite of whole gateways that end here: those
// that are refused, and those whose requests a handler gets as they came. Behind
// each comes a request that must be read as one only where the connection lives
// on.
func shared() (cases []wireCase) {
	for _, c := range wire.Cases() {
		switch c.Group {
		case "framing", "request line", "fields", "hosts", "chunks", "trailers", "bounds":
		default:
			continue
		}
		if c.Keeps && len(c.Seen) == 0 || strings.Contains(c.Send[0], " http://") || strings.Contains(c.Send[0], " HTTP://") {
			continue // the edge's matter, which refuses it, or makes another target of it
		}
		var want []string
		for _, status := range c.Want {
			status, _, _ = strings.Cut(status, "~") // behind it are those of others
			want = append(want, status)
		}
		w := wireCase{c.Group + ": " + c.Name, c.Send[0], strings.Join(want, " "), c.Seen}
		if !c.Half {
			w.send += next
		}
		if c.Keeps {
			w.want, w.seen = strings.TrimSpace(w.want+" 200"), append(slices.Clone(w.seen), "GET /next")
		}
		if c.Name == "what follows a head without a length is the next request" {
			w.want, w.seen = "200 200", []string{"POST /", "helloGET /next"}
		}
		cases = append(cases, w)
	}
	return cases
}

func wireCases() []wireCase {
	one := []string{"GET /"}
	return append(shared(), []wireCase{
		{"the target may be absolute", "GET http://a/x?y HTTP/1.1\r\n" + host + "\r\n", "200", []string{"GET http://a/x?y"}},
		{"the target may be absolute without a path", "GET https://a HTTP/1.1\r\n" + host + "\r\n", "200", []string{"GET https://a"}},
		{"an absolute target of another scheme", "GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n" + next, "400", nil},
		{"an absolute target without a host", "GET http:///x HTTP/1.1\r\n" + host + "\r\n" + next, "400", nil},
		{"an absolute target with userinfo", "GET http://u@a/ HTTP/1.1\r\n" + host + "\r\n" + next, "400", nil},
		{"OPTIONS may be for the server", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "200", []string{"OPTIONS *"}},
		{"an unknown method is somebody else's matter", "BREW / HTTP/1.1\r\n" + host + "\r\n", "200", []string{"BREW /"}},
		{"CONNECT is somebody else's matter", "CONNECT a:443 HTTP/1.1\r\n" + host + "\r\n", "200", []string{"CONNECT a:443"}},
		{"a name with an underscore is somebody else's matter", "GET / HTTP/1.1\r\n" + host + "X_A: b\r\n\r\n", "200", one},
		{"a head that ends early behind another is no request", get + "GET / HT", "200", one},
	}...)
}

// check sends a case and looks at what became of it.
func (c wireCase) check(t *testing.T, send func(h *witness) []int) {
	t.Helper()
	h := &witness{}
	got := strings.Trim(fmt.Sprint(send(h)), "[]")
	require.Equal(t, c.want, got)
	require.Equal(t, append([]string{}, c.seen...), h.saw(), "one request in is one clean request out")
}

func TestOneRequestInIsOneCleanRequestOut(t *testing.T) {
	t.Parallel()
	cases := wireCases()
	require.Greater(t, len(cases), 200)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t, func(h *witness) []int {
				return send(t, dial(t, serve(t, h, listen.Config{})), c.send)
			})
		})
	}
}

func TestItIsTheSameByTLS(t *testing.T) {
	t.Parallel()
	server, client := secured(t, "http/1.1")
	for _, c := range wireCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t, func(h *witness) []int {
				return send(t, dialTLS(t, serve(t, h, listen.Config{TLS: server}), client), c.send)
			})
		})
	}
}

func TestItIsTheSameByteByByte(t *testing.T) {
	t.Parallel()
	for _, c := range wireCases() {
		if len(c.send) > 2000 || strings.Contains(c.want, "200") && strings.Count(c.send, "HTTP/1") > len(c.seen) {
			continue // what is not read at all may have the connection reset, and the answer lost
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t, func(h *witness) []int {
				return send(t, dial(t, serve(t, h, listen.Config{})), strings.Split(c.send, "")...)
			})
		})
	}
}
