package upstream_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seedOf returns the seed of a test that draws lots: that of GATEWAY_SEED, or a
// new one. It is printed, so that what failed can be seen again.
func seedOf(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("GATEWAY_SEED"); s != "" {
		given, err := strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
		seed = given
	}
	t.Logf("GATEWAY_SEED=%d", seed)
	return seed
}

// A writer of answers draws them by lot.
type drawn struct{ *rand.Rand }

func (d drawn) oneOf(all ...string) string { return all[d.IntN(len(all))] }

func (d drawn) token() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!#$%&'*+^`|~"
	b := make([]byte, 1+d.IntN(12))
	for i := range b {
		b[i] = letters[d.IntN(len(letters))]
	}
	return "X-" + string(b)
}

func (d drawn) value() string {
	b := make([]byte, d.IntN(40))
	for i := range b {
		if b[i] = byte(0x20 + d.IntN(0xe0)); b[i] == 0x7f {
			b[i] = '\t'
		}
	}
	return d.oneOf("", " ", "  ", "\t") + string(b) + d.oneOf("", " ", "\t")
}

func (d drawn) fields(b *strings.Builder, most int) {
	for range d.IntN(most + 1) {
		fmt.Fprintf(b, "%s:%s\r\n", d.token(), d.value())
	}
}

// bytes returns a body, often one that looks like HTTP.
func (d drawn) bytes() string {
	switch d.IntN(4) {
	case 0:
		return ""
	case 1:
		return strings.Repeat(own("/evil"), 1+d.IntN(200))
	}
	b := make([]byte, d.IntN(1<<d.IntN(16)))
	for i := range b {
		b[i] = byte(d.Uint32())
	}
	return string(b)
}

// answer draws an answer that is right to the method.
func (d drawn) answer() scene {
	s := scene{method: d.oneOf("GET", "GET", "GET", "HEAD", "DELETE"), end: "keep"}
	var b strings.Builder
	for range d.IntN(4) * d.IntN(2) {
		fmt.Fprintf(&b, "HTTP/1.1 %d \r\n", 102+d.IntN(90))
		d.fields(&b, 3)
		b.WriteString("\r\n")
	}
	status := d.oneOf("200", "200", "201", "204", "206", "304", "404", "500", "503", "999")
	version := d.oneOf("1", "1", "1", "0")
	fmt.Fprintf(&b, "HTTP/1.%s %s %s\r\n", version, status, d.oneOf("", "OK", "Some Reason"))
	d.fields(&b, 6)
	s.answer = b.String() + d.framed(&s, status, version)
	return s
}

// framed draws the framing of the answer, and its body.
func (d drawn) framed(s *scene, status, version string) string {
	body := d.bytes()
	none := s.method == "HEAD" || status == "204" || status == "304"
	keep := ""
	if version == "0" {
		keep = d.oneOf("", "Connection: keep-alive\r\n")
	} else if d.IntN(6) == 0 {
		keep = "Connection: close\r\n"
		s.end = ""
	}
	framing := d.IntN(3)
	switch {
	case status == "204":
		return keep + "\r\n"
	case framing == 0 && version == "1":
		keep += "Transfer-Encoding: chunked\r\n"
		if none {
			return keep + "\r\n"
		}
		return keep + "\r\n" + d.chunks(body)
	case framing == 1 && !none:
		s.end = ""
		return keep + "\r\n" + body
	}
	keep += fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))
	if none {
		return keep
	}
	return keep + body
}

func (d drawn) chunks(body string) string {
	var b strings.Builder
	for body != "" {
		n := 1 + d.IntN(len(body))
		fmt.Fprintf(&b, d.oneOf("%x%s\r\n", "%X%s\r\n", "0%x%s\r\n"), n, d.oneOf("", "", ";a=b", ";a;b=\"c\""))
		b.WriteString(body[:n] + "\r\n")
		body = body[n:]
	}
	b.WriteString(d.oneOf("0\r\n", "00\r\n", "0;end\r\n"))
	d.fields(&b, 2*d.IntN(2))
	return b.String() + "\r\n"
}

// spoil does something wrong to an answer, now and then in its head.
func (d drawn) spoil(s string) string {
	for range 1 + d.IntN(3) {
		if s == "" {
			return s
		}
		at := d.IntN(len(s))
		if head := strings.Index(s, "\r\n\r\n"); head > 0 && d.IntN(2) == 0 {
			at = d.IntN(head)
		}
		switch d.IntN(7) {
		case 0:
			s = s[:at]
		case 1:
			s = s[:at] + s[at+1:]
		case 2:
			s = s[:at] + string(rune(d.IntN(128))) + s[at:]
		case 3:
			s = s[:at] + d.oneOf("\x00", "\n", "\r", "\r\n", " ", ":", ",", "\r\n ") + s[at:]
		case 4:
			to := at + d.IntN(min(len(s)-at, 200)+1)
			s = s[:to] + s[at:to] + s[to:]
		case 5:
			s = strings.Replace(s, "\r\n", d.oneOf("\n", "\r", "\r\r\n", "\n\r\n"), 1)
		case 6:
			s += d.oneOf("\r\n", "evil", own("/evil"))
		}
	}
	return s
}

func (d drawn) pace(answer string) pace {
	switch d.IntN(4) {
	case 0:
		return inTwo(d.IntN(len(answer) + 1))
	case 1:
		if len(answer) < 400 {
			return byteWise
		}
	}
	return atOnce
}

// TestAnswersByLot compares the clients by answers that are drawn: right ones,
// of which they must make the same, and spoilt ones.
func TestAnswersByLot(t *testing.T) {
	t.Parallel()
	n := 400
	if full() {
		n = 20_000
	}
	seed := seedOf(t)
	for worker := range uint64(4) {
		t.Run(fmt.Sprint("share ", worker), func(t *testing.T) {
			t.Parallel()
			d, th := drawn{rand.New(rand.NewPCG(seed, worker))}, newTheatre(t)
			for range n / 4 {
				s, r := d.answer(), exact
				if d.IntN(2) == 0 {
					s.answer, s.end, r = d.spoil(s.answer), "", loose
				}
				pace := d.pace(s.answer)
				ref, o := th.play(t, s, netHTTP, pace), th.play(t, s, direct, pace)
				if r == exact {
					require.True(t, ref.complete(), "%q: %v", s.answer, ref)
				}
				s.hold(t, o, ref, r)
			}
		})
	}
}

// FuzzAnswerBytes answers with any bytes: what the direct client delivers as
// whole, net/http does too, the same; and the request behind gets its own.
func FuzzAnswerBytes(f *testing.F) {
	for _, s := range append(append(honest(), tunnels()...), wrong()...) {
		if len(s.answer) < 4<<10 {
			f.Add([]byte(s.answer), uint16(len(s.name)), s.method == "HEAD", s.upgrade != "")
		}
	}
	th := newTheatre(f)
	f.Fuzz(func(t *testing.T, answer []byte, at uint16, head, upgrade bool) {
		s := scene{method: "GET", answer: string(answer)}
		if head {
			s.method = "HEAD"
		}
		if upgrade {
			s.upgrade = "echo"
		}
		pace := inTwo(min(int(at), len(answer)))
		ref, o := th.play(t, s, netHTTP, pace), th.play(t, s, direct, pace)
		s.hold(t, o, ref, loose)
	})
}
