package upstream_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// asking starts a backend that speaks with nobody who has no certificate of
// the authority, and tells who that is.
func asking(t testing.TB, ca *gatewaytest.CA) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write(w, r.Proto+" "+r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quiet
	s.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{ca.Server()},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// pairOf writes a client's certificate and its key to files.
func pairOf(t testing.TB, ca *gatewaytest.CA, name string) (certFile, keyFile string) {
	t.Helper()
	cert, key := gatewaytest.EncodePEM(t, ca.Client(name))
	return file(t, "cert.pem", cert), file(t, "key.pem", key)
}

func file(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func TestABackendIsShownTheCertificateThatItAsksFor(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		ca := gatewaytest.NewCA(t)
		for http2, want := range map[string]string{"on": "HTTP/2.0 gateway", "off": "HTTP/1.1 gateway"} {
			u := one(asking(t, ca))
			u.Connections.HTTP2, u.TLS.CAFile = http2, file(t, "ca.pem", ca.PEM())
			f := fails(t, newUpstream(t, by(client, u), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
			require.Contains(t, []string{pipeline.UpstreamConnect, pipeline.UpstreamReset}, f.Kind, "without one")

			u.TLS.CertFile, u.TLS.KeyFile = pairOf(t, ca, "gateway")
			_, body := answer(t, newUpstream(t, by(client, u), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
			require.Equal(t, want, body)
		}
	})
}

func TestProbesShowTheCertificateToo(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	u := one(asking(t, ca))
	u.Health = eagerly(registry.ActiveHealth{HTTP: &registry.HTTPProbe{}, Initial: "unhealthy"})
	u.TLS.CAFile = file(t, "ca.pem", ca.PEM())
	u.TLS.CertFile, u.TLS.KeyFile = pairOf(t, ca, "gateway")
	becomes(t, newUpstream(t, u, upstream.Options{Go: running(t)}), true)
}

func TestFaultsOfThePairOfAClient(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	cert, key := pairOf(t, ca, "gateway")
	_, other := pairOf(t, ca, "other")
	none := filepath.Join(t.TempDir(), "none.pem")
	for _, c := range []struct {
		name   string
		tls    registry.UpstreamTLS
		fields []string
	}{
		{"a pair is fine", registry.UpstreamTLS{CertFile: cert, KeyFile: key}, nil},
		{"a certificate alone", registry.UpstreamTLS{CertFile: cert}, []string{"/tls/key_file"}},
		{"a key alone", registry.UpstreamTLS{KeyFile: key}, []string{"/tls/cert_file"}},
		{"files that are not there", registry.UpstreamTLS{CertFile: none, KeyFile: none}, []string{"/tls/cert_file", "/tls/key_file"}},
		{"the key of another", registry.UpstreamTLS{CertFile: cert, KeyFile: other}, []string{"/tls/cert_file"}},
		{"what is no PEM", registry.UpstreamTLS{CertFile: file(t, "cert.pem", []byte("secret")), KeyFile: key}, []string{"/tls/cert_file"}},
		{"a file that is too long", registry.UpstreamTLS{CertFile: cert, KeyFile: file(t, "key.pem", make([]byte, 1<<20+1))}, []string{"/tls/key_file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up, err := upstream.New(registry.Upstream{Name: "users", TLS: c.tls}, upstream.Options{})
			var fields []string
			for _, f := range registry.AsFaults(err) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, c.fields, fields)
			if err == nil {
				up.Close()
				return
			}
			require.NotContains(t, err.Error(), "secret")
		})
	}
}
