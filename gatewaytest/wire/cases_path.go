package wire

import "strings"

// pathCases are about the spellings of a path: RFC 3986 section 6.2.2. What is
// equivalent comes in one form; what parsers read in different ways is refused.
func pathCases() []Case {
	const group = "paths"
	var cases []Case
	for _, c := range [][2]string{
		{"/a/b", "/a/b"}, {"/a/b/", "/a/b/"}, {"/%61dmin", "/admin"}, {"/a%2Db%2e%5f%7e", "/a-b._~"}, {"/%41%7A%30", "/Az0"},
		{"/a/../b", "/b"}, {"/a/./b", "/a/b"}, {"/a/%2e%2e/b", "/b"}, {"/a/.%2e/b", "/b"}, {"/a/%2E./b", "/b"}, {"/a/%2e/b", "/a/b"},
		{"/../../b", "/b"}, {"/a/..", "/"}, {"/a/.", "/a/"}, {"/%2e%2e", "/"}, {"/a/b/../../../c", "/c"},
		{"/a%c3%a9", "/a%C3%A9"}, {"/a%20b", "/a%20b"}, {"/a%3fb", "/a%3Fb"}, {"/a%23b", "/a%23b"}, {"/a:b@c!$&'()*+,=d", "/a:b@c!$&'()*+,=d"},
		{"/..a/b", "/..a/b"}, {"/.well-known/x", "/.well-known/x"},
		{"http://b/a/../c", "/c"}, {"HTTP://B/%61", "/a"}, {"http://b/%2e%2e/%2e%2e/a", "/a"},
		{`/a"b`, "/a%22b"}, {"/a<b>", "/a%3Cb%3E"}, {"/a{b}", "/a%7Bb%7D"}, {"/a|b", "/a%7Cb"}, {"/a^b`", "/a%5Eb%60"},
		{"/a?x=/../%2e%2e//;", "/a?x=/../%2e%2e//;"}, {"/%61?%61", "/a?%61"},
	} {
		one := answered(group, []string{c[0] + " is " + c[1], "GET " + c[0] + " HTTP/1.1\r\n" + host + "\r\n", "GET " + c[1]})[0]
		one.Want = []string{"200~400"}                    // others may refuse what looks odd
		one.MayPass = []string{"GET " + originForm(c[0])} // or leave it as it is
		if strings.HasSuffix(c[0], ";") {
			one.MayPass = []string{"GET /a"} // or leave out a query that cannot be read
		}
		if strings.HasPrefix(c[0], "http://") || strings.HasPrefix(c[0], "HTTP://") {
			one.Send = []string{"GET " + c[0] + " HTTP/1.1\r\nHost: b\r\n\r\n"}
		}
		cases = append(cases, one)
	}
	for _, c := range [][2]string{
		{"an encoded slash", "/a%2fb"}, {"an encoded slash in upper case", "/a%2Fb"}, {"an encoded slash in a dot segment", "/a/..%2fb"},
		{"an encoded backslash", "/a%5cb"}, {"an encoded backslash in a dot segment", "/a/..%5Cb"}, {"a backslash", "/a\\b"}, {"a backslash in a dot segment", "/a/..\\b"},
		{"an encoded NUL", "/a%00b"}, {"an encoded NUL behind a suffix", "/a.jsp%00.png"}, {"an encoded CR LF", "/a%0d%0aX:%20b"}, {"an encoded tab", "/a%09"},
		{"an encoded DEL", "/a%7f"}, {"a double slash", "/a//b"}, {"a double slash in front", "//a/b"}, {"a double slash at the end", "/a//"},
		{"a dot segment with a parameter", "/a/..;/b"}, {"a dot segment with a value", "/a/..;x=y/b"}, {"a dot with a parameter", "/a/.;/b"},
		{"an encoded dot segment with a parameter", "/a/%2e%2e;/b"}, {"a dot segment with an encoded semicolon", "/a/..%3b/b"},
		{"an overlong slash", "/a%c0%afb"}, {"an overlong dot", "/a/%c0%ae%c0%ae/b"}, {"an overlong dot of three bytes", "/a/%e0%80%ae/b"},
		{"what is not UTF-8", "/a%ff"}, {"half a surrogate", "/a%ed%a0%80"},
		{"a semicolon", "/a;b"}, {"a semicolon at the end", "/a;"}, {"an encoded semicolon", "/a%3bb"},
		{"a segment of three dots", "/a/.../b"}, {"a segment of three encoded dots", "/a/%2e%2e%2e"},
		{"a dot at the end", "/a."}, {"a dot at the end of a segment", "/a./b"}, {"an encoded dot at the end", "/a%2e"},
	} {
		one := declined(group, "400", [2]string{c[0], "GET " + c[1] + " HTTP/1.1\r\n" + host + "\r\n"})[0]
		one.Own = true
		cases = append(cases, one)
	}
	return cases
}

func originForm(target string) string {
	for _, scheme := range []string{"http://b", "HTTP://B"} {
		if len(target) > len(scheme) && target[:len(scheme)] == scheme {
			return target[len(scheme):]
		}
	}
	return target
}
