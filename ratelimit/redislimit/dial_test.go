package redislimit_test

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

func TestDial(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	m.RequireUserAuth("gateway", "p@ss")
	client, err := redislimit.Dial("redis://gateway:p%40ss@" + m.Addr() + "/2")
	require.NoError(t, err)
	defer client.Close()
	take(t, redislimit.New(client, redislimit.Timeout(patient)), ask("a", 10, time.Second))
	require.Len(t, m.DB(2).Keys(), 1)
}

func TestDialDoesNotSayThePassword(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	m.RequireAuth("right")
	for _, url := range []string{"redis://:s3cret@" + m.Addr(), "redis://:s3cret@127.0.0.1:1", "redis://:s3cret@127.0.0.1:99999"} {
		_, err := redislimit.Dial(url)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, ca.PEM(), 0o600))
	m := startTLS(t, ca, "localhost", "127.0.0.1")
	stranger := startTLS(t, ca, "redis.example")
	tests := []struct {
		name, url string
		fault     string
	}{
		{"a server of the name is trusted", "rediss://localhost:" + m.Port() + "?ca=" + file, ""},
		{"a server of another name is not", "rediss://localhost:" + stranger.Port() + "?ca=" + file, "certificate is valid for redis.example"},
		{"a server that nobody vouches for is not", "rediss://localhost:" + m.Port(), "unknown authority"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, err := redislimit.Dial(test.url)
			if test.fault != "" {
				require.ErrorContains(t, err, test.fault)
				return
			}
			require.NoError(t, err)
			defer client.Close()
			take(t, redislimit.New(client, redislimit.Timeout(patient)), ask("a", 10, time.Second))
		})
	}
}

func startTLS(t testing.TB, ca *gatewaytest.CA, names ...string) *miniredis.Miniredis {
	t.Helper()
	m, err := miniredis.RunTLS(&tls.Config{Certificates: []tls.Certificate{ca.Server(names...)}})
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func TestOpenWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	require.NoError(t, ln.Close())

	l, err := redislimit.Open("redis://"+addr, redislimit.Timeout(patient), redislimit.Probe(10*time.Millisecond))
	require.NoError(t, err)
	asked := ask("a", 10, time.Second)
	until(t, "connecting was tried", func() bool { return l.Stats().Errors > 0 })
	_, err = try(l, asked)
	require.ErrorIs(t, err, redislimit.ErrUnavailable)
	require.True(t, l.Degraded())

	m := miniredis.NewMiniRedis()
	require.NoError(t, m.StartAddr(addr))
	defer m.Close()
	until(t, "it connects by itself", func() bool { return !l.Degraded() })
	take(t, l, asked)
	require.NoError(t, l.Close())
	_, err = try(l, asked)
	require.ErrorIs(t, err, redislimit.ErrUnavailable)
	require.NoError(t, l.Close(), "a second time")

	_, err = redislimit.Open("redis://")
	require.Error(t, err)
}
