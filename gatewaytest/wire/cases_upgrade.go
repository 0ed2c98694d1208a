package wire

import "strings"

const (
	ask = "GET /socket HTTP/1.1\r\n" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)

// upgradeCases are about switching protocols: RFC 9110 section 7.8. Only
// websocket is allowed.
func upgradeCases() []Case {
	const group = "upgrades"
	asks := func(fields string) string { return "GET / HTTP/1.1\r\n" + host + fields + "\r\n" }
	var cases []Case
	for _, c := range [][2]string{
		{"h2c is not asked for", asks("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n")},
		{"h2c in another case is not asked for", asks("Connection: upgrade\r\nUpgrade: H2C\r\n")},
		{"h2c beside websocket is not asked for", asks("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n")},
		{"h2c in a second line is not asked for", asks("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n")},
		{"h2 is not asked for", asks("Connection: Upgrade\r\nUpgrade: h2\r\n")},
		{"a protocol that no route names is not asked for", asks("Connection: Upgrade\r\nUpgrade: chat\r\n")},
		{"TLS within HTTP is not asked for", asks("Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n")},
		{"websocket without Connection is not asked for", asks("Upgrade: websocket\r\n")},
		{"websocket by HTTP/1.0 is not asked for", "GET / HTTP/1.0\r\n" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
	} {
		one := answered(group, []string{c[0], c[1], "GET /"})[0]
		one.Sees = []string{"!Upgrade", "!HTTP2-Settings"}
		cases = append(cases, one)
	}
	cases[len(cases)-1].Keeps = false
	post := answered(group, []string{"websocket by a POST is not asked for", sized("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"), "POST / hello"})[0]
	post.Sees = []string{"!Upgrade"}
	body := answered(group, []string{"websocket with a body is not asked for", "GET / HTTP/1.1\r\n" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello", "GET / hello"})[0]
	body.Sees = []string{"!Upgrade"}
	each(cases[2:], func(c *Case) { c.Own = true })
	post.Own, body.Own = true, true
	cases = append(cases, post, body)

	refusal := Case{Group: group, Name: "a refused upgrade stays HTTP", Send: []string{ask}, Want: []string{"403"}, Keeps: true, Seen: []string{"GET /socket"},
		Sees: []string{"Upgrade: websocket"}, Body: "no",
		Answer: Answer{Raw: []string{"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"}}}
	ignored := Case{Group: group, Name: "an upgrade that the backend ignores stays HTTP", Send: []string{ask}, Want: []string{"200"}, Keeps: true, Seen: []string{"GET /socket"}, Body: "ok"}
	asked426 := Case{Group: group, Name: "an upgrade that the backend requires is the client's to make", Send: []string{get}, Want: []string{"426"}, Keeps: true, Seen: []string{"GET /"},
		Answer: Answer{Raw: []string{"HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n"}}}
	cases = append(cases, refusal, ignored, asked426)

	for _, c := range []struct{ name, send, answer string }{
		{"a switch that nobody asked for is none", get, switched + "\r\n"},
		{"a switch to h2c is none", asks("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"),
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"},
		{"a switch to another protocol is none", ask, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"},
		{"a switch to nothing is none", ask, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n"},
	} {
		target := strings.Split(c.send, " ")[1]
		cases = append(cases, Case{Group: group, Name: c.name, Send: []string{c.send}, Want: []string{"502"}, Keeps: true, Again: true,
			Seen: []string{"GET " + target}, Answer: Answer{Raw: []string{c.answer}, Close: true}})
	}
	return cases
}

// open asks for a socket and has the backend switch.
func open(s *Scene, fields string) (client, backend *Peer) {
	client = s.Client()
	client.Send(ask)
	backend = s.Backend()
	backend.Send(switched + fields + "\r\n")
	m := client.Answer(101)
	if got, _ := m.Head.Get("Upgrade"); got != "websocket" {
		fail("the client got Upgrade %q", got)
	}
	if got, _ := m.Head.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		fail("the client got Sec-WebSocket-Accept %q", got)
	}
	return client, backend
}

// socketCases are about what a WebSocket carries: RFC 6455.
func socketCases() []Case {
	const group = "sockets"
	script := func(name string, play func(client, backend *Peer)) Case {
		return Case{Group: group, Name: name, Script: func(s *Scene) {
			client, backend := open(s, "")
			play(client, backend)
		}}
	}
	text := func(s string) string { return "\x81" + string(rune(len(s))) + s }
	masked := func(s string) string { return "\x81" + string([]byte{0x80 | byte(len(s)), 0, 0, 0, 0}) + s }
	end := func(code string) string { return "\x88\x02" + code }
	endMasked := func(code string) string { return "\x88\x82\x00\x00\x00\x00" + code }
	big := "\x82\xff\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00" + strings.Repeat("0123456789abcdef", 1<<16)
	bigBack := "\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x00" + strings.Repeat("fedcba9876543210", 1<<16)
	cases := []Case{
		script("messages go both ways", func(client, backend *Peer) {
			client.Send(masked("one"))
			backend.Expect(masked("one"))
			backend.Send(text("two"))
			client.Expect(text("two"))
		}),
		script("a message of 1 MiB is the same to a bit", func(client, backend *Peer) {
			both(func() { client.Send(big) }, func() { backend.Expect(big) })
			both(func() { backend.Send(bigBack) }, func() { client.Expect(bigBack) })
		}),
		script("1 MiB goes both ways at once", func(client, backend *Peer) {
			both(func() { client.Send(big) }, func() { backend.Send(bigBack) }, func() { client.Expect(bigBack) }, func() { backend.Expect(big) })
		}),
		script("fragments and what comes between them are the same to a bit", func(client, backend *Peer) {
			fragments := "\x01\x83\x00\x00\x00\x00one" + "\x89\x84\x01\x02\x03\x04ping" + "\x00\x80\x00\x00\x00\x00" + "\x80\x83\x00\x00\x00\x00two"
			client.Send(strings.SplitAfter(fragments, "")...)
			backend.Expect(fragments)
			answers := "\x01\x03one" + "\x8a\x04ping" + "\x00\x00" + "\x80\x03two"
			backend.Send(answers[:2], answers[2:7], answers[7:])
			client.Expect(answers)
		}),
		script("what is no frame goes through all the same", func(client, backend *Peer) {
			client.Send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
			backend.Expect("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
		}),
		script("a client that ends its side is passed on", func(client, backend *Peer) {
			client.Send(masked("bye"))
			client.Close()
			backend.Expect(masked("bye"))
			backend.End()
		}),
		script("a backend that ends is passed on", func(client, backend *Peer) {
			backend.Send(text("bye"))
			backend.Close()
			client.Expect(text("bye"))
			client.End()
		}),
		{Group: group, Name: "what the client sends ahead is kept", Script: func(s *Scene) {
			client := s.Client()
			client.Send(ask + masked("ahead"))
			backend := s.Backend()
			backend.Send(switched + "\r\n")
			client.Answer(101)
			backend.Expect(masked("ahead"))
			client.Send(masked("behind"))
			backend.Expect(masked("behind"))
		}, Own: true},
		{Group: group, Name: "what the backend sends with its head is kept", Script: func(s *Scene) {
			client := s.Client()
			client.Send(ask)
			s.Backend().Send(switched + "\r\n" + text("at once"))
			client.Answer(101)
			client.Expect(text("at once"))
		}},
		{Group: group, Name: "fields of one connection go out of the switch", Script: func(s *Scene) {
			client := s.Client()
			client.Send(ask)
			s.Backend().Send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nX-Kept: 1\r\n\r\n")
			m := client.Answer(101)
			var missed misses
			check(&missed, "at the client", m, []string{"!X-Secret", "!Keep-Alive", "!Proxy-Connection", "X-Kept: 1"})
			if len(missed) > 0 {
				fail("%s", strings.Join(missed, "; "))
			}
		}},
		{Group: group, Name: "what the client asks for arrives whole", Script: func(s *Scene) {
			client := s.Client()
			client.Send(strings.Replace(ask, "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate\r\nOrigin: http://a\r\n\r\n", 1))
			request := s.Backend().Request
			var missed misses
			check(&missed, "at the backend", request, []string{"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
				"Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: permessage-deflate", "Origin: http://a"})
			if len(missed) > 0 {
				fail("%s", strings.Join(missed, "; "))
			}
		}},
	}
	for _, close := range [][2]string{{"1000", "\x03\xe8"}, {"1001", "\x03\xe9"}, {"1011", "\x03\xf3"}, {"3000", "\x0b\xb8"}, {"4999", "\x13\x87"}} {
		code := close[1]
		cases = append(cases, script("close code "+close[0]+" goes both ways", func(client, backend *Peer) {
			client.Send(endMasked(code))
			backend.Expect(endMasked(code))
			backend.Send(end(code))
			backend.Close()
			client.Expect(end(code))
			client.End()
		}))
	}
	halves := script("a client that ends its side still hears the rest", func(client, backend *Peer) {
		client.Send(endMasked("\x03\xe8"))
		client.CloseWrite()
		backend.Expect(endMasked("\x03\xe8"))
		backend.End()
		backend.Send(end("\x03\xe8"))
		client.Expect(end("\x03\xe8"))
	})
	halves.Own = true
	return append(cases, halves)
}

// both runs the functions at once; the first failure is the script's.
func both(fs ...func()) {
	ends := make(chan any, len(fs))
	for _, f := range fs {
		go func() {
			defer func() { ends <- recover() }()
			f()
		}()
	}
	var first any
	for range fs {
		if p := <-ends; p != nil && first == nil {
			first = p
		}
	}
	if first != nil {
		panic(first)
	}
}
