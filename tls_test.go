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

func TestListenersThatWouldServeSomethingElseAreRefused(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]gateway.Option{
		"TLS without a configuration":  gateway.ListenTLS("127.0.0.1:0", nil),
		"TLS without a certificate":    gateway.ListenTLS("127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS13}),
		"an admin listener of nothing": gateway.Admin("127.0.0.1:0", nil),
	} {
		_, err := gateway.New(option)
		require.Error(t, err, name)
	}
	g, err := gateway.New(standardKinds(), gateway.Snapshot(snapshot("1")),
		gateway.Admin("127.0.0.1:0", func(*gateway.Gateway) http.Handler { return nil }))
	require.NoError(t, err)
	require.ErrorContains(t, g.Run(t.Context()), "there is no handler", "not the handlers that anybody registered with net/http")
}

func TestTLSIsNoWeakerForAConfigurationThatAsksForIt(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	weak := &tls.Config{
		Certificates: []tls.Certificate{ca.Server("127.0.0.1")}, MinVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA},
	}
	for name, config := range map[string]*tls.Config{
		"given":               weak,
		"chosen for a client": {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return weak, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.ListenTLS("127.0.0.1:0", config),
				gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
			require.NoError(t, err)
			end := running(t, g)
			addr := awaitAddr(t, g)
			_, err = tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
			require.Error(t, err, "TLS 1.1 is not spoken")
			_, err = tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), MaxVersion: tls.VersionTLS12, CipherSuites: weak.CipherSuites})
			require.Error(t, err, "a CBC suite is not spoken")
			c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), MaxVersion: tls.VersionTLS12})
			require.NoError(t, err)
			require.NoError(t, c.Close())
			require.NoError(t, end())
		})
	}
}
