package wire

// fieldCases are about fields and their names: RFC 9112 section 5, RFC 9110
// section 5.
func fieldCases() []Case {
	const group = "fields"
	cases := answered(group, [][]string{
		{"a value may have tabs and letters beyond ASCII", with("X: a\tb \xc3\xa9\r\n"), "GET /"},
		{"a value may be empty", with("X:\r\n"), "GET /"},
		{"a name may have every character of a token but the underscore", with("!#$%&'*+-.^`|~09azAZ: x\r\n"), "GET /"},
		{"a field may come twice", with("X-A: 1\r\nX-A: 2\r\n"), "GET /"},
	}...)
	cases[0].Sees, cases[3].Sees = []string{"X: a\tb \xc3\xa9"}, []string{"X-A: 1, 2"}
	cases[2].Own = true
	cases = append(cases, refused(group, "400", [][2]string{
		{"a field that is continued with a space", with("X: a\r\n b\r\n")},
		{"a field that is continued with a tab", with("X: a\r\n\tb\r\n")},
		{"a coding that is continued", with("Transfer-Encoding:\r\n chunked\r\n")},
		{"a first field that begins with a space", "GET / HTTP/1.1\r\n X: a\r\n" + host + "\r\n"},
		{"a bare LF after the request line", "GET / HTTP/1.1\n" + host + "\r\n"},
		{"a bare LF after a field", with("X: a\n")},
		{"a bare LF at the end of the head", "GET / HTTP/1.1\r\n" + host + "\n"},
		{"a bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n"},
		{"a bare CR in a value", with("X: a\rTransfer-Encoding: chunked\r\n")},
		{"a bare CR in a name", with("X\rY: a\r\n")},
		{"a bare CR in the request line", "GET /\r HTTP/1.1\r\n" + host + "\r\n"},
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
	}...)...)
	for i := range cases { // RFC 9110 section 5.5 lets a recipient keep other controls
		if cases[i].Name == "a control in a value" || cases[i].Name == "a DEL in a value" {
			cases[i].Own = true
		}
	}
	return append(cases, each(declined(group, "400", [][2]string{
		{"a name with an underscore", with("X_A: 1\r\n")},
		{"a name that is an underscore", with("_: 1\r\n")},
		{"a name with an underscore beside the same with a hyphen", with("X-A: 1\r\nX_A: 2\r\n")},
	}...), func(c *Case) { c.Own = true })...)
}
