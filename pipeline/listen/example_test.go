package listen_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

func ExampleNewServer() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := listen.NewServer(http.NotFoundHandler(), listen.Config{})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()

	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	status, _ := bufio.NewReader(conn).ReadString('\n')
	fmt.Println(strings.TrimSpace(status))
	_ = conn.Close()

	_ = s.Shutdown(context.Background())
	fmt.Println(<-ended)
	// Output:
	// HTTP/1.1 400 Bad Request
	// http: Server closed
}

func ExampleGuard() {
	client, server := net.Pipe()
	guarded := listen.Guard(server, listen.Limits{})
	refusal := make(chan string)
	go func() {
		_, _ = io.WriteString(client, "GET / HTTP/1.1\nHost: a\n\n")
		answer, _ := io.ReadAll(client)
		refusal <- string(answer)
	}()
	_, err := guarded.Read(make([]byte, 100))
	fmt.Println(err)
	_ = guarded.Close()
	status, _, _ := strings.Cut(<-refusal, "\r\n")
	fmt.Println(status)
	// Output:
	// EOF
	// HTTP/1.1 400 Bad Request
}

func ExampleCertificates() {
	dir := os.TempDir()
	cert, err := listen.Certificates(filepath.Join(dir, "no-such.crt"), filepath.Join(dir, "no-such.key"), nil)
	if err != nil {
		fmt.Println("a gateway without its certificate does not start")
		return
	}
	fmt.Println(listen.Config{TLS: &tls.Config{GetCertificate: cert.GetCertificate}})
	// Output: a gateway without its certificate does not start
}

func ExamplePatient() {
	events := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listen.Patient(r.Context()) // the body is events, one now and then
		_, _ = io.Copy(io.Discard, r.Body)
	})
	listen.NewServer(events, listen.Config{})
	// Output:
}
