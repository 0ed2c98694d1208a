package listen_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A deadlines counts how often a connection is told of one.
type deadlines struct {
	net.Conn
	reads, writes atomic.Int64
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.reads.Add(1)
	return d.Conn.SetReadDeadline(t)
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.writes.Add(1)
	return d.Conn.SetWriteDeadline(t)
}

// TestRequestsMoveNoDeadline: a connection that is in use is told of none,
// however many requests come, and their bounds hold to the instant all the
// same.
func TestRequestsMoveNoDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		below := &deadlines{Conn: theirs}
		guarded := listen.Guard(below, listen.Limits{})
		client := make(chan error, 1)
		go func() { client <- ask(ours, 100) }()

		head := make([]byte, 2*len(get))
		for range 100 {
			n, err := guarded.Read(head)
			require.NoError(t, err)
			require.Equal(t, get, string(head[:n]))
			_, err = io.WriteString(guarded, "x")
			require.NoError(t, err)
			guarded.State(http.StateIdle)
		}
		require.NoError(t, <-client)
		require.Zero(t, below.reads.Load()+below.writes.Load())

		idle := time.Now()
		_, err := guarded.Read(head)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(idle))
		require.NoError(t, guarded.Close())
	})
}

// ask sends requests, one a second, and reads a byte of each answer.
func ask(conn net.Conn, requests int) error {
	for range requests {
		time.Sleep(time.Second) // of the bubble
		if _, err := io.WriteString(conn, get); err != nil {
			return err
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return err
		}
	}
	return nil
}
