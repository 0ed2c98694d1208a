package wire

// methodCases are about methods: RFC 9110 section 9.
func methodCases() []Case {
	const group = "methods"
	simple := func(method string) []string {
		return []string{method + " goes on", method + " / HTTP/1.1\r\n" + host + "\r\n", method + " /"}
	}
	cases := answered(group, simple("PUT"), simple("PATCH"), simple("DELETE"), simple("OPTIONS"))
	cases = append(cases, each(answered(group,
		[]string{"an unknown method is a route's matter", "BREW / HTTP/1.1\r\n" + host + "\r\n", "BREW /"},
		[]string{"a method has its case", "get / HTTP/1.1\r\n" + host + "\r\n", "get /"},
	), func(c *Case) { c.Own = true })...)
	cases = append(cases,
		Case{Group: group, Name: "HEAD is answered without a body", Send: []string{"HEAD / HTTP/1.1\r\n" + host + "\r\n"}, Want: []string{"200"}, Keeps: true,
			Seen: []string{"HEAD /"}, Gets: []string{"?Content-Length: 5"}, Answer: Answer{Raw: []string{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"}}},
		Case{Group: group, Name: "OPTIONS for the server is answered here", Send: []string{"OPTIONS * HTTP/1.1\r\n" + host + "\r\n"}, Want: []string{"204"}, Keeps: true, Own: true})
	cases = append(cases, declined(group, "405", [][2]string{
		{"CONNECT", "CONNECT a:443 HTTP/1.1\r\n" + host + "\r\n"},
		{"TRACE", "TRACE / HTTP/1.1\r\n" + host + "\r\n"},
		{"TRACE with what it would tell", "TRACE / HTTP/1.1\r\n" + host + "Cookie: a=b\r\nMax-Forwards: 0\r\n\r\n"},
	}...)...)
	each(cases[len(cases)-2:], func(c *Case) { c.Own = true })
	return cases
}

// identityCases are about fields by which a client could say what is not its to
// say: another target or method, another address, somebody's identity. None of
// them reaches a backend, in no spelling; with an underscore they are refused.
func identityCases() []Case {
	const group = "identity"
	var cases []Case
	for _, name := range []string{
		"X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
		"X-Consumer", "X-Consumer-Id", "X-Subscription", "X-Authenticated-Userid", "X-User", "X-Remote-User", "Remote-User",
		"X-Client-Cert", "X-SSL-Client-Verify", "X-Forwarded-User", "X-Forwarded-Client-Cert", "X-Credential-Identifier",
		"X-Real-IP", "True-Client-IP", "X-Client-IP", "X-Original-Forwarded-For", "X-Forwarded-Prefix", "X-Forwarded-Port",
		"X-Forwarded-Scheme", "X-Original-Host",
	} {
		c := answered(group, []string{name + " goes no further", with(name + ": forged\r\n"), "GET /"})[0]
		c.Sees = []string{"!" + name}
		c.Own = true // others have to be told
		cases = append(cases, c)
	}
	for _, c := range []struct{ name, field, sees string }{
		{"X-Forwarded-For is the client's", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 127.0.0.1"},
		{"X-Forwarded-For in two lines is the client's", "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2", "X-Forwarded-For: 127.0.0.1"},
		{"X-Forwarded-Host is the host", "X-Forwarded-Host: forged", "X-Forwarded-Host: a"},
		{"Forwarded goes no further", "Forwarded: for=192.0.2.1;host=forged", "!Forwarded"},
		{"a field in another case goes no further", "x-oRIGINAL-uRL: /admin", "!X-Original-URL"},
		{"a field that is there twice goes no further", "X-Original-URL: /a\r\nX-Original-Url: /b", "!X-Original-URL"},
		{"a field that Connection names goes no further", "Connection: X-Consumer\r\nX-Consumer: forged", "!X-Consumer"},
	} {
		one := answered(group, []string{c.name, with(c.field + "\r\n"), "GET /"})[0]
		one.Sees, one.Own = []string{c.sees}, true
		cases = append(cases, one)
	}
	for _, name := range []string{
		"X_Original_URL", "X_Rewrite_URL", "X_HTTP_Method_Override", "X-HTTP_Method-Override", "X_Forwarded_For", "X-Forwarded_For",
		"X_Forwarded_Host", "X_Consumer", "X_Real_IP", "Remote_User", "X_User",
	} {
		cases = append(cases, each(declined(group, "400", [2]string{name + " is refused", with(name + ": forged\r\n")}),
			func(c *Case) { c.Own = true })...)
	}
	return cases
}

// hopCases are about fields of one connection: RFC 9110 section 7.6.1.
func hopCases() []Case {
	const group = "hop by hop"
	var cases []Case
	for _, c := range []struct {
		name, fields string
		sees         []string
	}{
		{"a field that Connection names goes no further", "Connection: X-Secret\r\nX-Secret: 1\r\nX-Kept: 1\r\n", []string{"!X-Secret", "X-Kept: 1"}},
		{"a field that Connection names in another case goes no further", "Connection: keep-alive, x-SECRET\r\nX-Secret: 1\r\n", []string{"!X-Secret"}},
		{"fields that two Connections name go no further", "Connection: X-A\r\nConnection: X-B\r\nX-A: 1\r\nX-B: 1\r\n", []string{"!X-A", "!X-B"}},
		{"fields of an odd list go no further", "Connection: ,, X-A\t ,,X-B,\r\nX-A: 1\r\nX-B: 1\r\n", []string{"!X-A", "!X-B"}},
		{"Keep-Alive goes no further", "Keep-Alive: timeout=5\r\n", []string{"!Keep-Alive"}},
		{"Proxy-Connection goes no further", "Proxy-Connection: keep-alive\r\n", []string{"!Proxy-Connection"}},
		{"Proxy-Authorization goes no further", "Proxy-Authorization: Basic eA==\r\n", []string{"!Proxy-Authorization"}},
		{"an Upgrade without its Connection goes no further", "Upgrade: websocket\r\n", []string{"!Upgrade"}},
		{"HTTP2-Settings goes no further", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n", []string{"!HTTP2-Settings", "!Upgrade"}},
		{"TE goes on as far as trailers", "TE: gzip, trailers\r\nConnection: TE\r\n", []string{"TE: trailers"}},
		{"TE without trailers goes no further", "TE: gzip\r\n", []string{"!TE"}},
		{"Connection cannot take credentials away", "Connection: Authorization, Cookie\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\n", []string{"Authorization: Basic eA==", "Cookie: a=b"}},
		{"Connection cannot take the host away", "Connection: Host\r\n", []string{"Host: a"}},
		{"Connection cannot take the client away", "Connection: X-Forwarded-For\r\n", []string{"X-Forwarded-For: 127.0.0.1"}},
	} {
		one := answered(group, []string{c.name, with(c.fields), "GET /"})[0]
		one.Sees = c.sees
		cases = append(cases, one)
	}
	cases[6].Own = true
	each(cases[9:], func(c *Case) { c.Own = true }) // RFC 9110 leaves it open, or says that they go
	length := answered(group, []string{"Connection cannot take the length away", sized("Connection: Content-Length\r\nContent-Length: 5\r\n"), "POST / hello"})
	length[0].MayPass = []string{}
	cases = append(cases, length...)

	answer := func(name string, raw []string, gets ...string) {
		cases = append(cases, Case{Group: group, Name: name, Send: []string{get}, Want: []string{"200"}, Keeps: true, Seen: []string{"GET /"},
			Answer: Answer{Raw: raw}, Gets: gets})
	}
	with := func(fields string) []string {
		return []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + fields + "\r\nok"}
	}
	answer("fields that an answer's Connection names go no further", with("Connection: X-Secret, keep-alive\r\nX-Secret: 1\r\nX-Kept: 1\r\n"), "!X-Secret", "X-Kept: 1")
	answer("Keep-Alive of an answer goes no further", with("Connection: keep-alive\r\nKeep-Alive: timeout=60, x-probe=1\r\n"), "!Keep-Alive")
	answer("Proxy-Connection of an answer goes no further", with("Proxy-Connection: x-probe\r\n"), "!Proxy-Connection")
	answer("Upgrade of an answer goes no further", with("Upgrade: h2c, x-probe\r\nConnection: Upgrade\r\n"), "!Upgrade")
	answer("Proxy-Authenticate of an answer goes no further", with("Proxy-Authenticate: Basic realm=x\r\n"), "!Proxy-Authenticate")
	answer("TE of an answer goes no further", with("TE: trailers\r\n"), "!TE")
	cases[len(cases)-1].Own, cases[len(cases)-2].Own = true, true
	answer("Connection of an answer cannot take its type away", with("Content-Type: text/plain\r\nConnection: Content-Type, Set-Cookie\r\nSet-Cookie: a=b\r\n"), "Content-Type: text/plain", "Set-Cookie: a=b")
	cases[len(cases)-1].Own = true
	answer("what a backend is built of stays inside", with("Server: x-probe/1\r\nX-Powered-By: x-probe\r\nX-AspNet-Version: 4\r\nX-Debug-Token: 1\r\n"), "!Server", "!X-Powered-By", "!X-AspNet-Version", "!X-Debug-Token")
	cases[len(cases)-1].Own = true
	early := "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n\r\n"
	answer("fields of one connection go out of interim answers too", append([]string{early}, ok), "!X-Secret", "!Keep-Alive", "!Proxy-Connection")
	cases[len(cases)-1].Interim = []int{103}
	return cases
}
