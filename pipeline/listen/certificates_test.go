package listen_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// files are a key pair on disk.
type files struct{ cert, key string }

func newFiles(t *testing.T) files {
	dir := t.TempDir()
	return files{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
}

func (f files) write(t *testing.T, pair tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	replace(t, f.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	replace(t, f.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}

// replace puts a new file in the place of another, as rotations do.
func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", content, 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

func served(t *testing.T, c *listen.Certificate) []byte {
	t.Helper()
	pair, err := c.GetCertificate(nil)
	require.NoError(t, err)
	return pair.Certificate[0]
}

// pairs are certificates of the virtual clock.
func pairs(t *testing.T) (a, b tls.Certificate) {
	ca := gatewaytest.NewCA(t)
	return ca.Server("localhost"), ca.Server("localhost")
}

func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	synctest.Test(t, func(t *testing.T) {
		a, b := pairs(t)
		f.write(t, a)
		c, err := listen.Certificates(f.cert, f.key, nil)
		require.NoError(t, err)
		require.Equal(t, a.Certificate[0], served(t, c))
		require.Equal(t, a.Leaf.NotAfter.Unix(), c.NotAfter().Unix())
		f.write(t, b)
		require.Equal(t, a.Certificate[0], served(t, c), "looked at once a second")
		time.Sleep(time.Second)
		require.Equal(t, b.Certificate[0], served(t, c))
	})
}

func TestABrokenPairIsNeverTaken(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	synctest.Test(t, func(t *testing.T) {
		a, b := pairs(t)
		var log bytes.Buffer
		f.write(t, a)
		c, err := listen.Certificates(f.cert, f.key, slog.New(slog.NewTextHandler(&log, nil)))
		require.NoError(t, err)
		cert, err := os.ReadFile(f.cert)
		require.NoError(t, err)
		ended := gatewaytest.NewCA(t)
		ended.Now = func() time.Time { return time.Now().Add(-48 * time.Hour) }
		for name, breaking := range map[string]func(){
			"of two keys":   func() { f.write(t, b); replace(t, f.cert, cert) },
			"half written":  func() { f.write(t, b); replace(t, f.cert, cert[:len(cert)/2]) },
			"over already":  func() { f.write(t, ended.Server("localhost")) },
			"without a key": func() { require.NoError(t, os.Remove(f.key)) },
		} {
			log.Reset()
			breaking()
			for range 3 {
				time.Sleep(time.Second)
				require.Equal(t, a.Certificate[0], served(t, c), name)
			}
			require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("certificate not reloaded")), "%s: %s", name, log.String())
			f.write(t, a)
			time.Sleep(time.Second)
			require.Equal(t, a.Certificate[0], served(t, c), name)
		}
		f.write(t, b)
		time.Sleep(time.Second)
		require.Equal(t, b.Certificate[0], served(t, c), "a sound one is")
	})
}

func TestThereIsNoStartWithoutAPair(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	_, err := listen.Certificates(f.cert, f.key, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	a, b := pairs(t)
	f.write(t, a)
	cert, err := os.ReadFile(f.cert)
	require.NoError(t, err)
	f.write(t, b)
	replace(t, f.cert, cert)
	_, err = listen.Certificates(f.cert, f.key, nil)
	require.ErrorContains(t, err, "read certificate")
}
