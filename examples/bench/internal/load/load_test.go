package load_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/backend"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/load"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// tokens are two callers, of one length.
func tokens() [][]byte { return [][]byte{[]byte("token-of-a"), []byte("token-of-b")} }

func order(addr, workload string) load.Order {
	return load.Order{
		Addr: addr, Workload: workload, Tokens: true, Routes: 10, Connections: 16, Warmup: 5 * time.Millisecond,
		Duration: 100 * time.Millisecond, PIDs: []int{os.Getpid()},
	}
}

// serve serves the backend and returns its address.
func serve(t *testing.T) (*backend.Server, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, ended := backend.New(), make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	t.Cleanup(func() {
		require.NoError(t, ln.Close())
		require.NoError(t, <-ended)
	})
	return s, ln.Addr().String()
}

func TestLoadOfTheBackendItself(t *testing.T) {
	t.Parallel()
	for _, workload := range []string{"get_1k", "get_64k", "post_16k", "open_400"} {
		t.Run(workload, func(t *testing.T) {
			t.Parallel()
			s, addr := serve(t)
			result, err := load.New(tokens()).Run(order(addr, workload))
			require.NoError(t, err)
			require.Empty(t, result.Error)
			require.Positive(t, result.Requests)
			require.EqualValues(t, result.Total, s.Served())
			require.Positive(t, result.P50)
			require.GreaterOrEqual(t, result.P99, result.P50)
		})
	}
}

func TestOpenLoopKeepsItsRate(t *testing.T) {
	t.Parallel()
	_, addr := serve(t)
	o := order(addr, "open_400")
	o.Duration = 500 * time.Millisecond
	result, err := load.New(tokens()).Run(o)
	require.NoError(t, err)
	require.Empty(t, result.Error)
	require.InDelta(t, 400*result.Took.Seconds(), result.Requests, 60)
}

// A witness is a server of HTTP/2 that remembers what it was asked.
type witness struct {
	mu     sync.Mutex
	paths  map[string]int
	bearer map[string]int
	agents map[string]int
	answer func(http.ResponseWriter)
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.paths[r.Host+r.URL.Path]++
	w.bearer[r.Header.Get("Authorization")]++
	w.agents[r.UserAgent()+r.Header.Get("Accept")]++
	w.mu.Unlock()
	w.answer(rw)
}

func witnessed(t *testing.T, answer func(http.ResponseWriter)) (*witness, string) {
	t.Helper()
	w := &witness{paths: map[string]int{}, bearer: map[string]int{}, agents: map[string]int{}, answer: answer}
	s := httptest.NewUnstartedServer(w)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return w, s.Listener.Addr().String()
}

func document(rw http.ResponseWriter) { _, _ = rw.Write(traffic.Document()) }

func TestRequestsAreWhatTheyClaimToBe(t *testing.T) {
	t.Parallel()
	for _, workload := range []string{"get_1k", "h2_1k"} {
		t.Run(workload, func(t *testing.T) {
			t.Parallel()
			w, addr := witnessed(t, document)
			g := load.New(tokens())
			for range 2 {
				result, err := g.Run(order(addr, workload))
				require.NoError(t, err)
				require.Empty(t, result.Error)
				require.Positive(t, result.Requests)
			}
			for path, n := range w.paths {
				require.Equal(t, 1, n, "%s was asked for twice", path)
				require.Regexp(t, `^bench\.example/svc-\d{4}/items/\d{8}$`, path)
			}
			require.Len(t, w.bearer, 2)
			require.Positive(t, w.bearer["Bearer token-of-b"])
			require.Len(t, w.agents, 1)
			require.Contains(t, w.agents, "bench/1*/*")
		})
	}
}

func TestOtherBytesAreAnError(t *testing.T) {
	t.Parallel()
	wrong := traffic.Document()
	wrong[1000] ^= 1
	for name, answer := range map[string]func(http.ResponseWriter){
		"one bit":     func(rw http.ResponseWriter) { _, _ = rw.Write(wrong) },
		"a byte less": func(rw http.ResponseWriter) { _, _ = rw.Write(wrong[:1023]) },
		"nothing":     func(http.ResponseWriter) {},
		"a refusal":   func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusForbidden) },
	} {
		for _, workload := range []string{"get_1k", "h2_1k"} {
			t.Run(name+" by "+workload, func(t *testing.T) {
				t.Parallel()
				_, addr := witnessed(t, answer)
				result, err := load.New(tokens()).Run(order(addr, workload))
				require.NoError(t, err)
				require.NotEmpty(t, result.Error)
			})
		}
	}
}

func TestAnswersHaveToBeMasked(t *testing.T) {
	t.Parallel()
	_, addr := serve(t)
	o := order(addr, "get_1k")
	o.Masked = true
	result, err := load.New(nil).Run(o)
	require.NoError(t, err)
	require.Contains(t, result.Error, "123-45-6789")
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	result, err := load.New(nil).Run(order(ln.Addr().String(), "get_1k"))
	require.NoError(t, err)
	require.NotEmpty(t, result.Error)
	_, err = load.New(nil).Run(order("", "get_2k"))
	require.Error(t, err)
}
