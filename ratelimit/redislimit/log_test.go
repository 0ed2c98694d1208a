package redislimit_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

// lines is what was logged.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestAnOutageIsLoggedAtItsBeginningAndItsEnd(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	log := &lines{}
	l := redislimit.New(dial(t, m.Addr()), redislimit.Timeout(patient), redislimit.Probe(time.Millisecond),
		redislimit.Log(slog.New(slog.NewTextHandler(log, nil))))
	asked := ask("a", 10, time.Hour)
	m.SetError("LOADING Redis is loading the dataset in memory")
	for range 20 {
		_, err := try(l, asked)
		require.Error(t, err)
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log)
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "LOADING")
	m.SetError("")
	until(t, "Redis is asked again", func() bool { return !l.Degraded() })
	until(t, "the end is logged", func() bool { return strings.Contains(log.String(), "level=INFO") })
	take(t, l, asked)
}
