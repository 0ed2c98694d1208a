package wire

// trailerCases are about what comes behind a body in chunks: RFC 9110 section
// 6.5.
func trailerCases() []Case {
	const group = "trailers"
	announced := post + "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" + hello
	cases := answered(group, [][]string{
		{"trailers that are announced go on", announced + "0\r\nX-Sum: 1\r\n\r\n", "POST / hello"},
		{"trailers that are not announced go no further", announced + "0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", "POST / hello"},
		{"trailers that nobody announced go no further", chunked + hello + "0\r\nX-More: 2\r\n\r\n", "POST / hello"},
		{"a trailer that is announced and does not come is not made up", announced + last, "POST / hello"},
		{"a trailer is not a field of the head", post + "X-Sum: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + "0\r\nX-Sum: 1\r\n\r\n", "POST / hello"},
	}...)
	for i, sees := range []string{"+X-Sum: 1", "!X-More", "!X-More", "!X-Sum", "X-Sum: 0"} {
		cases[i].Sees = []string{sees}
	}
	each(cases[:3], func(c *Case) { c.Own = true }) // others may drop or forward them all
	return append(cases, each(refused(group, "400", [][2]string{
		{"a trailer with a length", chunked + hello + "0\r\nContent-Length: 5\r\n\r\n"},
		{"a trailer with a coding", chunked + hello + "0\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"a trailer with a host", chunked + hello + "0\r\nHost: b\r\n\r\n"},
		{"a trailer with credentials", chunked + hello + "0\r\nauthorization: Basic eA==\r\n\r\n"},
		{"a trailer with an address", chunked + hello + "0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"},
		{"a trailer with an address in an underscore", chunked + hello + "0\r\nX_Forwarded_For: 192.0.2.1\r\n\r\n"},
		{"a trailer that is continued", chunked + hello + "0\r\nX: a\r\n b\r\n\r\n"},
		{"a trailer with a bare LF", chunked + hello + "0\r\nX: a\n\r\n"},
		{"a trailer without a colon", chunked + hello + "0\r\nX\r\n\r\n"},
		{"a trailer with space before the colon", chunked + hello + "0\r\nX : a\r\n\r\n"},
		{"a trailer with a NUL", chunked + hello + "0\r\nX: \x00\r\n\r\n"},
		{"trailers of more than 4 KiB", chunked + hello + "0\r\nX: " + long(4096) + "\r\n\r\n"},
		{"more than a hundred trailers", chunked + hello + "0\r\n" + many(101) + "\r\n"},
		{"a forbidden trailer that is announced", post + "Trailer: X, Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n" + hello + last},
		{"a trailer with a method override", chunked + hello + "0\r\nX-HTTP-Method-Override: DELETE\r\n\r\n"},
		{"a trailer with a cookie", chunked + hello + "0\r\nCookie: a=b\r\n\r\n"},
		{"a trailer with a type", chunked + hello + "0\r\nContent-Type: text/html\r\n\r\n"},
	}...), func(c *Case) {
		partial(c)
		if c.Name == "a forbidden trailer that is announced" {
			c.Partial = false
		}
	})...)
}
