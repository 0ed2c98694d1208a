package wire

import "strings"

// framingCases are about where a request ends: RFC 9112 section 6.
func framingCases() []Case {
	const group = "framing"
	cases := answered(group, [][]string{
		{"a request is answered", get, "GET /"},
		{"two requests on a connection are answered", get + "GET /b HTTP/1.1\r\n" + host + "\r\n", "GET /", "GET /b"},
		append([]string{"ten requests sent ahead are answered", strings.Repeat(get, 10)}, strings.Split(strings.Repeat("GET /,", 9)+"GET /", ",")...),
		{"a body with a length ends where it says", sized("Content-Length: 5\r\n"), "POST / hello"},
		{"a length may have leading zeros", sized("Content-Length: 005\r\n"), "POST / hello"},
		{"a length may have space around it", sized("Content-Length: \t5 \t\r\n"), "POST / hello"},
		{"the name of a length may have any case", sized("cOnTeNt-LeNgTh: 5\r\n"), "POST / hello"},
		{"a length of zero is no body", post + "Content-Length: 0\r\n\r\n", "POST /"},
		{"a GET may have a body", "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", "GET / hello"},
		{"a body in chunks ends where it says", chunked + hello + last, "POST / hello"},
		{"a body in many chunks is one body", chunked + "1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n" + last, "POST / hello"},
		{"the coding may have any case", post + "TRANSFER-encoding: CHUNKED\r\n\r\n" + hello + last, "POST / hello"},
		{"the coding may have space around it", post + "Transfer-Encoding: \t chunked \r\n\r\n" + hello + last, "POST / hello"},
		{"an empty body in chunks is one", chunked + last, "POST /"},
		{"chunk data may look like a request", chunked + "19\r\nGET /c HTTP/1.1\r\nA: b\r\n\r\n\r\n" + last, "POST / GET /c HTTP/1.1\r\nA: b"},
		{"a body may look like a request", post + "Content-Length: 23\r\n\r\nGET /c HTTP/1.1\r\nA: b\r\n", "POST / GET /c HTTP/1.1\r\nA: b"},
		{"a long body is read", post + "Content-Length: 100000\r\n\r\n" + long(100000), "POST / " + long(100000)},
		{"a long chunk is read", chunked + "186A0\r\n" + long(100000) + "\r\n" + last, "POST / " + long(100000)},
		{"HTTP/1.0 with a host may stay connected", "GET / HTTP/1.0\r\n" + host + "Connection: keep-alive\r\n\r\n", "GET /"},
		{"an empty line may come first", "\r\n" + get, "GET /"},
		{"an empty line may come between requests", get + "\r\n" + get, "GET /", "GET /"},
		{"an empty line may come after a body", post + "Content-Length: 5\r\n\r\nhello\r\n", "POST / hello"},
	}...)
	each(cases[len(cases)-3:], func(c *Case) { c.Want[0], c.MayPass = c.Want[0]+"~400", c.Seen[:1] })
	cases = append(cases, each(answered(group, [][]string{
		{"HTTP/1.0 is answered", "GET / HTTP/1.0\r\n\r\n", "GET /"},
		{"HTTP/1.0 with a host is answered", "GET / HTTP/1.0\r\n" + host + "\r\n", "GET /"},
		{"HTTP/1.0 with a length is answered", "POST / HTTP/1.0\r\n" + host + "Content-Length: 5\r\n\r\nhello", "POST / hello"},
		{"nothing is read after close", "GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", "GET /"},
		{"nothing is read after close in a list in another case", "GET / HTTP/1.1\r\n" + host + "Connection: x-a, CLOSE\r\n\r\n", "GET /"},
	}...), func(c *Case) { c.Keeps = false })...)
	cases = append(cases,
		Case{Group: group, Name: "a request is answered before what is wrong after it", MayPass: []string{"GET /", "GET /"}, Send: []string{get + "GET  / HTTP/1.1\r\n\r\n"}, Want: []string{"200", "400"}, Seen: []string{"GET /"}},
		Case{Group: group, Name: "junk after a body is no request", Send: []string{post + "Content-Length: 5\r\n\r\nhello\x01"}, Want: []string{"200", "400"}, Seen: []string{"POST / hello"}},
		Case{Group: group, Name: "junk after chunks is no request", Send: []string{chunked + hello + last + "\x00"}, Want: []string{"200", "400"}, Seen: []string{"POST / hello"}},
		Case{Group: group, Name: "what follows a head without a length is the next request", Send: []string{post + "\r\nhello"}, Want: []string{"200", "200~400|405"}, Seen: []string{"POST /", "helloGET /end"}, Own: true},
	)
	for _, c := range [][2]string{
		{"nothing is not answered", ""},
		{"a head that ends early is no request", "GET / HTTP/1.1\r\nHost:"},
		{"a request line that ends early is no request", "GET"},
	} {
		cases = append(cases, Case{Group: group, Name: c[0], Send: []string{c[1]}, Half: true, Want: nil})
	}
	for _, c := range [][2]string{
		{"a body that ends early is no whole request", post + "Content-Length: 50\r\n\r\nhello"},
		{"chunks that end early are no whole request", chunked + hello},
		{"a chunk that ends early is no whole request", chunked + "50\r\nhello"},
	} {
		cases = append(cases, Case{Group: group, Name: c[0], Send: []string{c[1]}, Half: true, Want: []string{"400"}, Partial: true})
	}
	cases = append(cases, refused(group, "400", [][2]string{
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
		{"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + last},
		{"a coding in HTTP/1.0 that stays connected", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + last},
	}...)...)
	return append(cases, refused(group, "501", [2]string{"a coding that is not known before chunked", sized("Transfer-Encoding: gzip, chunked\r\n")})...)
}
