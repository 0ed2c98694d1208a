package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
)

// A console is what a command writes, for a test to read meanwhile.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await returns what a pattern captures once it is written.
func (c *console) await(t *testing.T, pattern string) []string {
	t.Helper()
	for range 3000 {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(c.String()); found != nil {
			return found
		}
		select {
		case <-t.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("want %s in:\n%s", pattern, c)
	return nil
}

func put(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// servingIn runs serve until the end of the test and returns the addresses of
// gateway and admin.
func servingIn(t *testing.T, args ...string) (front, admin string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, ended := &console{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-drain-delay", "0"}, args...), io.Discard, out)
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("status %d:\n%s", status, out)
		}
	})
	found := out.await(t, `gateway on (\S+), admin on (\S+), serving`)
	return found[1], found[2]
}

// TestServeTellsWhatAnOperatorHasToKnow: when the certificate ends, and which
// unsafe options are on.
func TestServeTellsWhatAnOperatorHasToKnow(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pair := gatewaytest.NewCA(t).Server("localhost")
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := put(t, filepath.Join(folder, "tls.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	private := put(t, filepath.Join(folder, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	config := put(t, filepath.Join(folder, "gateway.yaml"), []byte(`schema: gateway/v1
upstreams: [{name: u, endpoints: [{url: "https://127.0.0.1:1"}], tls: {insecure_skip_verify: true}}]
routes: [{name: a, match: {path: /a}, upstream: u, policies: [public]}]
`))
	_, admin := servingIn(t, "-config", config, "-tls-cert", cert, "-tls-key", private)
	resp, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("gateway_certificate_not_after_seconds{certificate=%q} %v\n", cert, float64(pair.Leaf.NotAfter.Unix())),
		`gateway_insecure_options{option="insecure_skip_verify"} 1`,
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("want %s in:\n%s", want, page)
		}
	}
}

func TestServeBoundsConnections(t *testing.T) {
	t.Parallel()
	config := put(t, filepath.Join(t.TempDir(), "gateway.yaml"), []byte(`schema: gateway/v1
routes: [{name: a, match: {path: /a}, policies: [public, respond: {body: a}]}]
`))
	front, _ := servingIn(t, "-config", config, "-max-connections", "2", "-max-connections-per-address", "-1")
	for i, want := range []bool{true, true, false} {
		conn, err := net.Dial("tcp", front)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n") // what is read tells
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		n, _ := conn.Read(make([]byte, 12))
		if got := n > 0; got != want {
			t.Errorf("connection %d answered: %v, want %v", i, got, want)
		}
	}
}

func TestABoundOfOneClientIsWithinThatOfAll(t *testing.T) {
	t.Parallel()
	out := &console{}
	status := run(t.Context(), []string{"serve", "-config", "c.yaml", "-max-connections", "2", "-max-connections-per-address", "3"}, out, out)
	if status != 2 || !strings.Contains(out.String(), "is more than -max-connections") {
		t.Errorf("status %d:\n%s", status, out)
	}
}
