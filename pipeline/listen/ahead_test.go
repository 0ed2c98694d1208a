package listen_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A counting is a connection that counts what is asked of it.
type counting struct {
	net.Conn
	in    io.Reader
	reads int
}

func (c *counting) Read(p []byte) (int, error) {
	c.reads++
	return c.in.Read(p)
}

func TestFramesThatCameTogetherAreReadAtOnce(t *testing.T) {
	t.Parallel()
	sent := preface + frame(frameSettings, 0, 0, "")
	for id := uint32(1); id < 20; id += 2 {
		sent += asks(id)
	}
	below := &counting{in: strings.NewReader(sent)}
	conn := listen.Guard(below, listen.Limits{H2C: true})
	got := make([]byte, len(sent))
	_, err := io.ReadFull(conn, got[:len(preface)])
	require.NoError(t, err)
	for at := len(preface); at < len(sent); { // as net/http does
		_, err = io.ReadFull(conn, got[at:at+9])
		require.NoError(t, err)
		size := int(got[at])<<16 | int(got[at+1])<<8 | int(got[at+2])
		_, err = io.ReadFull(conn, got[at+9:at+9+size])
		require.NoError(t, err)
		at += 9 + size
	}
	require.Equal(t, sent, string(got))
	require.LessOrEqual(t, below.reads, 3)
}
