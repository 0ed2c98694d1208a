package listen_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// describe answers with what a handler sees of the connection.
func describe(w http.ResponseWriter, r *http.Request) {
	version := "plain"
	if r.TLS != nil {
		version = tls.VersionName(r.TLS.Version) + " to " + r.TLS.ServerName
	}
	_, _ = fmt.Fprint(w, r.Proto, " ", version)
}

func TestHandlersSeeTLSInEveryProtocol(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	addr := serve(t, http.HandlerFunc(describe), listen.Config{TLS: server})
	for want, protocols := range map[string]func(*http.Protocols){
		"HTTP/1.1 TLS 1.3 to localhost": func(p *http.Protocols) { p.SetHTTP1(true) },
		"HTTP/2.0 TLS 1.3 to localhost": func(p *http.Protocols) { p.SetHTTP2(true) },
	} {
		p := new(http.Protocols)
		protocols(p)
		tr := &http.Transport{TLSClientConfig: client.Clone(), Protocols: p, DisableKeepAlives: true}
		for range 3 {
			resp, err := (&http.Client{Transport: tr}).Get("https://" + addr)
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, want, string(got))
			require.Equal(t, "max-age=31536000", resp.Header.Get("Strict-Transport-Security"))
		}
		tr.CloseIdleConnections()
	}
}

func TestTLSIsHeldToItsFloor(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	weak := server.Clone()
	weak.MinVersion = tls.VersionTLS10
	weak.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	for name, config := range map[string]*tls.Config{
		"given":               weak,
		"chosen for a client": {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return weak, nil }},
	} {
		addr := serve(t, http.HandlerFunc(describe), listen.Config{TLS: config, HSTS: -1})
		old, cbc := client.Clone(), client.Clone()
		old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		cbc.MaxVersion, cbc.CipherSuites = tls.VersionTLS12, weak.CipherSuites
		for _, c := range []*tls.Config{old, cbc} {
			_, err := tls.Dial("tcp", addr, c)
			require.Error(t, err, name)
		}
		require.NotContains(t, exchange(dialTLS(t, addr, client), get), "Strict-Transport-Security", name)
	}
}

func TestAStricterChoiceOfTLSCounts(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	client.MaxVersion = tls.VersionTLS12
	modern := server.Clone()
	modern.MinVersion = tls.VersionTLS13
	_, err := tls.Dial("tcp", serve(t, http.HandlerFunc(describe), listen.Config{TLS: modern}), client)
	require.Error(t, err, "TLS 1.2 is not spoken where 1.3 is the least")

	chosen := server.Clone()
	chosen.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}
	c, err := tls.Dial("tcp", serve(t, http.HandlerFunc(describe), listen.Config{TLS: chosen}), client)
	require.NoError(t, err)
	require.Equal(t, chosen.CipherSuites[0], c.ConnectionState().CipherSuite)
	require.NoError(t, c.Close())
}

func TestHSTSIsNotSaidWithoutTLS(t *testing.T) {
	t.Parallel()
	addr := serve(t, http.HandlerFunc(describe), listen.Config{HSTS: time.Hour})
	require.NotContains(t, exchange(dial(t, addr), get), "Strict-Transport-Security")
}

func TestAClientThatForgotTLSIsTold(t *testing.T) {
	t.Parallel()
	server, _ := secured(t)
	codes := make(chan string, 2)
	addr := serve(t, http.HandlerFunc(describe), listen.Config{TLS: server, Refused: func(_ net.Addr, code string) { codes <- code }})
	conn := dial(t, addr)
	_, err := io.WriteString(conn, "GET /")
	require.NoError(t, err)
	require.Equal(t, []int{http.StatusBadRequest}, answers(t, conn))
	require.NoError(t, conn.Close())
	require.Equal(t, listen.CodeHandshake, <-codes)

	conn = dial(t, addr)
	_, err = io.WriteString(conn, "SSH-2.0-x\r\n")
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, conn) // an alert
	require.NoError(t, conn.Close())
	require.Equal(t, listen.CodeHandshake, <-codes)
}

func TestAConfigurationThatPanicsCostsOneConnection(t *testing.T) {
	t.Parallel()
	_, client := secured(t)
	addr := serve(t, http.HandlerFunc(describe), listen.Config{TLS: &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("no certificate") },
	}})
	for range 2 {
		_, err := tls.Dial("tcp", addr, client)
		require.Error(t, err)
	}
}

func TestHTTP2WithoutTLSIsSpokenWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	addr := serve(t, http.HandlerFunc(describe), listen.Config{Limits: listen.Limits{H2C: true}})
	tr := &http.Transport{Protocols: p}
	resp, err := (&http.Client{Transport: tr}).Get("http://" + addr)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "HTTP/2.0 plain", string(got))
	tr.CloseIdleConnections()

	h := &witness{}
	addr = serve(t, h, listen.Config{Limits: listen.Limits{H2C: true}})
	require.Equal(t, []int{200, 505}, send(t, dial(t, addr), get+"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "only at the start")
	require.Equal(t, []int{505}, send(t, dial(t, addr), "PRI * HTTP/2.0\r\n\r\nGET"))
	require.Equal(t, []int{200}, send(t, dial(t, addr), strings.Split("POST / HTTP/1.1\r\n"+host+"\r\n", "")...))
	require.Equal(t, []string{"GET /", "POST /"}, h.saw())
}

func TestARefusalIsAProblemAndIsTold(t *testing.T) {
	t.Parallel()
	codes := make(chan string, 1)
	addr := serve(t, &witness{}, listen.Config{Refused: func(_ net.Addr, code string) { codes <- code }})
	conn := dial(t, addr)
	defer conn.Close()
	_, err := io.WriteString(conn, sized("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.True(t, resp.Close)
	var problem map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&problem))
	require.Equal(t, map[string]any{
		"type": "about:blank", "title": "Bad Request", "status": 400.0, "code": "framing_refused",
		"detail": "The request has both Content-Length and Transfer-Encoding.",
	}, problem)
	require.Equal(t, listen.CodeFraming, <-codes)
	require.Equal(t, []int{400}, send(t, dial(t, addr), chunked+"x\r\n"))
	require.Equal(t, "body_malformed", <-codes)
}

func TestARefusedClientGetsItsAnswerThoughItSendsOn(t *testing.T) {
	t.Parallel()
	addr := serve(t, &witness{}, listen.Config{})
	for range 20 {
		require.Equal(t, []int{400}, send(t, dial(t, addr), "GET  / HTTP/1.1\r\n\r\n"+strings.Repeat("x", 100_000)))
		require.Equal(t, []int{400}, send(t, dial(t, addr), chunked+"x\r\n"+strings.Repeat("x", 100_000)))
	}
}

func TestShutdownWaitsForWhatIsBeingAnswered(t *testing.T) {
	t.Parallel()
	inside, goOn := make(chan struct{}), make(chan struct{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := listen.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-goOn
	}), listen.Config{})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	conn := dial(t, ln.Addr().String())
	defer conn.Close()
	_, err = io.WriteString(conn, get)
	require.NoError(t, err)
	<-inside
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(context.Background()) }()
	require.ErrorIs(t, <-ended, http.ErrServerClosed)
	_, err = net.Dial("tcp", ln.Addr().String())
	require.Error(t, err)
	close(goOn)
	require.Equal(t, []int{200}, answers(t, conn))
	require.NoError(t, <-down)
}

func TestClosingEndsHandshakesThatDoNot(t *testing.T) {
	t.Parallel()
	server, _ := secured(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := listen.NewServer(nil, listen.Config{TLS: server, Limits: listen.Limits{ReadHeader: time.Hour}})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	conn := dial(t, ln.Addr().String())
	defer conn.Close()
	_, err = io.WriteString(conn, "\x16")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.ErrorIs(t, <-ended, http.ErrServerClosed)
	require.Empty(t, exchange(conn, ""))
}

func TestWithoutAHandlerNothingIsServed(t *testing.T) {
	t.Parallel()
	require.Contains(t, exchange(dial(t, serve(t, nil, listen.Config{})), get), "404")
}

func TestARequestIsHeldToTheHostOfItsConnection(t *testing.T) {
	t.Parallel()
	server, client := secured(t)
	chosen := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return server, nil }}
	addr := serve(t, http.HandlerFunc(describe), listen.Config{TLS: chosen})
	nameless := client.Clone()
	nameless.ServerName = "127.0.0.1" // which is not sent
	for _, c := range []struct {
		name, host string
		client     *tls.Config
		status     string
	}{
		{"the same name", "localhost", client, "200"},
		{"the same name in another case, with a dot and a port", "LOCALHOST.:443", client, "200"},
		{"another name", "other", client, "421"},
		{"an address, where a name was asked for", "127.0.0.1", client, "421"},
		{"an address, where no name was asked for", "127.0.0.1:8443", nameless, "200"},
		{"an IPv6 address, where no name was asked for", "[::1]", nameless, "200"},
		{"a name, where none was asked for", "localhost", nameless, "421"},
	} {
		got := exchange(dialTLS(t, addr, c.client), "GET / HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n")
		require.Contains(t, got, "HTTP/1.1 "+c.status+" ", c.name)
		require.Equal(t, c.status == "421", strings.Contains(got, listen.CodeMisdirected), c.name)
	}
	addr = serve(t, http.HandlerFunc(describe), listen.Config{TLS: server})
	require.Contains(t, exchange(dialTLS(t, addr, client), "GET / HTTP/1.1\r\nHost: other\r\n\r\n"), "HTTP/1.1 200 ",
		"one configuration for all leaves nothing to come past")
}

func TestABodyThatWaitsToBeAskedForIsAskedFor(t *testing.T) {
	t.Parallel()
	conn := dial(t, serve(t, &witness{}, listen.Config{}))
	defer conn.Close()
	_, err := io.WriteString(conn, post+"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	require.NoError(t, err)
	head := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	_, err = io.ReadFull(conn, head)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n\r\n", string(head))
	require.Contains(t, exchange(conn, "hello"), "HTTP/1.1 200 OK")
}

func TestAClientThatTakesNothingIsCutOffByTLSToo(t *testing.T) {
	t.Parallel()
	server, client := secured(t, "http/1.1")
	failed := make(chan error, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		_, err := io.WriteString(w, strings.Repeat("x", 64<<20))
		failed <- err
	}
	conn := dialTLS(t, serve(t, http.HandlerFunc(h), listen.Config{TLS: server, Limits: listen.Limits{WriteStall: 100 * time.Millisecond}}), client)
	defer conn.Close()
	_, err := io.WriteString(conn, get)
	require.NoError(t, err)
	require.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
}

func TestAConnectionByTLSMayBeTakenOver(t *testing.T) {
	t.Parallel()
	server, client := secured(t, "http/1.1")
	h := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		ahead := make([]byte, 5)
		_, _ = io.ReadFull(conn, ahead)
		_, _ = conn.Write(ahead)
	}
	addr := serve(t, http.HandlerFunc(h), listen.Config{TLS: server, Proxy: trusting("127.0.0.1/32")})
	raw := dial(t, addr)
	_, err := io.WriteString(raw, "PROXY TCP4 198.51.100.1 192.0.2.2 12345 80\r\n")
	require.NoError(t, err)
	require.Equal(t, "ahead", exchange(tls.Client(raw, client), get+"ahead"))
}
