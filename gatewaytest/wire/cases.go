package wire

import (
	"fmt"
	"strings"
)

// What cases are made of.
const (
	host    = "Host: a\r\n"
	get     = "GET / HTTP/1.1\r\n" + host + "\r\n"
	post    = "POST / HTTP/1.1\r\n" + host
	chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	hello   = "5\r\nhello\r\n"
	last    = "0\r\n\r\n"
)

// with returns a GET with further fields.
func with(fields string) string { return "GET / HTTP/1.1\r\n" + host + fields + "\r\n" }

// sized returns a POST with a body of five bytes whose fields are given.
func sized(fields string) string { return post + fields + "\r\nhello" }

func line(l string) string { return l + "\r\n" + host + "\r\n" }

func long(n int) string { return strings.Repeat("a", n) }

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: v\r\n", i)
	}
	return b.String()
}

// refused are cases of a name and what is sent, of which nothing may be read,
// nor of what follows.
func refused(group, status string, rows ...[2]string) (cases []Case) {
	for _, r := range rows {
		cases = append(cases, Case{Group: group, Name: r[0], Send: []string{r[1]}, Want: []string{status}, MayPass: lenient[r[0]]})
	}
	return cases
}

// declined are cases that are understood and refused: the connection lives on.
func declined(group, status string, rows ...[2]string) (cases []Case) {
	for _, r := range rows {
		cases = append(cases, Case{Group: group, Name: r[0], Send: []string{r[1]}, Want: []string{status}, Keeps: true, MayPass: lenient[r[0]]})
	}
	return cases
}

// answered are cases of a name, what is sent, and the requests that the backend
// gets of it, each of which is answered with 200.
func answered(group string, rows ...[]string) (cases []Case) {
	for _, r := range rows {
		c := Case{Group: group, Name: r[0], Send: []string{r[1]}, Seen: r[2:], Keeps: true}
		for range c.Seen {
			c.Want = append(c.Want, "200")
		}
		cases = append(cases, c)
	}
	return cases
}

// each alters cases.
func each(cases []Case, alter func(c *Case)) []Case {
	for i := range cases {
		alter(&cases[i])
	}
	return cases
}
