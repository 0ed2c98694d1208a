package listen_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// pair returns both ends of a connection of TCP.
func pair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, ln.Close()) }()
	ours = dial(t, ln.Addr().String())
	theirs, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

// TestWhatIsGatheredGoesOutInOrder has the client take nothing for so long that
// the write is asked how far it has come, and goes on.
func TestWhatIsGatheredGoesOutInOrder(t *testing.T) {
	t.Parallel()
	ours, theirs := pair(t)
	conn := listen.Guard(theirs, listen.Limits{WriteStall: 4 * time.Second})
	sent := bytes.Repeat([]byte("0123456789abcde"), 1<<20)
	ended, wrote := make(chan error, 1), make(chan int, 1)
	go func() {
		conn.Gather()
		n, first := conn.Write(sent[:1000])
		m, second := conn.Write(sent[1000:])
		ended <- errors.Join(first, second, conn.Send())
		wrote <- n + m
	}()
	<-time.After(time.Second)
	got := make([]byte, len(sent))
	_, err := io.ReadFull(ours, got)
	require.NoError(t, err)
	require.NoError(t, <-ended)
	require.Equal(t, len(sent), <-wrote)
	require.True(t, bytes.Equal(sent, got))
}

func TestWhatIsGatheredWaitsForSendAtTheLongest(t *testing.T) {
	t.Parallel()
	ours, theirs := pair(t)
	conn := listen.Guard(theirs, listen.Limits{})
	conn.Gather()
	write(t, conn, "a")
	require.NoError(t, conn.Send())
	write(t, conn, "b")
	conn.Gather()
	write(t, conn, strings.Repeat("c", 4097))
	write(t, conn, "d")
	require.NoError(t, conn.Send())
	require.NoError(t, conn.Send())
	require.NoError(t, conn.Close())
	got, err := io.ReadAll(ours)
	require.NoError(t, err)
	require.Equal(t, "ab"+strings.Repeat("c", 4097)+"d", string(got))
}

func TestAWriteOfWhatIsGatheredFails(t *testing.T) {
	t.Parallel()
	_, theirs := pair(t)
	conn := listen.Guard(theirs, listen.Limits{})
	require.NoError(t, conn.Close())
	conn.Gather()
	write(t, conn, "a")
	n, err := conn.Write([]byte("b"))
	require.ErrorIs(t, err, net.ErrClosed)
	require.Zero(t, n)
	write(t, conn, "c")
	require.ErrorIs(t, conn.Send(), net.ErrClosed)
}

func TestWhereWritesAreGathered(t *testing.T) {
	t.Parallel()
	require.Nil(t, listen.Gathering(context.Background()))
	server, client := secured(t)
	older := client.Clone()
	older.NextProtos = []string{"http/1.1"}
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	for _, c := range []struct {
		name      string
		config    listen.Config
		transport *http.Transport
		scheme    string
		want      bool
	}{
		{"HTTP/1.1", listen.Config{}, &http.Transport{}, "http", true},
		{"HTTP/1.1 without a bound of writes", listen.Config{Limits: listen.Limits{WriteStall: -1}}, &http.Transport{}, "http", false},
		{"HTTP/1.1 by TLS", listen.Config{TLS: server}, &http.Transport{TLSClientConfig: older}, "https", false},
		{"HTTP/2 by TLS", listen.Config{TLS: server}, &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: true}, "https", false},
		{"HTTP/2 without TLS", listen.Config{Limits: listen.Limits{H2C: true}}, &http.Transport{Protocols: plain}, "http", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			gathers := make(chan bool, 1)
			h := func(_ http.ResponseWriter, r *http.Request) { gathers <- listen.Gathering(r.Context()) != nil }
			defer c.transport.CloseIdleConnections()
			resp, err := (&http.Client{Transport: c.transport}).Get(c.scheme + "://" + serve(t, http.HandlerFunc(h), c.config))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, c.want, <-gathers)
		})
	}
}
