package wire

import "strings"

// backendCases are about backends that do what they must not: what they broke
// never reaches a client as a whole answer, and never the next request.
func backendCases() []Case {
	const group = "backends"
	var cases []Case
	bad := func(name string, raw ...string) *Case {
		cases = append(cases, Case{Group: group, Name: name, Send: []string{get}, Want: []string{"502"}, Keeps: true, Again: true,
			Seen: []string{"GET /"}, Answer: Answer{Raw: raw, Close: true}})
		return &cases[len(cases)-1]
	}
	cut := func(name string, raw ...string) *Case {
		c := bad(name, raw...)
		c.Want, c.Cut, c.Keeps = []string{"200"}, true, false
		return c
	}
	const status = "HTTP/1.1 200 OK\r\n"
	bad("two lengths", status+"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok")
	bad("a list of lengths", status+"Content-Length: 2, 3\r\n\r\nok")
	bad("a length with a plus", status+"Content-Length: +2\r\n\r\nok")
	bad("a length with a minus", status+"Content-Length: -2\r\n\r\nok")
	bad("a length of letters", status+"Content-Length: two\r\n\r\nok")
	bad("a length beyond 64 bits", status+"Content-Length: 18446744073709551618\r\n\r\nok")
	bad("a coding that is none", status+"Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	bad("a coding before chunked", status+"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	bad("chunked twice", status+"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	bad("two codings", status+"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	// RFC 9112 section 6.3 lets the coding win, and what goes on is clean then.
	bad("a length and a coding", status+"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n").MayPass = []string{"GET /"}
	bad("nothing at all", "")
	bad("half a head", status+"X-A: ")
	bad("half a status line", "HTTP/1.1 20")
	bad("what is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n")
	bad("binary garbage", "\x16\x03\x01\x00\xff\x00\x01\r\n\r\n")
	bad("a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok")
	bad("a status of letters", "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok")
	bad("a status below 100", "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok")
	bad("an unknown version", "HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\nok").Own = true
	bad("a field without a colon", status+"X-A\r\nContent-Length: 2\r\n\r\nok").Own = true
	bad("a name with a space", status+"X A: b\r\nContent-Length: 2\r\n\r\nok").Own = true
	bad("a NUL in a field", status+"X-A: a\x00b\r\nContent-Length: 2\r\n\r\nok")
	bad("a control in a field", status+"X-A: a\x01b\r\nContent-Length: 2\r\n\r\nok")
	big := bad("a head beyond its bound", status)
	big.Own, big.Answer.Endless, big.Answer.Raw = true, "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", []string{status}
	bad("a line beyond its bound", status+"X-A: "+strings.Repeat("a", 1<<20)+"\r\n\r\n").Own = true
	bad("more interim answers than a few", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 50)+ok).Interim = []int{103, 103, 103, 103, 103}
	cases[len(cases)-1].Own = true
	bad("interim answers without end").Answer = Answer{Raw: []string{""}, Endless: "HTTP/1.1 102 Processing\r\n\r\n", Close: true}
	cases[len(cases)-1].Interim = []int{102, 102, 102, 102, 102}
	bad("an interim answer and no other", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").Interim = []int{103}

	cut("a body shorter than its length", status+"Content-Length: 10\r\n\r\nok").Body = "ok"
	cut("a body in chunks that ends in a chunk", status+"Transfer-Encoding: chunked\r\n\r\n5\r\nok")
	cut("a body in chunks without its last", status+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n").Body = "ok"
	cut("a body in chunks that ends in its last", status+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n")
	cut("a chunk size that is none", status+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n\r\n")
	cut("a chunk that is longer than it says", status+"Transfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n")
	cut("trailers without end", status).Answer = Answer{Raw: []string{status + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"}, Endless: "X-A: b\r\n", Close: true}
	cut("a trailer beyond its bound", status+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: "+strings.Repeat("a", 1<<20)+"\r\n\r\n").Own = true
	cut("a trailer without a colon", status+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A\r\n\r\n")

	good := func(name, raw string) *Case {
		c := bad(name, raw)
		c.Want, c.Keeps, c.Again, c.Answer.Close = []string{"200"}, true, false, false
		return c
	}
	good("a second answer is nobody's", ok+"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong").Body = "ok"
	good("a body behind a length of zero is nobody's", status+"Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
	good("a body longer than its length ends where it says", status+"Content-Length: 2\r\n\r\nokay").Body = "ok"
	good("a body in chunks is one", status+"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n").Body = "ok"
	c := good("a body that ends with its connection is one", status+"\r\nok")
	c.Answer.Close, c.Body = true, "ok"
	c = good("an answer of HTTP/1.0 is one", "HTTP/1.0 200 OK\r\n\r\nok")
	c.Answer.Close, c.Body = true, "ok"
	good("two equal lengths are one", status+"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok").Own = true
	c = good("a trailer that is announced arrives", status+"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
	c.Gets, c.Own = []string{"+X-Sum: 1"}, true
	c = good("a trailer that frames does not arrive", status+"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n")
	c.Gets = []string{"!Content-Length", "!Set-Cookie"}
	c.Own = true
	for _, s := range []string{"204 No Content", "304 Not Modified"} {
		c = good(s[:3]+" has no body", "HTTP/1.1 "+s+"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
		c.Want = []string{s[:3]}
	}
	c = good("the answer to HEAD has no body", status+"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nwrong")
	c.Send, c.Seen, c.Gets = []string{"HEAD / HTTP/1.1\r\n" + host + "\r\n"}, []string{"HEAD /"}, []string{"?Content-Length: 5"}
	c = good("a few interim answers arrive", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 3)+ok)
	c.Interim = []int{103, 103, 103}
	c.Own = true
	c = good("a redirect is the client's to follow", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
	c.Want, c.Gets = []string{"302"}, []string{"Location: http://169.254.169.254/"}
	return cases
}

// expectCases are about Expect: RFC 9110 section 10.1.1.
func expectCases() []Case {
	const group = "expect"
	begin := post + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
	return []Case{
		{Group: group, Name: "a client is asked for its body", Script: func(s *Scene) {
			client := s.Client()
			client.Send(begin)
			both(func() {
				client.Answer(100)
				client.Send("hello")
				client.Final(200)
				client.Expect("ok")
			}, func() { taking(s) })
		}},
		{Group: group, Name: "a client that does not wait is answered", Script: func(s *Scene) {
			client := s.Client()
			client.Send(begin + "hello")
			both(func() {
				client.Final(200)
				client.Expect("ok")
			}, func() { taking(s) })
		}},
		{Group: group, Name: "a refusal of the backend is told without a 100", Script: func(s *Scene) {
			client := s.Client()
			client.Send(begin)
			backend := s.Backend()
			if _, asked := backend.Request.Head.Get("Expect"); !asked {
				fail("the backend was not told what the client expects")
			}
			backend.Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
			client.Answer(401)
			client.Expect("no")
		}, Own: true},
		{Group: group, Name: "a refusal here is told without a 100", Send: []string{"POST /a%00 HTTP/1.1\r\n" + host + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"}, Want: []string{"400"}, Own: true},
		{Group: group, Name: "an expectation that nobody knows is refused", Send: []string{sized("Expect: 200-maybe\r\nContent-Length: 5\r\n")}, Want: []string{"417"}, Own: true},
	}
}

// taking asks for the body of the next request, and answers when it is there.
func taking(s *Scene) {
	backend := s.Backend()
	if _, asked := backend.Request.Head.Get("Expect"); asked {
		backend.Send("HTTP/1.1 100 Continue\r\n\r\n")
	}
	if got := backend.Body(); got != "hello" {
		fail("the backend got the body %q", got)
	}
	backend.Send(ok)
}

// earlyCases are about answers that come before the request was read.
func earlyCases() []Case {
	const group = "early answers"
	refusal := "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
	return []Case{
		{Group: group, Name: "an answer comes while the body is still sent", Script: func(s *Scene) {
			client := s.Client()
			client.Send(post + "Content-Length: 1000000\r\n\r\nhello")
			backend := s.Backend()
			backend.Send(refusal)
			client.Answer(413)
			client.Expect("no")
		}},
		{Group: group, Name: "an answer comes while chunks are still sent", Script: func(s *Scene) {
			client := s.Client()
			client.Send(chunked + hello)
			backend := s.Backend()
			backend.Send(refusal)
			client.Answer(413)
			client.Expect("no")
		}},
		{Group: group, Name: "the rest of a body is no request", Script: func(s *Scene) {
			client := s.Client()
			client.Send(post + "Content-Length: 1000000\r\n\r\nhello")
			s.Backend().Send(refusal)
			client.Answer(413)
			client.Expect("no")
			_, _ = client.conn.Write([]byte(get)) // closed, as it may be
			client.End()
		}},
		{Group: group, Name: "a body is echoed while it is sent", Script: func(s *Scene) {
			client := s.Client()
			client.Send(chunked)
			backend := s.Backend()
			backend.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			client.Answer(200)
			for range 3 {
				client.Send(hello)
				backend.Expect(hello)
				backend.Send(hello)
				client.Expect(hello)
			}
			client.Send(last)
			backend.Expect(last)
			backend.Send(last)
			client.Expect(last)
		}, Own: true},
	}
}

// streamCases are about bodies that come a little at a time: each piece goes on
// as it comes, both ways.
func streamCases() []Case {
	const group = "streams"
	down := func(name, fields string, piece func(i string) (wire, body string)) Case {
		return Case{Group: group, Name: name, Script: func(s *Scene) {
			client := s.Client()
			client.Send(get)
			backend := s.Backend()
			begin, m := "HTTP/1.1 200 OK\r\n"+fields+"\r\n", Message{}
			for n, i := range []string{"one", "two", "six"} {
				wire, body := piece(i)
				backend.Send(begin + wire)
				if begin = ""; n == 0 {
					m = client.Answer(200)
				}
				client.Data(m, body)
			}
			backend.Close()
		}}
	}
	plain := func(i string) (string, string) { return i + "\n", i + "\n" }
	event := func(i string) (string, string) { e := "data: " + i + "\n\n"; return chunk(e), e }
	lines := func(i string) (string, string) { l := `{"n":"` + i + "\"}\n"; return chunk(l), l }
	cases := []Case{
		down("events come one by one", "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n", event),
		down("lines of JSON come one by one", "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n", lines),
		down("a body of known length comes as it is sent", "Content-Type: text/plain\r\nContent-Length: 12\r\n", plain),
		down("a body that ends with its connection comes as it is sent", "Content-Type: text/plain\r\n", plain),
		{Group: group, Name: "chunks of an upload go on one by one", Script: func(s *Scene) {
			client := s.Client()
			client.Send(chunked + hello)
			backend := s.Backend()
			backend.Expect(hello)
			client.Send(hello)
			backend.Expect(hello)
			client.Send(last)
			backend.Expect(last)
			backend.Send(ok)
			client.Answer(200)
		}, Own: true},
		{Group: group, Name: "an upload of known length goes on as it comes", Script: func(s *Scene) {
			client := s.Client()
			client.Send(post + "Content-Length: 10\r\n\r\nhello")
			backend := s.Backend()
			backend.Expect("hello")
			client.Send("again")
			backend.Expect("again")
			backend.Send(ok)
			client.Answer(200)
		}, Own: true},
		{Group: group, Name: "a client that goes away is known to the backend", Script: func(s *Scene) {
			client := s.Client()
			client.Send(get)
			backend := s.Backend()
			backend.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
			client.Answer(200)
			client.Close()
			backend.End()
		}},
		{Group: group, Name: "a client that goes away before the answer is known to the backend", Script: func(s *Scene) {
			client := s.Client()
			client.Send(get)
			backend := s.Backend()
			client.Close()
			backend.End()
		}},
		{Group: group, Name: "a client that goes away in its body leaves no whole request", Script: func(s *Scene) {
			client := s.Client()
			client.Send(chunked + hello)
			backend := s.Backend()
			client.Close()
			for backend.in.fill() == nil {
			}
			if strings.Contains(backend.in.buf, "\r\n0\r\n") || strings.HasPrefix(backend.in.buf, "0\r\n") {
				fail("the body was ended: %q", backend.in.buf)
			}
		}},
	}
	cases[2].Own = true            // others may wait for more
	cases[len(cases)-1].Own = true // others may wait for the whole body
	return cases
}

func chunk(s string) string {
	const digits = "0123456789abcdef"
	size := string(digits[len(s)%16])
	if len(s) > 15 {
		size = string(digits[len(s)/16]) + size
	}
	return size + "\r\n" + s + "\r\n"
}
