package listen_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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

// with returns a GET with further fields, and a request behind it that must be
// read as one only where the first was.
func with(fields string) string { return "GET / HTTP/1.1\r\n" + host + fields + "\r\n" + next }

// sized returns a POST with a body of five bytes whose fields are given.
func sized(fields string) string { return post + fields + "\r\nhello" + next }

func line(l string) string { return l + "\r\n" + host + "\r\n" + next }

// A wireCase is what comes on a connection, and what has to become of it: the
// statuses in order, and the requests that were read wholly.
type wireCase struct {
	name string
	send string
	want string
	seen []string
}

var (
	one  = []string{"GET /"}
	both = []string{"GET /", "GET /next"}
	body = []string{"POST / hello", "GET /next"}
	none []string
)

// refused are rows of which nothing may be read.
func refused(status string, rows ...[2]string) (cases []wireCase) {
	for _, r := range rows {
		cases = append(cases, wireCase{r[0], r[1], status, none})
	}
	return cases
}

func wireCases() []wireCase {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "X-%d: v\r\n", i)
		}
		return b.String()
	}
	long := func(n int) string { return strings.Repeat("a", n) }
	cases := []wireCase{
		{"nothing is not answered", "", "", none},
		{"a request is answered", get, "200", one},
		{"two requests on a connection are answered", get + next, "200 200", both},
		{"ten requests sent ahead are answered", strings.Repeat(next, 10), strings.TrimSpace(strings.Repeat("200 ", 10)), repeat("GET /next", 10)},
		{"a body with a length ends where it says", sized("Content-Length: 5\r\n"), "200 200", body},
		{"a length may have leading zeros", sized("Content-Length: 005\r\n"), "200 200", body},
		{"a length may have space around it", sized("Content-Length: \t5 \t\r\n"), "200 200", body},
		{"the name of a length may have any case", sized("cOnTeNt-LeNgTh: 5\r\n"), "200 200", body},
		{"a length of zero is no body", post + "Content-Length: 0\r\n\r\n" + next, "200 200", []string{"POST /", "GET /next"}},
		{"a GET may have a body", "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello" + next, "200 200", []string{"GET / hello", "GET /next"}},
		{"a body in chunks ends where it says", chunked + hello + last + next, "200 200", body},
		{"a body in many chunks is one body", chunked + "1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n" + last + next, "200 200", body},
		{"the coding may have any case", post + "TRANSFER-encoding: CHUNKED\r\n\r\n" + hello + last + next, "200 200", body},
		{"the coding may have space around it", post + "Transfer-Encoding: \t chunked \r\n\r\n" + hello + last + next, "200 200", body},
		{"a chunk size may have leading zeros", chunked + "0005\r\nhello\r\n00\r\n\r\n" + next, "200 200", body},
		{"a chunk size may have upper case digits", chunked + "A\r\nhellohello\r\n" + last, "200", []string{"POST / hellohello"}},
		{"a short chunk extension is dropped", chunked + "5;name=\"value\";x\r\nhello\r\n0;y\r\n\r\n" + next, "200 200", body},
		{"an empty body in chunks is one", chunked + last + next, "200 200", []string{"POST /", "GET /next"}},
		{"trailers are read", chunked + hello + "0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n" + next, "200 200", body},
		{"chunk data may look like a request", chunked + "1F\r\n" + next + "\r\n" + last, "200", []string{strings.TrimSpace("POST / " + next)}},
		{"a body may look like a request", post + "Content-Length: 31\r\n\r\n" + next, "200", []string{strings.TrimSpace("POST / " + next)}},
		{"HTTP/1.0 is answered", "GET / HTTP/1.0\r\n\r\n", "200", one},
		{"HTTP/1.0 with a host is answered", "GET / HTTP/1.0\r\n" + host + "\r\n", "200", one},
		{"HTTP/1.0 with a length is answered", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "200", []string{"POST / hello"}},
		{"HTTP/1.0 may stay connected", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + next, "200 200", both},
		{"HTTP/1.0 ends with its request else", "GET / HTTP/1.0\r\n\r\n" + next, "200", one},
		{"nothing is read after close", "GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n" + next, "200", one},
		{"an empty line may come first", "\r\n" + get, "200", one},
		{"an empty line may come between requests", get + "\r\n" + next, "200 200", both},
		{"an empty line may come after a body", post + "Content-Length: 5\r\n\r\nhello\r\n" + next, "200 200", body},
		{"the target may be absolute", "GET http://a/x?y HTTP/1.1\r\n" + host + "\r\n", "200", []string{"GET http://a/x?y"}},
		{"the target may be absolute without a path", "GET https://a HTTP/1.1\r\n" + host + "\r\n", "200", []string{"GET https://a"}},
		{"OPTIONS may be for the server", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "200", []string{"OPTIONS *"}},
		{"an unknown method is somebody else's matter", "BREW / HTTP/1.1\r\n" + host + "\r\n", "200", []string{"BREW /"}},
		{"CONNECT is somebody else's matter", "CONNECT a:443 HTTP/1.1\r\n" + host + "\r\n", "200", []string{"CONNECT a:443"}},
		{"the query may hold anything visible", "GET /?%zz&a=b;c HTTP/1.1\r\n" + host + "\r\n", "200", []string{"GET /?%zz&a=b;c"}},
		{"a value may have tabs and letters beyond ASCII", with("X: a\tb \xc3\xa9\r\n"), "200 200", both},
		{"a value may be empty", with("X:\r\n"), "200 200", both},
		{"a name may have every character of a token", with("!#$%&'*+-.^_`|~09azAZ: x\r\n"), "200 200", both},
		{"a host may have a port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", "200", one},
		{"a host may be an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200", one},
		{"a host may be an IPv6 address without a port", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "200", one},
		{"a hundred fields are read", "GET / HTTP/1.1\r\n" + host + many(99) + "\r\n", "200", one},
		{"a line of 8 KiB is read", "GET /" + long(8192-len("GET / HTTP/1.1")) + " HTTP/1.1\r\n" + host + "\r\n", "200", []string{"GET /" + long(8192-len("GET / HTTP/1.1"))}},
		{"a head of nearly 32 KiB is read", "GET / HTTP/1.1\r\n" + host + "X: " + long(32<<10-len(get)-5) + "\r\n\r\n" + next, "200 200", both},
		{"a long body is read", post + "Content-Length: 100000\r\n\r\n" + long(100000) + next, "200 200", []string{"POST / " + long(100000), "GET /next"}},
		{"a long chunk is read", chunked + "186A0\r\n" + long(100000) + "\r\n" + last + next, "200 200", []string{"POST / " + long(100000), "GET /next"}},
		{"a head that ends early is no request", "GET / HTTP/1.1\r\nHost:", "", none},
		{"a request line that ends early is no request", "GET", "", none},
		{"a second head that ends early is no request", get + "GET / HT", "200", one},
		{"a body that ends early is the handler's error", post + "Content-Length: 50\r\n\r\nhello", "400", none},
		{"chunks that end early are the handler's error", chunked + hello, "400", none},
		{"a chunk that ends early is the handler's error", chunked + "50\r\nhello", "400", none},
		{"what follows a head without a length is the next request", post + "\r\nhello" + next, "200 200", []string{"POST /", "helloGET /next"}},
		{"a request is answered before what is wrong after it", get + "GET  / HTTP/1.1\r\n\r\n" + next, "200 400", one},
		{"junk after a body is no request", post + "Content-Length: 5\r\n\r\nhello\x01" + next, "200 400", []string{"POST / hello"}},
		{"junk after chunks is no request", chunked + hello + last + "\x00" + next, "200 400", []string{"POST / hello"}},
	}
	cases = append(cases, refused("400", [][2]string{
		{"a length and a coding", sized("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
		{"a coding and a length", sized("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
		{"a length and a coding in other cases", sized("content-length: 5\r\nTRANSFER-ENCODING: Chunked\r\n")},
		{"a length of zero and a coding", sized("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")},
		{"a length and a coding that is not known", sized("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n")},
		{"a length and an empty coding", sized("Content-Length: 5\r\nTransfer-Encoding:\r\n")},
		{"two equal lengths", sized("Content-Length: 5\r\nContent-Length: 5\r\n")},
		{"two lengths", sized("Content-Length: 5\r\nContent-Length: 6\r\n")},
		{"a list of lengths", sized("Content-Length: 5, 5\r\n")},
		{"a length with a plus", sized("Content-Length: +5\r\n")},
		{"a length with a minus", sized("Content-Length: -5\r\n")},
		{"a length in hexadecimal", sized("Content-Length: 0x5\r\n")},
		{"a length with space inside", sized("Content-Length: 5 0\r\n")},
		{"a length with an underscore inside", sized("Content-Length: 5_0\r\n")},
		{"a length with a dot", sized("Content-Length: 5.0\r\n")},
		{"a length of nineteen digits", sized("Content-Length: 0000000000000000005\r\n")},
		{"a length beyond 64 bits", sized("Content-Length: 18446744073709551621\r\n")},
		{"an empty length", sized("Content-Length:\r\n")},
		{"a length in digits beyond ASCII", sized("Content-Length: \xd9\xa5\r\n")},
		{"a length whose name has an underscore", sized("Content_Length: 5\r\n")},
		{"a coding whose name has an underscore", sized("Transfer_Encoding: chunked\r\n")},
		{"a length whose name has a dot", sized("Content.Length: 5\r\n")},
		{"space before the colon of a length", sized("Content-Length : 5\r\n")},
		{"space before the colon of a coding", sized("Transfer-Encoding : chunked\r\n")},
		{"a tab before the colon of a coding", sized("Transfer-Encoding\t: chunked\r\n")},
		{"space before the name of a length", sized(" Content-Length: 5\r\n")},
		{"a name with a space", sized("Content Length: 5\r\n")},
		{"two codings", sized("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
		{"a coding and identity", sized("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")},
		{"chunked twice", sized("Transfer-Encoding: chunked, chunked\r\n")},
		{"chunked before another coding", sized("Transfer-Encoding: chunked, identity\r\n")},
		{"identity", sized("Transfer-Encoding: identity\r\n")},
		{"an empty coding", sized("Transfer-Encoding:\r\n")},
		{"a coding in quotes", sized("Transfer-Encoding: \"chunked\"\r\n")},
		{"a coding with a parameter", sized("Transfer-Encoding: chunked;q=1\r\n")},
		{"a coding with a comma in front", sized("Transfer-Encoding: ,chunked\r\n")},
		{"a coding with a comma behind", sized("Transfer-Encoding: chunked,\r\n")},
		{"a coding with a vertical tab", sized("Transfer-Encoding: \x0bchunked\r\n")},
		{"a coding that begins like chunked", sized("Transfer-Encoding: chunkedx\r\n")},
		{"a coding beyond ASCII", sized("Transfer-Encoding: chun\xe2\x84\xaaed\r\n")},
		{"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + last + next},
		{"a coding in HTTP/1.0 that stays connected", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + last + next},

		{"a field that is continued with a space", with("X: a\r\n b\r\n")},
		{"a field that is continued with a tab", with("X: a\r\n\tb\r\n")},
		{"a coding that is continued", with("Transfer-Encoding:\r\n chunked\r\n")},
		{"a first field that begins with a space", "GET / HTTP/1.1\r\n X: a\r\n" + host + "\r\n" + next},
		{"a bare LF after the request line", "GET / HTTP/1.1\n" + host + "\r\n" + next},
		{"a bare LF after a field", with("X: a\n")},
		{"a bare LF at the end of the head", "GET / HTTP/1.1\r\n" + host + "\n" + next},
		{"a bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n" + next},
		{"a bare CR in a value", with("X: a\rTransfer-Encoding: chunked\r\n")},
		{"a bare CR in a name", with("X\rY: a\r\n")},
		{"a bare CR in the request line", "GET /\r HTTP/1.1\r\n" + host + "\r\n" + next},
		{"two CR before a LF", with("X: a\r\r\n")},
		{"a NUL in a value", with("X: a\x00b\r\n")},
		{"a NUL in a long value", with("X: aaaaaaaaaaaaaaaaaaaaaa\x00aaaaaaaaaaaaaa\r\n")},
		{"a NUL in a name", with("X\x00: a\r\n")},
		{"a control in a value", with("X: a\x08\r\n")},
		{"a DEL in a value", with("X: aaaaaaaaaa\x7faaaaa\r\n")},
		{"space before a colon", with("X : a\r\n")},
		{"an empty name", with(": a\r\n")},
		{"a field without a colon", with("X\r\n")},
		{"a name with a quote", with("\"X\": a\r\n")},
		{"a name with a slash", with("X/Y: a\r\n")},
		{"a name with parentheses", with("X(Y): a\r\n")},
		{"a name beyond ASCII", with("X\xc3\xa9: a\r\n")},
		{"a name with a leading tab", with("\tX: a\r\n")},

		{"no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n" + next},
		{"no fields", "GET / HTTP/1.1\r\n\r\n" + next},
		{"two hosts", with("Host: b\r\n")},
		{"two equal hosts", with("Host: a\r\n")},
		{"two hosts in other cases", with("hOST: b\r\n")},
		{"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
		{"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n" + next},
		{"a host with userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n" + next},
		{"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" + next},
		{"a host with a query", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n" + next},
		{"a host with a scheme", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n" + next},
		{"a host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n" + next},
		{"a host with a port of letters", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n" + next},
		{"a host with a port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n" + next},
		{"a host with two ports", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n" + next},
		{"a host that is a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" + next},
		{"a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + next},
		{"a host with a backslash", "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n" + next},
		{"a host beyond ASCII", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n" + next},
		{"a host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n" + next},
		{"a host with something after the bracket", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n" + next},
		{"a host with a zone", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n" + next},
		{"a host in brackets that is no address", "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n" + next},

		{"two spaces before the target", line("GET  / HTTP/1.1")},
		{"two spaces after the target", line("GET /  HTTP/1.1")},
		{"a space in the target", line("GET /a b HTTP/1.1")},
		{"a space before the method", line(" GET / HTTP/1.1")},
		{"a space after the version", line("GET / HTTP/1.1 ")},
		{"a tab between method and target", line("GET\t/ HTTP/1.1")},
		{"a tab in the target", line("GET /\t HTTP/1.1")},
		{"no version", line("GET /")},
		{"no target", line("GET HTTP/1.1")},
		{"an empty target", line("GET  HTTP/1.1")},
		{"a method alone", line("GET")},
		{"no method", line(" / HTTP/1.1")},
		{"a method that is no token", line("G(T / HTTP/1.1")},
		{"a method beyond ASCII", line("G\xc3\x89T / HTTP/1.1")},
		{"a control in the target", line("GET /\x01 HTTP/1.1")},
		{"a NUL in the target", line("GET /\x00 HTTP/1.1")},
		{"a DEL in the target", line("GET /\x7f HTTP/1.1")},
		{"a target beyond ASCII", line("GET /\xc3\xa9 HTTP/1.1")},
		{"a fragment in the target", line("GET /#a HTTP/1.1")},
		{"a percent sign without digits", line("GET /%zz HTTP/1.1")},
		{"a percent sign at the end", line("GET /% HTTP/1.1")},
		{"a target that is relative", line("GET a HTTP/1.1")},
		{"an asterisk for GET", line("GET * HTTP/1.1")},
		{"an absolute target of another scheme", line("GET ftp://a/ HTTP/1.1")},
		{"an absolute target without a host", line("GET http:///x HTTP/1.1")},
		{"an absolute target with userinfo", line("GET http://u@a/ HTTP/1.1")},
		{"a target for CONNECT without a port", line("CONNECT a HTTP/1.1")},
		{"a version that is none", line("GET / HTTX/1.1")},
		{"a version in lower case", line("GET / http/1.1")},
		{"two empty lines first", "\r\n\r\n" + get},
		{"an empty line of LF first", "\n" + get},
		{"a CR alone first", "\r" + get},
		{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
		{"a PROXY header of version 1 from anybody", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get},
		{"a PROXY header of version 2 from anybody", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + strings.Repeat("\x01", 12) + get},

		{"an empty chunk size", chunked + "\r\nhello\r\n" + last + next},
		{"a chunk size with a sign", chunked + "+5\r\nhello\r\n" + last + next},
		{"a chunk size with 0x", chunked + "0x5\r\nhello\r\n" + last + next},
		{"a chunk size with an underscore", chunked + "0_5\r\nhello\r\n" + last + next},
		{"a chunk size with space before it", chunked + " 5\r\nhello\r\n" + last + next},
		{"a chunk size with space after it", chunked + "5 \r\nhello\r\n" + last + next},
		{"a chunk size with a tab after it", chunked + "5\t\r\nhello\r\n" + last + next},
		{"a chunk size of letters", chunked + "xyz\r\nhello\r\n" + last + next},
		{"a chunk size of seventeen digits", chunked + "00000000000000005\r\nhello\r\n" + last + next},
		{"a chunk size beyond 62 bits", chunked + "FFFFFFFFFFFFFFFF\r\nhello\r\n" + last + next},
		{"a chunk size that ends with LF", chunked + "5\nhello\r\n" + last + next},
		{"a chunk size that ends with CR", chunked + "5\rhello\r\n" + last + next},
		{"a chunk that ends with LF", chunked + "5\r\nhello\n" + last + next},
		{"a chunk that ends with CR", chunked + "5\r\nhello\r" + last + next},
		{"a chunk that ends with nothing", chunked + "5\r\nhello" + last + next},
		{"a chunk that is longer than it says", chunked + "4\r\nhello\r\n" + last + next},
		{"a chunk that is shorter than it says", chunked + "6\r\nhello\r\n" + last + next},
		{"a last chunk that ends with LF", chunked + hello + "0\n\r\n" + next},
		{"a body in chunks that ends with LF", chunked + hello + "0\r\n\n" + next},
		{"an extension that ends with LF", chunked + "5;a\nhello\r\n" + last + next},
		{"an extension with a CR", chunked + "5;a\rb\r\nhello\r\n" + last + next},
		{"an extension with a NUL", chunked + "5;\x00\r\nhello\r\n" + last + next},
		{"an extension without a size", chunked + ";a\r\nhello\r\n" + last + next},
		{"an extension of 257 bytes", chunked + "5;" + long(257) + "\r\nhello\r\n" + last + next},
		{"extensions of many chunks that are too much together", chunked + strings.Repeat("1;"+long(250)+"\r\nx\r\n", 20) + last + next},
		{"a trailer with a length", chunked + hello + "0\r\nContent-Length: 5\r\n\r\n" + next},
		{"a trailer with a coding", chunked + hello + "0\r\nTransfer-Encoding: chunked\r\n\r\n" + next},
		{"a trailer with a host", chunked + hello + "0\r\nHost: b\r\n\r\n" + next},
		{"a trailer with credentials", chunked + hello + "0\r\nauthorization: Basic eA==\r\n\r\n" + next},
		{"a trailer with an address", chunked + hello + "0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n" + next},
		{"a trailer with an address in an underscore", chunked + hello + "0\r\nX_Forwarded_For: 192.0.2.1\r\n\r\n" + next},
		{"a trailer that is continued", chunked + hello + "0\r\nX: a\r\n b\r\n\r\n" + next},
		{"a trailer with a bare LF", chunked + hello + "0\r\nX: a\n\r\n" + next},
		{"a trailer without a colon", chunked + hello + "0\r\nX\r\n\r\n" + next},
		{"a trailer with space before the colon", chunked + hello + "0\r\nX : a\r\n\r\n" + next},
		{"a trailer with a NUL", chunked + hello + "0\r\nX: \x00\r\n\r\n" + next},
		{"trailers of more than 4 KiB", chunked + hello + "0\r\nX: " + long(4096) + "\r\n\r\n" + next},
		{"more than a hundred trailers", chunked + hello + "0\r\n" + many(101) + "\r\n" + next},
		{"a forbidden trailer that is announced", post + "Trailer: X, Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + last + next},
	}...)...)
	cases = append(cases, refused("414", [2]string{"a line of more than 8 KiB", line("GET /" + long(8192) + " HTTP/1.1")},
		[2]string{"a line that does not end", "GET /" + long(9000)})...)
	cases = append(cases, refused("431", [2]string{"a head of more than 32 KiB", with("X: " + long(32<<10) + "\r\n")},
		[2]string{"a head that does not end", "GET / HTTP/1.1\r\nX: " + long(40000)},
		[2]string{"more than a hundred fields", with(many(100))})...)
	cases = append(cases, refused("501", [2]string{"a coding that is not known before chunked", sized("Transfer-Encoding: gzip, chunked\r\n")})...)
	cases = append(cases, refused("505", [2]string{"HTTP/1.2", line("GET / HTTP/1.2")}, [2]string{"HTTP/2.0", line("GET / HTTP/2.0")},
		[2]string{"HTTP/0.9 with its version", line("GET / HTTP/0.9")}, [2]string{"a version with a zero in front", line("GET / HTTP/01.1")},
		[2]string{"a version of two digits", line("GET / HTTP/1.10")}, [2]string{"a version of one number", line("GET / HTTP/1")},
		[2]string{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"})...)
	return cases
}

func repeat(s string, n int) (out []string) {
	for range n {
		out = append(out, s)
	}
	return out
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
	require.Greater(t, len(cases), 120)
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
