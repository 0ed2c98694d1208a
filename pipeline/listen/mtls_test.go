package listen_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A memory is a cache of sessions that offers the last one to every host.
type memory struct{ last *tls.ClientSessionState }

func (m *memory) Get(string) (*tls.ClientSessionState, bool) { return m.last, m.last != nil }
func (m *memory) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		m.last = s
	}
}

// twoDoors serves the name open to all, and the name closed to those that have
// a certificate of the CA.
func twoDoors(t testing.TB) (addr string, ca *gatewaytest.CA) {
	t.Helper()
	ca = gatewaytest.NewCA(t)
	base := &tls.Config{Certificates: []tls.Certificate{ca.Server("open", "closed")}}
	closed := base.Clone()
	closed.ClientAuth, closed.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool()
	base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName == "closed" {
			return closed, nil
		}
		return nil, nil
	}
	h := func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s with %d certificates", r.Host, len(r.TLS.PeerCertificates))
	}
	return serve(t, http.HandlerFunc(h), listen.Config{TLS: base}), ca
}

func TestACertificateIsAskedForWhateverTheClientSays(t *testing.T) {
	t.Parallel()
	addr, ca := twoDoors(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, http2 := range []bool{false, true} {
			sessions := &memory{}
			ask := func(name, host string, certs ...tls.Certificate) (int, string, error) {
				p := new(http.Protocols)
				p.SetHTTP1(!http2)
				p.SetHTTP2(http2)
				tr := &http.Transport{Protocols: p, DisableKeepAlives: true, TLSClientConfig: &tls.Config{
					RootCAs: ca.Pool(), ServerName: name, MaxVersion: version, Certificates: certs, ClientSessionCache: sessions,
				}}
				defer tr.CloseIdleConnections()
				req, err := http.NewRequest(http.MethodGet, "https://"+addr+"/", nil)
				require.NoError(t, err)
				req.Host = host
				resp, err := (&http.Client{Transport: tr}).Do(req)
				if err != nil {
					return 0, "", err
				}
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				return resp.StatusCode, string(body), nil
			}
			status, body, err := ask("open", "open")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "open with 0 certificates", body)
			status, _, err = ask("open", "closed")
			require.NoError(t, err)
			require.Equal(t, http.StatusMisdirectedRequest, status, "the host is another than the one of the handshake")
			_, _, err = ask("closed", "closed")
			require.Error(t, err, "no certificate, though there is a session to take up")
			status, body, err = ask("closed", "closed", ca.Client("ada"))
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "closed with 1 certificates", body)
			_, _, err = ask("closed", "closed", gatewaytest.NewCA(t).Client("eve"))
			if err == nil { // the session of ada is taken up, which is hers
				sessions.last = nil
				_, _, err = ask("closed", "closed", gatewaytest.NewCA(t).Client("eve"))
			}
			require.Error(t, err, "a certificate of another CA")
		}
	}
}
