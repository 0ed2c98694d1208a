package wire

import "strings"

// http2Cases are about requests of HTTP/2 that would be others in HTTP/1.1:
// RFC 9113 section 8.
func http2Cases() []Case {
	const group = "HTTP/2"
	base := func(more ...Field) Fields {
		return append(Fields{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}, more...)
	}
	posting := func(more ...Field) Fields {
		return append(Fields{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}, more...)
	}
	// but returns base with a pseudo-field replaced, or left out where value is "-".
	but := func(name, value string, more ...Field) (fs Fields) {
		for _, f := range base(more...) {
			switch {
			case f.Name != name:
				fs = append(fs, f)
			case value != "-":
				fs = append(fs, Field{name, value})
			}
		}
		return fs
	}
	var cases []Case
	good := func(name string, s Stream, seen string, sees ...string) *Case {
		cases = append(cases, Case{Group: group, Name: name, Stream: &s, Want: []string{"200"}, Keeps: true, Seen: []string{seen}, Sees: sees})
		return &cases[len(cases)-1]
	}
	const malformed = "reset|400|403|404|405|414|417|431|500|501|502|505"
	bad := func(name, want string, s Stream) *Case {
		cases = append(cases, Case{Group: group, Name: name, Stream: &s, Want: []string{want + "~" + malformed}, Keeps: true})
		return &cases[len(cases)-1]
	}
	good("a request is answered", Stream{Head: base()}, "GET /", "Host: a")
	good("a body of a length arrives", Stream{Head: posting(Field{"content-length", "5"}), Data: []string{"hello"}}, "POST / hello", "Content-Length: 5")
	good("a body without a length arrives", Stream{Head: posting(), Data: []string{"hel", "", "lo"}}, "POST / hello")
	good("crumbs of cookies are one field", Stream{Head: base(Field{"cookie", "a=b"}, Field{"cookie", "c=d"})}, "GET /", "Cookie: a=b; c=d")
	good("a host is made lower case", Stream{Head: but(":authority", "A")}, "GET /", "Host: a").Own = true
	good("a host may come without an authority", Stream{Head: but(":authority", "-", Field{"host", "b"})}, "GET /", "Host: b")
	good("the same host may come twice", Stream{Head: base(Field{"host", "a"})}, "GET /", "Host: a").Want = []string{"200~400"}
	good("trailers that are announced go on", Stream{Head: posting(Field{"trailer", "x-sum"}), Data: []string{"hello"}, Trailers: Fields{{"x-sum", "1"}}}, "POST / hello", "+X-Sum: 1").Own = true
	good("te goes on as far as trailers", Stream{Head: base(Field{"te", "trailers"})}, "GET /", "TE: trailers").Own = true
	good("a path has one form", Stream{Head: but(":path", "/a/%2e%2e/b")}, "GET /b").MayPass = []string{"GET /a/%2e%2e/b"}

	for _, control := range [][2]string{{"CR LF", "\r\n"}, {"CR", "\r"}, {"LF", "\n"}, {"NUL", "\x00"}} {
		split := "a" + control[1] + "X-Smuggled: b"
		bad(control[0]+" in a value", "reset", Stream{Head: base(Field{"x-a", split})})
		bad(control[0]+" in a name", "reset", Stream{Head: base(Field{"x-a" + control[1] + "b", "c"})})
		bad(control[0]+" in the path", "reset", Stream{Head: but(":path", "/"+split)})
		bad(control[0]+" in the authority", "reset", Stream{Head: but(":authority", split)})
		bad(control[0]+" in the method", "reset", Stream{Head: but(":method", "GET"+control[1]+"X")})
		bad(control[0]+" in the scheme", "reset", Stream{Head: but(":scheme", "http"+control[1])})
	}
	bad("a request within the path", "reset", Stream{Head: but(":path", "/ HTTP/1.1\r\nHost: b\r\n\r\nGET /smuggled")})
	bad("a request within the method", "reset", Stream{Head: but(":method", "GET / HTTP/1.1\r\nHost: b\r\n\r\nGET")})
	bad("a space in the method", "405", Stream{Head: but(":method", "GET /b")})
	bad("a space in the path", "400", Stream{Head: but(":path", "/a b")})
	bad("a fragment in the path", "400", Stream{Head: but(":path", "/a#b")})
	bad("a path without a slash", "reset", Stream{Head: but(":path", "a")})
	bad("an empty path", "reset", Stream{Head: but(":path", "")})
	bad("an asterisk as the path", "400", Stream{Head: but(":path", "*")})
	bad("a path in absolute form", "400", Stream{Head: but(":path", "http://b/")})
	bad("a path with an encoded NUL", "400", Stream{Head: but(":path", "/a%00")}).Own = true
	bad("a path of two slashes", "400", Stream{Head: but(":path", "//b/c")}).Own = true
	bad("userinfo in the authority", "reset", Stream{Head: but(":authority", "u:p@a")})
	bad("a path in the authority", "400", Stream{Head: but(":authority", "a/b")})
	bad("a query in the authority", "400", Stream{Head: but(":authority", "a?b")})
	bad("a space in the authority", "400", Stream{Head: but(":authority", "a b")})
	bad("another host beside the authority", "400", Stream{Head: base(Field{"host", "b"})}).MayPass = []string{"GET /"}
	bad("two other hosts beside the authority", "400", Stream{Head: base(Field{"host", "b"}, Field{"host", "c"})}).MayPass = []string{"GET /"}
	bad("two hosts without an authority", "400", Stream{Head: but(":authority", "-", Field{"host", "a"}, Field{"host", "b"})})
	bad("no host at all", "400", Stream{Head: but(":authority", "-")}).MayPass = []string{"GET /"}
	bad("no method", "reset", Stream{Head: but(":method", "-")})
	bad("no path", "reset", Stream{Head: but(":path", "-")})
	bad("no scheme", "reset", Stream{Head: but(":scheme", "-")})
	bad("another scheme", "reset", Stream{Head: but(":scheme", "gopher")}).Own = true
	bad("two paths", "reset", Stream{Head: append(Fields{{":path", "/b"}}, base()...)})
	bad("two methods", "reset", Stream{Head: append(Fields{{":method", "POST"}}, base()...)})
	bad("a pseudo-field behind a field", "reset", Stream{Head: append(Fields{{"x-a", "b"}}, base()...)})
	bad("an unknown pseudo-field", "reset", Stream{Head: append(Fields{{":x", "b"}}, base()...)})
	bad("the status as a pseudo-field", "reset", Stream{Head: append(Fields{{":status", "200"}}, base()...)})
	bad("a name in upper case", "reset", Stream{Head: base(Field{"X-A", "b"})})
	bad("an empty name", "reset", Stream{Head: base(Field{"", "b"})})
	bad("a name with a colon", "reset", Stream{Head: base(Field{"x:a", "b"})})
	bad("a name with a space", "reset", Stream{Head: base(Field{"x a", "b"})})
	bad("a name with an underscore", "400", Stream{Head: base(Field{"x_a", "b"})}).Own = true
	bad("a transfer coding", "400", Stream{Head: posting(Field{"transfer-encoding", "chunked"}), Data: []string{"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"}})
	bad("a Connection", "400", Stream{Head: base(Field{"connection", "x-a"}, Field{"x-a", "b"})})
	bad("a Proxy-Connection", "400", Stream{Head: base(Field{"proxy-connection", "keep-alive"})})
	bad("a Keep-Alive", "400", Stream{Head: base(Field{"keep-alive", "timeout=5"})})
	bad("an Upgrade", "400", Stream{Head: base(Field{"upgrade", "h2c"})})
	bad("a te of something else", "400", Stream{Head: base(Field{"te", "gzip"})})
	bad("CONNECT", "405", Stream{Head: Fields{{":method", "CONNECT"}, {":authority", "a:443"}}, Open: true})
	bad("TRACE", "405", Stream{Head: but(":method", "TRACE")})
	each(cases[len(cases)-2:], func(c *Case) { c.Want[0] = "405~reset|400|501" })
	cases[len(cases)-1].Own = true
	bad("two lengths", "400|reset", Stream{Head: posting(Field{"content-length", "5"}, Field{"content-length", "6"}), Data: []string{"hello"}})
	bad("a length with a plus", "400|reset", Stream{Head: posting(Field{"content-length", "+5"}), Data: []string{"hello"}})
	bad("a length of letters", "400|reset", Stream{Head: posting(Field{"content-length", "five"}), Data: []string{"hello"}})
	unended := len(cases)
	bad("less data than the length", "400|reset", Stream{Head: posting(Field{"content-length", "9"}), Data: []string{"hello"}})
	bad("more data than the length", "400|reset", Stream{Head: posting(Field{"content-length", "4"}), Data: []string{"hello"}})
	bad("data behind a length of zero", "400|reset", Stream{Head: posting(Field{"content-length", "0"}), Data: []string{"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"}})
	bad("no data for a length", "400|reset", Stream{Head: posting(Field{"content-length", "5"})})
	bad("a trailer that is a pseudo-field", "reset", Stream{Head: posting(), Data: []string{"hello"}, Trailers: Fields{{":path", "/b"}}})
	bad("a trailer with CR LF", "reset", Stream{Head: posting(), Data: []string{"hello"}, Trailers: Fields{{"x-a", "a\r\nb"}}})
	each(cases[unended:], partial)
	c := bad("a head beyond its bound", "reset", Stream{Head: base(Field{"x-a", strings.Repeat("a", 40<<10)})})
	c.Own, c.Keeps = true, false
	many := base()
	for i := range 101 {
		many = append(many, Field{"x-" + strings.Repeat("a", i+1), "b"})
	}
	bad("more than a hundred fields", "431", Stream{Head: many}).Own = true
	for _, name := range []string{"X-Original-URL", "X-Consumer", "X-Forwarded-Prefix", "X-HTTP-Method-Override"} {
		good(name+" goes no further", Stream{Head: base(Field{strings.ToLower(name), "forged"})}, "GET /", "!"+name).Own = true
	}
	return cases
}
