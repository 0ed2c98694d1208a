package wire

import "strings"

// limitCases are about what is bounded, with the settings that hold by default.
func limitCases() []Case {
	const group = "bounds"
	cases := answered(group, [][]string{
		{"a hundred fields are read", "GET / HTTP/1.1\r\n" + host + many(99) + "\r\n", "GET /"},
		{"a line of 8 KiB is read", "GET /" + long(8192-len("GET / HTTP/1.1")) + " HTTP/1.1\r\n" + host + "\r\n", "GET /" + long(8192-len("GET / HTTP/1.1"))},
		{"a head of nearly 32 KiB is read", "GET / HTTP/1.1\r\n" + host + "X: " + long(32<<10-len(get)-5) + "\r\n\r\n", "GET /"},
		{"a thousand parameters are read", "GET /?" + strings.Repeat("a&", 999) + "a HTTP/1.1\r\n" + host + "\r\n", "GET /?" + strings.Repeat("a&", 999) + "a"},
	}...)
	cases = append(cases, refused(group, "414", [][2]string{
		{"a line of more than 8 KiB", line("GET /" + long(8192) + " HTTP/1.1")},
		{"a line that does not end", "GET /" + long(9000)},
	}...)...)
	cases = append(cases, refused(group, "431", [][2]string{
		{"a head of more than 32 KiB", with("X: " + long(32<<10) + "\r\n")},
		{"a head that does not end", "GET / HTTP/1.1\r\nX: " + long(40000)},
		{"more than a hundred fields", with(many(100))},
	}...)...)
	cases = append(cases, declined(group, "400", [2]string{"more than a thousand parameters", "GET /?" + strings.Repeat("a&", 1000) + "a HTTP/1.1\r\n" + host + "\r\n"})...)
	return each(cases, func(c *Case) { c.Own = true })
}
