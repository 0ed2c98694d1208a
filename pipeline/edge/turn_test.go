package edge_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
)

// TestABodyThatNeverWaitsLetsOthersHaveTheirTurn runs a process with a single
// processor, in which a body without end is copied beside something else that
// needs many turns. Taken by force, each would come after 10 ms.
func TestABodyThatNeverWaitsLetsOthersHaveTheirTurn(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTurnsBesideABodyThatNeverWaits$", "-test.count=1")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "EDGE_TURNS=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestTurnsBesideABodyThatNeverWaits is the other process of the test above,
// and nothing by itself.
func TestTurnsBesideABodyThatNeverWaits(t *testing.T) {
	if os.Getenv("EDGE_TURNS") == "" {
		t.Skip("it is started by another test")
	}
	const turns, most = 300, 1500 * time.Millisecond
	stop, copied := make(chan struct{}), make(chan struct{})
	body := newBody(func(p []byte) (int, error) {
		select {
		case <-stop:
			return 0, io.EOF
		default:
			return len(p), nil
		}
	})
	h := edge.Handler(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return stream(x, "text/plain", body), nil
	})
	go func() {
		defer close(copied)
		h.ServeHTTP(&sink{http.Header{}}, plainRequest())
	}()
	begun := time.Now()
	for range turns {
		runtime.Gosched()
	}
	took := time.Since(begun)
	close(stop)
	<-copied
	require.Less(t, took, most, "%d turns", turns)
}
