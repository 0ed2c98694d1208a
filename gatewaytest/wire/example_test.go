package wire_test

import (
	"fmt"

	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
)

func ExampleReadRequest() {
	m, rest, err := wire.ReadRequest("POST /users HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /")
	fmt.Println(m, rest, err)
	_, _, err = wire.ReadRequest("GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
	fmt.Println(err)
	// Output:
	// POST /users hello GET / <nil>
	// both a coding and a length
}
