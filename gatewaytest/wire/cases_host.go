package wire

import "strings"

// hostCases are about whom a request is for: RFC 9110 section 7.2, RFC 9112
// section 3.2.
func hostCases() []Case {
	const group = "hosts"
	cases := answered(group, [][]string{
		{"a host may have a port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", "GET /"},
		{"a host may be an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET /"},
		{"a host may be an IPv6 address without a port", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "GET /"},
		{"a host in an absolute target wins", "GET http://b/x?y HTTP/1.1\r\n" + host + "\r\n", "GET /x?y"},
		{"a port in an absolute target wins", "GET http://b:8080/x HTTP/1.1\r\n" + host + "\r\n", "GET /x"},
		{"an absolute target without a path is the root", "GET http://b HTTP/1.1\r\n" + host + "\r\n", "GET /"},
		{"an absolute target without a path may have a query", "GET http://b?y HTTP/1.1\r\n" + host + "\r\n", "GET /?y"},
	}...)
	for i, sees := range []string{"a.example:8080", "[::1]:8080", "[2001:db8::1]", "b", "b:8080", "b", "b"} {
		cases[i].Sees = []string{"Host: " + sees}
		cases[i].Own = strings.Contains(sees, "80") // others may be told to leave out the port
		if i > 2 {
			cases[i].Want = []string{"200~400"} // the two differ
		}
	}
	cases = append(cases, each(answered(group, [][]string{
		{"a host is made lower case", "GET / HTTP/1.1\r\nHost: A.EXAMPLE\r\n\r\n", "GET /"},
		{"a host loses its trailing dot", "GET / HTTP/1.1\r\nHost: a.example.\r\n\r\n", "GET /"},
		{"an address has one form", "GET / HTTP/1.1\r\nHost: [2001:DB8:0:0:0:0:0:1]\r\n\r\n", "GET /"},
		{"a host in an absolute target is made lower case", "GET http://B.example./ HTTP/1.1\r\n" + host + "\r\n", "GET /"},
		{"a scheme may have any case", "GET HTTP://b/ HTTP/1.1\r\n" + host + "\r\n", "GET /"},
	}...), func(c *Case) { c.Own = true })...)
	for i, sees := range []string{"a.example", "a.example", "[2001:db8::1]", "b.example", "b"} {
		cases[i+7].Sees = []string{"Host: " + sees}
	}
	cases = append(cases, refused(group, "400", [][2]string{
		{"no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n"},
		{"no fields", "GET / HTTP/1.1\r\n\r\n"},
		{"two hosts", with("Host: b\r\n")},
		{"two equal hosts", with("Host: a\r\n")},
		{"two hosts in other cases", with("hOST: b\r\n")},
		{"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
		{"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
		{"a host with userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
		{"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
		{"a host with a query", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"},
		{"a host with a scheme", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"},
		{"a host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"},
		{"a host with a port of letters", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n"},
		{"a host with a port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
		{"a host with two ports", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"},
		{"a host that is a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
		{"a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
		{"a host with a backslash", "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"},
		{"a host beyond ASCII", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n"},
		{"a host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
		{"a host with something after the bracket", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
		{"a host with a zone", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"},
		{"a host in brackets that is no address", "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n"},
	}...)...)
	cases = append(cases, each(refused(group, "400", [][2]string{
		{"a host with the port 0", "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"},
		{"a host with a port of leading zeros", "GET / HTTP/1.1\r\nHost: a:080\r\n\r\n"},
	}...), func(c *Case) { c.Own = true })...)
	return append(cases, each(declined(group, "400", [][2]string{
		{"a host with two dots", "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"},
		{"a host with a dot in front", "GET / HTTP/1.1\r\nHost: .a\r\n\r\n"},
		{"a host that is a dot", "GET / HTTP/1.1\r\nHost: .\r\n\r\n"},
	}...), func(c *Case) { c.Own = true })...)
}
