package listen_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// A slow is a connection on which a write ends when the test takes it.
type slow struct {
	writes chan string
	result chan error
	closed chan struct{}
}

func newSlow() *slow {
	return &slow{make(chan string), make(chan error), make(chan struct{})}
}

func (s *slow) Write(p []byte) (int, error) {
	s.writes <- string(p)
	return len(p), <-s.result
}

func (s *slow) Close() error {
	close(s.closed)
	return nil
}

// take ends the write under way, or the next one.
func (s *slow) take(result error) string {
	p := <-s.writes
	s.result <- result
	return p
}

// outgoing runs f with an outbox that sends to a slow.
func outgoing(t *testing.T, f func(t *testing.T, o *listen.Outbox, s *slow)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlow()
		f(t, listen.NewOutbox(s), s)
	})
}

func TestWhatIsWrittenDuringAWriteGoesOutTogether(t *testing.T) {
	outgoing(t, func(t *testing.T, o *listen.Outbox, s *slow) {
		write(t, o, "a")
		synctest.Wait()
		write(t, o, "b")
		write(t, o, "c")
		require.Equal(t, "a", s.take(nil))
		require.Equal(t, "bc", s.take(nil))
		write(t, o, "d")
		require.Equal(t, "d", s.take(nil))
	})
}

func TestAnOutboxIsBounded(t *testing.T) {
	outgoing(t, func(t *testing.T, o *listen.Outbox, s *slow) {
		full := strings.Repeat("x", listen.OutboxBytes)
		write(t, o, full)
		synctest.Wait()
		write(t, o, full)
		waits := make(chan struct{})
		go func() {
			write(t, o, "y")
			close(waits)
		}()
		synctest.Wait()
		select {
		case <-waits:
			require.Fail(t, "more was taken than there is room for")
		default:
		}
		require.Equal(t, full, s.take(nil))
		<-waits
		require.Equal(t, full, s.take(nil))
		require.Equal(t, "y", s.take(nil))
	})
}

func TestWhatIsLongerThanAnOutboxGoesOutInOrder(t *testing.T) {
	outgoing(t, func(t *testing.T, o *listen.Outbox, s *slow) {
		long := strings.Repeat("0123456789", listen.OutboxBytes/4)
		go write(t, o, long)
		var got strings.Builder
		for got.Len() < len(long) {
			got.WriteString(s.take(nil))
		}
		require.Equal(t, long, got.String())
	})
}

func TestAWriteFailsForTheOneBeforeIt(t *testing.T) {
	outgoing(t, func(t *testing.T, o *listen.Outbox, s *slow) {
		full, broken := strings.Repeat("x", listen.OutboxBytes), errors.New("broken")
		write(t, o, full)
		synctest.Wait()
		write(t, o, full)
		waits := make(chan error)
		go func() {
			_, err := io.WriteString(o, "y")
			waits <- err
		}()
		synctest.Wait()
		s.take(broken)
		require.ErrorIs(t, <-waits, broken)
		_, err := io.WriteString(o, "z")
		require.ErrorIs(t, err, broken)
		require.False(t, o.Closes(), "nothing more is sent, so that it would not come to it")
	})
}

func TestWhatIsLeftIsSentBeforeTheConnectionIsClosed(t *testing.T) {
	outgoing(t, func(t *testing.T, o *listen.Outbox, s *slow) {
		require.False(t, o.Closes())
		write(t, o, "a")
		synctest.Wait()
		write(t, o, "b")
		require.True(t, o.Closes())
		require.Equal(t, "a", s.take(nil))
		require.Equal(t, "b", s.take(nil))
		<-s.closed
	})
}
