package upstream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

const (
	malformed = pipeline.UpstreamMalformed
	reset     = pipeline.UpstreamReset
	timeout   = pipeline.UpstreamTimeout
)

// head returns a head of 200 with the fields.
func head(fields ...string) string { return headOf("HTTP/1.1 200 OK", fields...) }

func headOf(status string, fields ...string) string {
	lines := append([]string{status}, fields...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// honest are answers that are right, of every framing.
func honest() []scene {
	chunked := head("Transfer-Encoding: chunked", "X-A: 1")
	return []scene{
		{name: "of known length", answer: head("Content-Length: 5", "X-A: 1") + "hello"},
		{name: "of known length, kept alive", end: "keep", answer: head("Content-Length: 5") + "hello"},
		{name: "of length zero", end: "keep", answer: head("Content-Length: 0")},
		{name: "in chunks", end: "keep", answer: chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"},
		{name: "in chunks of hexadecimal lengths", end: "keep", answer: chunked + "A\r\n0123456789\r\n0b\r\n0123456789a\r\n000\r\n\r\n"},
		{name: "in chunks with extensions", end: "keep", answer: chunked + "5;a=b\r\nhello\r\n0;last\r\n\r\n"},
		{name: "in chunks with announced trailers", end: "keep", answer: head("Transfer-Encoding: chunked", "Trailer: X-Sum") + "5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"},
		{name: "in chunks with trailers nobody announced", end: "keep", answer: chunked + "5\r\nhello\r\n0\r\nX-Sum: 42\r\nX-More: 1\r\nX-More: 2\r\n\r\n"},
		{name: "in chunks with a trailer announced in vain", end: "keep", answer: head("Transfer-Encoding: chunked", "Trailer: X-Sum, X-Other") + "5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"},
		{name: "in no chunk", end: "keep", answer: chunked + "0\r\n\r\n"},
		{name: "in chunks, the coding in capitals", end: "keep", answer: head("Transfer-Encoding: Chunked") + "5\r\nhello\r\n0\r\n\r\n"},
		{name: "up to the end of the connection", answer: head("X-A: 1") + "hello"},
		{name: "up to the end of the connection, which it announces", answer: head("Connection: close") + "hello"},
		{name: "of known length, and close", answer: head("Connection: close", "Content-Length: 5") + "hello"},
		{name: "in chunks, and close", answer: head("Connection: close", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n"},
		{name: "empty, up to the end of the connection", answer: head("X-A: 1")},
		{name: "to HEAD, with the length of GET", method: "HEAD", end: "keep", answer: head("Content-Length: 1000000")},
		{name: "to HEAD, of unknown length", method: "HEAD", end: "keep", answer: head("X-A: 1")},
		{name: "to HEAD, as if in chunks", method: "HEAD", end: "keep", answer: head("Transfer-Encoding: chunked")},
		{name: "to HEAD, and close", method: "HEAD", answer: head("Connection: close", "Content-Length: 7")},
		{name: "204", end: "keep", answer: headOf("HTTP/1.1 204 No Content", "X-A: 1")},
		{name: "304", end: "keep", answer: headOf("HTTP/1.1 304 Not Modified", `ETag: "a"`)},
		{name: "304 with the length of what was not sent", end: "keep", answer: headOf("HTTP/1.1 304 Not Modified", "Content-Length: 500")},
		{name: "404 in chunks", end: "keep", answer: headOf("HTTP/1.1 404 Not Found", "Transfer-Encoding: chunked") + "3\r\nno!\r\n0\r\n\r\n"},
		{name: "500", end: "keep", answer: headOf("HTTP/1.1 500 Internal Server Error", "Content-Length: 3") + "no!"},
		{name: "a status nobody knows", end: "keep", answer: headOf("HTTP/1.1 299 Fine", "Content-Length: 2") + "ok"},
		{name: "a status of a class nobody knows", end: "keep", answer: headOf("HTTP/1.1 799 Odd", "Content-Length: 2") + "ok"},
		{name: "no reason", end: "keep", answer: headOf("HTTP/1.1 200 ", "Content-Length: 2") + "ok"},
		{name: "a reason of many words, of any bytes", end: "keep", answer: headOf("HTTP/1.1 200 Tr\xc3\xa8s bien, merci", "Content-Length: 2") + "ok"},
		{name: "HTTP/1.0 of known length", answer: headOf("HTTP/1.0 200 OK", "Content-Length: 5") + "hello"},
		{name: "HTTP/1.0 up to the end of the connection", answer: headOf("HTTP/1.0 200 OK") + "hello"},
		{name: "HTTP/1.0 that keeps alive", end: "keep", answer: headOf("HTTP/1.0 200 OK", "Connection: keep-alive", "Content-Length: 5") + "hello"},
		{name: "103 before it", end: "keep", answer: headOf("HTTP/1.1 103 Early Hints", "Link: </a>") + head("Content-Length: 5") + "hello"},
		{name: "100 before it that nobody asked for", end: "keep", answer: headOf("HTTP/1.1 100 Continue") + head("Content-Length: 5") + "hello"},
		{name: "eight 1xx before it", end: "keep", answer: strings.Repeat(headOf("HTTP/1.1 102 Processing"), 8) + head("Content-Length: 5") + "hello"},
		{name: "to a POST with a body", method: "POST", send: strings.Repeat("x", 10_000), end: "keep", answer: head("Content-Length: 5") + "hello"},
		{name: "to a POST, 100 before it", method: "POST", send: "data", end: "keep", answer: headOf("HTTP/1.1 100 Continue") + head("Content-Length: 5") + "hello"},
		{name: "fields of any case and blanks around values", end: "keep", answer: head("content-length:5", "x-lower: a", "X-BLANK: \t b \t", "X-Empty:") + "hello"},
		{name: "a field many times", end: "keep", answer: head("Set-Cookie: a=1", "Set-Cookie: b=2", "Content-Length: 2") + "ok"},
		{name: "values beyond ASCII", end: "keep", answer: head("X-Name: J\xf6rg \xe2\x82\xac", "Content-Length: 2") + "ok"},
		{name: "a body that looks like an answer", end: "keep", answer: head(fmt.Sprint("Content-Length: ", len(own("/evil")))) + own("/evil")},
		{name: "a body that is long", end: "keep", answer: head("Content-Length: 300000") + strings.Repeat("0123456789", 30_000)},
		{name: "a chunk that is long", end: "keep", answer: chunked + "493e0\r\n" + strings.Repeat("0123456789", 30_000) + "\r\n0\r\n\r\n"},
		{name: "a thousand chunks", end: "keep", answer: chunked + strings.Repeat("2\r\nab\r\n", 1000) + "0\r\n\r\n"},
		{name: "a head of 50 KiB", end: "keep", answer: head("X-Long: "+strings.Repeat("v", 50<<10), "Content-Length: 2") + "ok"},
		{name: "200 fields", end: "keep", answer: head(strings.Repeat("X-Many: v\r\n", 200)+"Content-Length: 2") + "ok"},
	}
}

// tunnels are switches of protocols.
func tunnels() []scene {
	return []scene{
		{name: "a switch that was asked for", upgrade: "echo", answer: headOf("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: echo"), want: tunnel},
		{name: "a switch with the first words behind it", upgrade: "echo", answer: headOf("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: echo") + "hello", want: tunnel},
		{name: "a switch behind a 103", upgrade: "echo", answer: headOf("HTTP/1.1 103 Early Hints") + headOf("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: echo") + "hello", want: tunnel},
		{name: "a switch to something else", upgrade: "echo", answer: headOf("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: other"), want: malformed},
		{name: "a switch to nothing", upgrade: "echo", answer: headOf("HTTP/1.1 101 Switching Protocols"), want: malformed},
		{name: "a switch without Connection", upgrade: "echo", answer: headOf("HTTP/1.1 101 Switching Protocols", "Upgrade: echo"), want: malformed},
		{name: "a switch by HTTP/1.0", upgrade: "echo", answer: headOf("HTTP/1.0 101 Switching Protocols", "Connection: Upgrade", "Upgrade: echo"), want: malformed},
		{name: "a switch among other options", upgrade: "echo", answer: headOf("HTTP/1.1 101 Switching Protocols", "Connection: keep-alive, upgrade", "Upgrade: Echo") + "hello", want: tunnel},
		{name: "a switch that nobody asked for", answer: headOf("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: echo"), want: malformed},
		{name: "no switch, though it was asked for", upgrade: "echo", end: "keep", answer: head("Content-Length: 2") + "no", want: whole},
	}
}

// wrong are answers that are broken, or lie.
func wrong() []scene {
	chunked := head("Transfer-Encoding: chunked")
	return []scene{
		{name: "nothing, and the end", answer: "", want: reset},
		{name: "nothing, and a reset", answer: "", end: "rst", want: reset},
		{name: "nothing, and silence", answer: "", end: "hang", want: gone},
		{name: "half a status line, and silence", answer: "HTTP/1.1 20", end: "hang", want: gone},
		{name: "half a head, and silence", answer: "HTTP/1.1 200 OK\r\nX-A: ", end: "hang", want: gone},
		{name: "a head, and silence", answer: head("Content-Length: 5"), end: "hang", want: breaks},
		{name: "half a body, and silence", answer: head("Content-Length: 5") + "he", end: "hang", want: breaks},
		{name: "half a chunk, and silence", answer: chunked + "5\r\nhe", end: "hang", want: breaks},
		{name: "all but the last line, and silence", answer: chunked + "5\r\nhello\r\n0\r\n", end: "hang", want: breaks},
		{name: "a 103, and silence", answer: headOf("HTTP/1.1 103 Early Hints"), end: "hang", want: gone},
		{name: "a 103, and the end", answer: headOf("HTTP/1.1 103 Early Hints"), want: reset},
		{name: "a 100, and the end", answer: headOf("HTTP/1.1 100 Continue"), want: reset},
		{name: "a length that is too long", answer: head("Content-Length: 50") + "hello", want: breaks},
		{name: "a length that is too short", end: "keep", answer: head("Content-Length: 2") + "hello", want: whole},
		{name: "a length that is too short by an answer", end: "keep", answer: head("Content-Length: 2") + "ok" + own("/evil"), want: whole},
		{name: "two answers", end: "keep", answer: own("/scene") + own("/evil"), want: whole},
		{name: "two answers in chunks", end: "keep", answer: chunked + "2\r\nok\r\n0\r\n\r\n" + own("/evil"), want: whole},
		{name: "two answers, the second longer than any buffer", end: "keep", answer: own("/scene") + head("Content-Length: 100000") + strings.Repeat("evil ", 20_000), want: whole},
		{name: "two answers and the end", answer: own("/scene") + own("/evil"), want: whole},
		{name: "a 103 behind the answer", end: "keep", answer: own("/scene") + headOf("HTTP/1.1 103 Early Hints"), want: whole},
		{name: "line ends behind the answer", end: "keep", answer: own("/scene") + "\r\n\r\n", want: whole},
		{name: "a body behind 204", end: "keep", answer: headOf("HTTP/1.1 204 No Content") + own("/evil"), want: whole},
		{name: "a body behind 304", end: "keep", answer: headOf("HTTP/1.1 304 Not Modified") + own("/evil"), want: whole},
		{name: "a body behind HEAD", method: "HEAD", end: "keep", answer: head("Content-Length: 4") + "evil", want: whole},
		{name: "a body behind length zero", end: "keep", answer: head("Content-Length: 0") + own("/evil"), want: whole},
		{name: "another protocol", answer: "SSH-2.0-OpenSSH_9.6\r\n", want: malformed},
		{name: "TLS", answer: "\x15\x03\x01\x00\x02\x02\x46", want: malformed},
		{name: "a page without a head, as of HTTP/0.9", answer: "<html><body>hello</body></html>\r\n", want: malformed},
		{name: "HTTP/2", answer: "HTTP/2 200\r\n\r\n", want: malformed},
		{name: "HTTP/2.0", answer: headOf("HTTP/2.0 200 OK", "Content-Length: 2") + "ok", want: malformed, strict: "a version that HTTP/1.1 cannot be answered with (RFC 9110 section 6.2)"},
		{name: "HTTP/1.2", answer: headOf("HTTP/1.2 200 OK", "Content-Length: 2") + "ok", want: malformed, strict: "no such version; what it would mean for framing is unknown"},
		{name: "HTTP/0.9 by name", answer: headOf("HTTP/0.9 200 OK", "Content-Length: 2") + "ok", want: malformed, strict: "a version that has no heads"},
		{name: "http in small letters", answer: headOf("http/1.1 200 OK", "Content-Length: 2") + "ok", want: malformed},
		{name: "ICY in place of HTTP", answer: headOf("ICY 200 OK", "Content-Length: 2") + "ok", want: malformed},
		{name: "a status of two digits", answer: headOf("HTTP/1.1 20 OK", "Content-Length: 2") + "ok", want: malformed},
		{name: "a status of four digits", answer: headOf("HTTP/1.1 2000 OK", "Content-Length: 2") + "ok", want: malformed},
		{name: "a status of letters", answer: headOf("HTTP/1.1 abc OK", "Content-Length: 2") + "ok", want: malformed},
		{name: "a status with a sign", answer: headOf("HTTP/1.1 +20 OK", "Content-Length: 2") + "ok", want: malformed},
		{name: "status 000", answer: headOf("HTTP/1.1 000 None", "Content-Length: 2") + "ok", want: malformed},
		{name: "status 099", answer: headOf("HTTP/1.1 099 None", "Content-Length: 2") + "ok", want: malformed},
		{name: "an empty line first", answer: "\r\n" + own("/scene"), want: malformed},
		{name: "a blank first", answer: " " + own("/scene"), want: malformed},
		{name: "two blanks before the status", answer: headOf("HTTP/1.1  200 OK", "Content-Length: 2") + "ok", want: malformed, strict: "one space stands there (RFC 9112 section 4)"},
		{name: "nine 1xx before it", answer: strings.Repeat(headOf("HTTP/1.1 102 Processing"), 9) + own("/scene"), want: malformed},
		{name: "a flood of 1xx", answer: strings.Repeat(headOf("HTTP/1.1 102 Processing"), 3000) + own("/scene"), want: malformed},
		{name: "a flood of 100", answer: strings.Repeat(headOf("HTTP/1.1 100 Continue"), 3000) + own("/scene"), want: malformed, strict: "100 counts among the 1xx, of which there is a bound"},
		{name: "a 1xx with a body", answer: headOf("HTTP/1.1 103 Early Hints", "Content-Length: 4") + "evil" + own("/scene"), want: malformed},
		{name: "1xx that are long in all", answer: strings.Repeat(headOf("HTTP/1.1 103 Early Hints", "X-Long: "+strings.Repeat("v", 20<<10)), 8) + own("/scene"), want: whole},
		{name: "a head without an end", answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Many: v\r\n", 20_000), want: malformed},
		{name: "a line without an end", answer: "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("v", 200<<10), want: malformed},
		{name: "a status line without an end", answer: "HTTP/1.1 200 " + strings.Repeat("v", 200<<10), want: malformed},
		{name: "a trailer without an end", answer: chunked + "5\r\nhello\r\n0\r\n" + strings.Repeat("X-Many: v\r\n", 100_000), want: breaks},
		{name: "a chunk line without an end", answer: chunked + "5;" + strings.Repeat("x", 200<<10), want: breaks},
		{name: "chunk extensions without an end", answer: chunked + strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\na\r\n", 200) + "0\r\n\r\n", want: breaks},
		{name: "a field without a colon", answer: head("no colon", "Content-Length: 2") + "ok", want: malformed},
		{name: "a field without a name", answer: head(": v", "Content-Length: 2") + "ok", want: malformed},
		{name: "a blank before the colon", answer: head("X-A : v", "Content-Length: 2") + "ok", want: malformed, strict: "whoever trims it sees a field that others do not (RFC 9112 section 5.1)"},
		{name: "a blank in a name", answer: head("X A: v", "Content-Length: 2") + "ok", want: malformed, strict: "a name is a token (RFC 9110 section 5.1)"},
		{name: "a name beyond ASCII", answer: head("X-\xc3\xa4: v", "Content-Length: 2") + "ok", want: malformed},
		{name: "NUL in a name", answer: head("X-\x00: v", "Content-Length: 2") + "ok", want: malformed},
		{name: "NUL in a value", answer: head("X-A: a\x00b", "Content-Length: 2") + "ok", want: malformed},
		{name: "CR in a value", answer: head("X-A: a\rb", "Content-Length: 2") + "ok", want: malformed},
		{name: "NUL in the reason", answer: headOf("HTTP/1.1 200 O\x00K", "Content-Length: 2") + "ok", want: malformed, strict: "no control character belongs there (RFC 9112 section 4)"},
		{name: "a folded line", answer: head("X-A: a\r\n b", "Content-Length: 2") + "ok", want: malformed, strict: "folding is obsolete, and a way to hide fields (RFC 9112 section 5.2)"},
		{name: "a blank before the first field", answer: head(" X-A: a", "Content-Length: 2") + "ok", want: malformed},
		{name: "bare LF ends the lines", answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", want: malformed, strict: "a line ends with CRLF; who reads it otherwise reads another answer (RFC 9112 section 2.2)"},
		{name: "bare LF ends the status line", answer: "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok", want: malformed, strict: "a line ends with CRLF (RFC 9112 section 2.2)"},
		{name: "bare LF ends the head", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok", want: malformed, strict: "a line ends with CRLF (RFC 9112 section 2.2)"},
		{name: "bare CR ends the lines", answer: "HTTP/1.1 200 OK\rContent-Length: 2\r\rok", want: reset},
		{name: "the length twice", answer: head("Content-Length: 2", "Content-Length: 2") + "ok", want: whole},
		{name: "two lengths", answer: head("Content-Length: 2", "Content-Length: 5") + "hello", want: malformed},
		{name: "two lengths in one field", answer: head("Content-Length: 2, 2") + "ok", want: malformed},
		{name: "a length with a sign", answer: head("Content-Length: +2") + "ok", want: malformed},
		{name: "a length below zero", answer: head("Content-Length: -2") + "ok", want: malformed},
		{name: "a length of letters", answer: head("Content-Length: two") + "ok", want: malformed},
		{name: "a length in hexadecimal", answer: head("Content-Length: 0x2") + "ok", want: malformed},
		{name: "a length with a blank in it", answer: head("Content-Length: 2 0") + "ok", want: malformed},
		{name: "an empty length", answer: head("Content-Length: ") + "ok", want: malformed},
		{name: "a length beyond 63 bits", answer: head("Content-Length: 9223372036854775808") + "ok", want: malformed},
		{name: "a length of 63 bits", answer: head("Content-Length: 9223372036854775807") + "ok", want: breaks},
		{name: "length and chunks", answer: head("Content-Length: 5", "Transfer-Encoding: chunked") + "2\r\nok\r\n0\r\n\r\n", want: malformed, strict: "two framings are the mark of response splitting (RFC 9112 section 6.3)"},
		{name: "chunks and length", answer: head("Transfer-Encoding: chunked", "Content-Length: 5") + "2\r\nok\r\n0\r\n\r\n", want: malformed, strict: "two framings are the mark of response splitting (RFC 9112 section 6.3)"},
		{name: "chunked twice", answer: head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "2\r\nok\r\n0\r\n\r\n", want: malformed},
		{name: "chunked twice in one field", answer: head("Transfer-Encoding: chunked, chunked") + "2\r\nok\r\n0\r\n\r\n", want: malformed},
		{name: "gzip and chunked", answer: head("Transfer-Encoding: gzip, chunked") + "2\r\nok\r\n0\r\n\r\n", want: malformed},
		{name: "identity", answer: head("Transfer-Encoding: identity") + "ok", want: malformed},
		{name: "a coding nobody knows", answer: head("Transfer-Encoding: xchunked") + "ok", want: malformed},
		{name: "an empty coding", answer: head("Transfer-Encoding: ") + "ok", want: malformed},
		{name: "chunked by HTTP/1.0", answer: headOf("HTTP/1.0 200 OK", "Transfer-Encoding: chunked") + "2\r\nok\r\n0\r\n\r\n", want: malformed, strict: "HTTP/1.0 has no codings; the framing is faulty (RFC 9112 section 6.1)"},
		{name: "a chunk that is no number", answer: chunked + "zz\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk without a number", answer: chunked + "\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk with a sign", answer: chunked + "+5\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk with 0x", answer: chunked + "0x5\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk below zero", answer: chunked + "-5\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk beyond 64 bits", answer: chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk of 64 bits", answer: chunked + "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a blank before the number of a chunk", answer: chunked + " 5\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a blank behind the number of a chunk", answer: chunked + "5 \r\nhello\r\n0\r\n\r\n", want: whole},
		{name: "a chunk longer than its number", answer: chunked + "2\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "a chunk shorter than its number", answer: chunked + "8\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "bare LF behind the number of a chunk", answer: chunked + "5\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "bare LF behind a chunk", answer: chunked + "5\r\nhello\n0\r\n\r\n", want: breaks},
		{name: "bare LF behind the last chunk", answer: chunked + "5\r\nhello\r\n0\n\n", want: breaks},
		{name: "bare LF ends the trailer", answer: chunked + "5\r\nhello\r\n0\r\nX-A: 1\n\n", want: breaks},
		{name: "bare CR in a chunk extension", answer: chunked + "5;a\rb\r\nhello\r\n0\r\n\r\n", want: breaks},
		{name: "no last chunk", answer: chunked + "5\r\nhello\r\n", want: breaks},
		{name: "no end of the trailer", answer: chunked + "5\r\nhello\r\n0\r\nX-A: 1\r\n", want: breaks},
		{name: "a trailer without a colon", answer: chunked + "5\r\nhello\r\n0\r\nno colon\r\n\r\n", want: breaks},
		{name: "a trailer that frames", end: "keep", answer: chunked + "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", want: whole},
		{name: "fields of the head as trailers", end: "keep", answer: chunked + "5\r\nhello\r\n0\r\nSet-Cookie: a=1\r\nX-Sum: 42\r\nContent-Type: a/b\r\n\r\n", want: whole},
		{name: "600 fields", answer: head(strings.Repeat("X-Many: v\r\n", 600)+"Content-Length: 2") + "ok", want: malformed, strict: "the lines of a head are bounded to 500"},
		{name: "a trailer that folds", answer: chunked + "5\r\nhello\r\n0\r\nX-A: a\r\n b\r\n\r\n", want: breaks, strict: "folding is obsolete (RFC 9112 section 5.2)"},
		{name: "204 with a length", answer: headOf("HTTP/1.1 204 No Content", "Content-Length: 5") + "hello", want: whole},
		{name: "204 in chunks", answer: headOf("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked") + "0\r\n\r\n", want: whole},
		{name: "304 in chunks", answer: headOf("HTTP/1.1 304 Not Modified", "Transfer-Encoding: chunked") + "0\r\n\r\n", want: whole},
		{name: "205 with a body", answer: headOf("HTTP/1.1 205 Reset Content", "Content-Length: 5") + "hello", want: whole},
		{name: "a body that ends by a reset", answer: head("Content-Length: 50") + "hello", end: "rst", want: breaks},
		{name: "a trailer field that is announced and forbidden", answer: head("Transfer-Encoding: chunked", "Trailer: Content-Length") + "5\r\nhello\r\n0\r\n\r\n", want: malformed},
	}
}

// TestBothClientsMakeTheSameOfAnAnswer holds the direct client to net/http's:
// the same answers delivered, byte for byte, the same ones refused, and the
// list of those that it alone refuses with the reason for each. The request
// behind each gets the answer of its own.
func TestBothClientsMakeTheSameOfAnAnswer(t *testing.T) {
	t.Parallel()
	all := append(append(honest(), tunnels()...), wrong()...)
	seen := map[string]bool{}
	for _, s := range all {
		require.False(t, seen[s.name], "two of the name %q", s.name)
		seen[s.name] = true
		if s.want == "" {
			s.want = whole
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o := newTheatre(t).compare(t, s, atOnce)
			if s.end != "rst" { // where it depends on what was read before
				require.Equal(t, s.want, o.class, "%v", o)
			}
		})
	}
	require.GreaterOrEqual(t, len(all), 150)
}
