package wire

import "strings"

// lineCases are about the request line: RFC 9112 section 3.
func lineCases() []Case {
	const group = "request line"
	cases := answered(group, [][]string{
		{"the query may hold anything visible", "GET /?%zz&a=b;c HTTP/1.1\r\n" + host + "\r\n", "GET /?%zz&a=b;c"},
		{"the query may be empty", "GET /? HTTP/1.1\r\n" + host + "\r\n", "GET /?"},
		{"the query may hold a question mark and a slash", "GET /?a=/../?b HTTP/1.1\r\n" + host + "\r\n", "GET /?a=/../?b"},
	}...)
	cases[0].MayPass = []string{"GET /"} // what cannot be read may be left out
	cases = append(cases, refused(group, "400", [][2]string{
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
	}...)...)
	cases = append(cases, refused(group, "505", [][2]string{
		{"HTTP/1.2", line("GET / HTTP/1.2")}, {"HTTP/2.0", line("GET / HTTP/2.0")},
		{"HTTP/0.9 with its version", line("GET / HTTP/0.9")}, {"a version with a zero in front", line("GET / HTTP/01.1")},
		{"a version of two digits", line("GET / HTTP/1.10")}, {"a version of one number", line("GET / HTTP/1")},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	}...)...)
	cases[len(cases)-1].Own = true // others may speak it
	return cases
}
