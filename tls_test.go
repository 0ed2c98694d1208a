package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
)

func TestTLSWithHTTP1AndHTTP2(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")),
		gateway.ListenTLS("127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Server("127.0.0.1")}}),
		gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	require.NoError(t, err)
	end := running(t, g)
	url := "https://" + awaitAddr(t, g) + "/one"
	for name, c := range map[string]struct {
		version uint16
		http2   bool
		proto   string
	}{
		"TLS 1.3 with HTTP/2":   {tls.VersionTLS13, true, "HTTP/2.0"},
		"TLS 1.2 with HTTP/2":   {tls.VersionTLS12, true, "HTTP/2.0"},
		"TLS 1.3 with HTTP/1.1": {tls.VersionTLS13, false, "HTTP/1.1"},
	} {
		resp, err := client(ca.Pool(), c.version, c.http2).Get(url)
		require.NoError(t, err, name)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "b", string(body))
		require.Equal(t, c.proto, resp.Proto, name)
		require.Equal(t, c.version, resp.TLS.Version, name)
	}
	_, err = client(ca.Pool(), tls.VersionTLS11, false).Get(url)
	require.Error(t, err, "TLS 1.1 is not spoken")
	require.NoError(t, end())
}

func client(roots *x509.CertPool, version uint16, http2 bool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: http2,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version},
	}}
}
