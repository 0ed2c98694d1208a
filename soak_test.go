package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
	"github.com/seed-f9645bd3/gateway/transform/header"
)

// soakFor returns how long TestSoak runs: seconds, or what GATEWAY_SOAK says.
func soakFor(t testing.TB) time.Duration {
	t.Helper()
	if s := os.Getenv("GATEWAY_SOAK"); s != "" {
		d, err := time.ParseDuration(s)
		require.NoError(t, err)
		return d
	}
	t.Log("seconds of it: GATEWAY_SOAK=10m runs the whole")
	return 2 * time.Second
}

// TestSoak keeps a gateway busy by clients that leave at will, streams,
// tunnels, bodies both ways, backends that die and come back, and reloads. When
// all have gone, nothing of it is left; no answer reached another request, and
// none failed without a cause.
func TestSoak(t *testing.T) { // alone: it counts goroutines, descriptors and heap of the process
	length := soakFor(t)
	s := newSoak(t)
	s.run(t, min(max(length/5, 1500*time.Millisecond), 30*time.Second)) // warm
	before := s.rest(t, nil)
	s.run(t, length)
	after := s.rest(t, &before)
	t.Logf("%v: %d whole, %d left by their client, %d failed with a cause, %d tunnels, %d streams, %d reloads, %d deaths of backends",
		length, s.whole.Load(), s.left.Load(), s.caused.Load(), s.tunnels.Load(), s.streams.Load(), s.reloads.Load(), s.deaths.Load())
	t.Logf("at rest before and after: goroutines %d, %d; descriptors %d, %d; heap %d KiB, %d KiB (%+.1f %%)",
		before.goroutines, after.goroutines, before.descriptors, after.descriptors, before.heap>>10, after.heap>>10,
		100*(float64(after.heap)/float64(before.heap)-1))
	require.Zero(t, s.mixed.Load(), "answers of one request reached another: %v", s.first.Load())
	require.Zero(t, s.failed.Load(), "%v", s.first.Load())
	require.Positive(t, s.whole.Load())
	room := float64(0)
	if length < time.Minute { // a heap of few megabytes, measured once, varies by more
		room = 512 << 10
	}
	require.LessOrEqual(t, float64(after.heap), 1.05*float64(before.heap)+room)
	require.NoError(t, s.end())
}

// remembered is how many configurations a gateway keeps for a rollback.
const remembered = 10

// A soak is the gateway with its backends and what became of the requests.
type soak struct {
	g       *gateway.Gateway
	end     func() error
	base    string
	steady  string
	mortals []*mortal
	kept    *http.Client
	version int

	whole, left, caused, failed, mixed atomic.Int64
	tunnels, streams, reloads, deaths  atomic.Int64
	dead                               atomic.Int64 // backends at present
	first                              atomic.Value // what failed first
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{kept: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	backend := httptest.NewServer(s.backend())
	t.Cleanup(backend.Close)
	s.steady = backend.URL
	for range 3 {
		m := &mortal{handler: s.backend()}
		m.rise(t)
		t.Cleanup(m.die)
		s.mortals = append(s.mortals, m)
	}
	g, err := gateway.New(standardKinds(), gateway.Listen("127.0.0.1:0"), gateway.Snapshot(s.document()),
		gateway.Logger(slog.New(slog.DiscardHandler)), gateway.Draining(gateway.Drain{Delay: 50 * time.Millisecond}))
	require.NoError(t, err)
	s.g, s.end = g, running(t, g)
	s.base = awaitAddr(t, g)
	for range 2 * remembered { // on a slow machine the warming up does not
		require.NoError(t, g.Apply(t.Context(), registry.Update{Snapshot: s.document()}))
	}
	return s
}

// document is the configuration of the next version. It changes a policy, and
// the endpoints of one upstream.
func (s *soak) document() *registry.Snapshot {
	s.version++
	doc, all := snapshot(fmt.Sprint(s.version)), []registry.Endpoint{}
	connections := registry.Connections{Idle: registry.Duration(300 * time.Millisecond), IdlePerEndpoint: 8}
	for _, m := range s.mortals {
		all = append(all, registry.Endpoint{URL: "http://" + m.address})
	}
	moving := []registry.Endpoint{{URL: s.steady}, {URL: s.steady + "/"}}[s.version%2:][:1]
	doc.Upstreams = []registry.Upstream{
		{Name: "steady", Endpoints: []registry.Endpoint{{URL: s.steady}}, Connections: connections},
		{Name: "moving", Endpoints: moving, Connections: connections},
		{Name: "mortal", Endpoints: all, Connections: connections, Health: registry.Health{Passive: &registry.PassiveHealth{
			ConsecutiveFailures: 3, EjectFor: registry.Duration(50 * time.Millisecond), MaxEjectFor: registry.Duration(100 * time.Millisecond),
		}}},
	}
	retry := registry.NewPolicy("retry", resilience.RetryConfig{Attempts: 3})
	for i := range 500 { // of some weight, so that a share of the heap means something
		doc.Routes = append(doc.Routes, public(fmt.Sprint("other-", i), fmt.Sprint("/other/", i), "steady"))
	}
	for _, name := range []string{"steady", "moving", "mortal"} {
		policies := []registry.Policy{header.Policy(header.Config{
			Response: header.Edits{Set: map[string]string{"X-Version": fmt.Sprint(s.version)}},
		})}
		if name == "mortal" {
			policies = append(policies, retry)
		}
		r := public(name, "/"+name+"/{rest...}", name, policies...)
		r.Upgrade = []string{"websocket"}
		doc.Routes = append(doc.Routes, r)
	}
	return clienttest.All(doc)
}

// backend answers by the last step of the path. What it says bears the id that
// it was asked with.
func (s *soak) backend() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{route}/socket", echo)
	mux.HandleFunc("/{route}/get", func(w http.ResponseWriter, r *http.Request) {
		id, size := r.Header.Get("X-Id"), r.URL.Query().Get("size")
		n, _ := strconv.Atoi(size)
		w.Header().Set("X-Id", id)
		_, _ = io.WriteString(w, stamped(id, n))
	})
	mux.HandleFunc("/{route}/post", func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Id")
		w.Header().Set("X-Id", id)
		body, err := io.ReadAll(r.Body)
		if err == nil && string(body) != stamped(id, len(body)) {
			s.mix("the body of " + id + " reached the backend as that of another")
		}
		_, _ = io.WriteString(w, stamped(id, len(body)))
	})
	mux.HandleFunc("/{route}/events", func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Id")
		w.Header().Set("X-Id", id)
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			fmt.Fprintf(w, "data: %s\n\n", id)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(5 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	})
	return mux
}

// stamped is a body of n bytes that is the id over and over.
func stamped(id string, n int) string { return strings.Repeat(id+";", n/(len(id)+1)+1)[:n] }

// A mortal is a backend that dies, with all its connections, and comes back at
// the same address.
type mortal struct {
	handler http.Handler
	address string
	server  *http.Server
}

// rise has it serve; the address of a dead one may be taken by a client for a
// moment.
func (m *mortal) rise(t testing.TB) {
	t.Helper()
	address := m.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	for {
		l, err := net.Listen("tcp", address)
		if err == nil {
			m.serve(l)
			return
		}
		if !pause(t.Context(), tick) {
			t.Errorf("a backend does not come back: %v", err)
			return
		}
	}
}

func (m *mortal) serve(l net.Listener) {
	if m.address == "" {
		m.address = l.Addr().String()
	}
	m.server = &http.Server{Handler: m.handler}
	go func() { _ = m.server.Serve(l) }()
}

func (m *mortal) die() { _ = m.server.Close() }

// run keeps the gateway busy for a while.
func (s *soak) run(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), d)
	defer end()
	var wait sync.WaitGroup
	for i := range uint64(12) {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(i, uint64(time.Now().UnixNano())))
			for n := 0; ctx.Err() == nil; n++ {
				s.turn(ctx, r, fmt.Sprintf("%d-%d-%d", i, n, r.Uint32()))
				pause(ctx, time.Duration(r.IntN(40))*time.Millisecond)
			}
		})
	}
	wait.Go(func() { // one after the other dies and comes back
		for n := 0; pause(ctx, 400*time.Millisecond); n++ {
			m := s.mortals[n%len(s.mortals)]
			s.dead.Add(1)
			s.deaths.Add(1)
			m.die()
			pause(ctx, 150*time.Millisecond)
			m.rise(t)
			s.dead.Add(-1)
		}
	})
	for pause(ctx, 100*time.Millisecond) {
		require.NoError(t, s.g.Apply(t.Context(), registry.Update{Snapshot: s.document()}))
		s.reloads.Add(1)
	}
	wait.Wait()
}

// pause waits, and reports whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// turn is one exchange by lot, on a route by lot.
func (s *soak) turn(ctx context.Context, r *rand.Rand, id string) {
	route := []string{"steady", "moving", "mortal"}[r.IntN(3)]
	switch n := r.IntN(100); {
	case n < 5:
		s.tunnel(ctx, r, route)
	case n < 10:
		s.vanish()
	case n < 20:
		s.events(ctx, r, route, id)
	case n < 40:
		s.exchange(ctx, r, route, id, "post")
	default:
		s.exchange(ctx, r, route, id, "get")
	}
}

// exchange asks for an answer; one in four leaves before it is whole.
func (s *soak) exchange(ctx context.Context, r *rand.Rand, route, id, what string) {
	size := r.IntN(1 << (4 + r.IntN(14)))
	method, body := http.MethodGet, io.Reader(nil)
	if what == "post" {
		method, body = http.MethodPost, bytes.NewReader([]byte(stamped(id, size)))
		if r.IntN(2) == 0 {
			body = struct{ io.Reader }{body} // of unknown length
		}
	}
	own, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	leaves := r.IntN(4) == 0
	if leaves {
		defer time.AfterFunc(time.Duration(r.IntN(8_000))*time.Microsecond, leave).Stop()
	}
	since := s.moment()
	resp, err := s.send(own, method, fmt.Sprintf("/%s/%s?size=%d", route, what, size), id, body)
	var got []byte
	if err == nil {
		if id := s.own(resp, id); id == "" {
			got, err = io.ReadAll(resp.Body)
		}
		_ = resp.Body.Close()
	}
	switch {
	case leaves && own.Err() != nil:
		s.left.Add(1)
	case err == nil && resp.StatusCode == http.StatusOK && string(got) == stamped(id, size):
		s.whole.Add(1)
	case err == nil && resp.StatusCode == http.StatusOK && len(got) == size:
		s.mix(fmt.Sprintf("%s got the body of another: %.200q", id, got))
	case route == "mortal" && since.disturbed(s.moment()):
		s.caused.Add(1)
	default:
		s.fail(fmt.Sprintf("%s %s %s of %d bytes: %v, %.300q", method, route, id, size, err, got), resp)
	}
}

// own returns the id of another where the answer bears that.
func (s *soak) own(resp *http.Response, id string) string {
	if other := resp.Header.Get("X-Id"); resp.StatusCode == http.StatusOK && other != id {
		s.mix(fmt.Sprintf("%s got the answer of %q", id, other))
		return other
	}
	return ""
}

func (s *soak) send(ctx context.Context, method, target, id string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.base+target, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Id", id)
	return s.kept.Do(r)
}

// events reads some events of a stream, and leaves.
func (s *soak) events(ctx context.Context, r *rand.Rand, route, id string) {
	own, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	since := s.moment()
	resp, err := s.send(own, http.MethodGet, "/"+route+"/events", id, nil)
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		one := "data: " + id + "\n\n"
		got := make([]byte, len(one))
		for range r.IntN(6) {
			if _, err = io.ReadFull(resp.Body, got); err != nil || resp.StatusCode != http.StatusOK {
				break
			}
			if string(got) != one {
				s.mix(fmt.Sprintf("%s got the event %q", id, got))
			}
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			s.streams.Add(1)
			return
		}
	}
	// A route that a reload retires ends its streams.
	if err != nil && resp != nil && s.moment().reloads != since.reloads || route == "mortal" && since.disturbed(s.moment()) {
		s.caused.Add(1)
		return
	}
	s.fail(fmt.Sprintf("the stream %s on %s: %v", id, route, err), resp)
}

// tunnel talks through a WebSocket, and leaves politely or not.
func (s *soak) tunnel(ctx context.Context, r *rand.Rand, route string) {
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), longest)
	defer end()
	since := s.moment()
	ws, _, err := websocket.Dial(ctx, "ws://"+s.base+"/"+route+"/socket", nil)
	if err == nil {
		err = s.talk(ctx, r, ws)
	}
	now := s.moment()
	switch {
	case err == nil:
		s.tunnels.Add(1)
	case ws != nil && now.reloads != since.reloads, route == "mortal" && since.disturbed(now):
		s.caused.Add(1)
	default:
		s.fail(fmt.Sprintf("a tunnel on %s: %v", route, err), nil)
	}
}

func (s *soak) talk(ctx context.Context, r *rand.Rand, ws *websocket.Conn) error {
	defer func() { _ = ws.CloseNow() }()
	for n := range 1 + r.IntN(5) {
		said := fmt.Sprintf("%d-%d", r.Uint64(), n)
		if err := ws.Write(ctx, websocket.MessageText, []byte(said)); err != nil {
			return err
		}
		_, heard, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		if string(heard) != said {
			s.mix(fmt.Sprintf("said %q into a tunnel and heard %q", said, heard))
		}
	}
	if r.IntN(2) == 0 {
		_ = ws.Close(websocket.StatusNormalClosure, "")
	}
	return nil
}

// vanish sends half a request, and leaves.
func (s *soak) vanish() {
	c, err := net.Dial("tcp", s.base)
	if err != nil {
		s.fail("connect: "+err.Error(), nil)
		return
	}
	_, _ = io.WriteString(c, "POST /steady/post HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nhalf of")
	_ = c.Close()
	s.left.Add(1)
}

func (s *soak) mix(what string) {
	s.mixed.Add(1)
	s.first.CompareAndSwap(nil, what)
}

func (s *soak) fail(what string, resp *http.Response) {
	s.failed.Add(1)
	if resp != nil {
		what += fmt.Sprintf(" (%d %v)", resp.StatusCode, resp.Header)
	}
	s.first.CompareAndSwap(nil, what)
}

// A moment is what a request is excused by, if it changes while it runs.
type moment struct{ deaths, dead, reloads int64 }

func (s *soak) moment() moment {
	return moment{s.deaths.Load(), s.dead.Load(), s.reloads.Load()}
}

// disturbed reports whether a backend was dead at any time between.
func (m moment) disturbed(now moment) bool {
	return m.deaths != now.deaths || m.dead > 0 || now.dead > 0
}

// A rest is what the process holds when nothing is going on.
type rest struct {
	goroutines, descriptors int
	heap                    uint64
}

// rest waits for everything to end, and measures. Where there was a rest
// before, goroutines and descriptors come back to within 20 of it.
func (s *soak) rest(t *testing.T, before *rest) rest {
	t.Helper()
	s.kept.CloseIdleConnections()
	now := func() rest { return rest{goroutines: runtime.NumGoroutine(), descriptors: descriptors(t)} }
	if before != nil {
		require.Eventually(t, func() bool {
			r := now()
			return r.goroutines <= before.goroutines+20 && r.descriptors <= before.descriptors+20
		}, 30*time.Second, 20*time.Millisecond, "left: %+v, at rest before: %+v", now(), before)
	}
	for last := now(); ; { // until nothing ends any more
		<-time.After(600 * time.Millisecond) // longer than a connection is kept idle
		r := now()
		if r.goroutines >= last.goroutines && r.descriptors >= last.descriptors {
			break
		}
		last = r
	}
	for _, u := range s.g.Upstreams() {
		for _, e := range u.Endpoints {
			require.Zero(t, e.InFlight, "%s of %s", e.URL, u.Name)
		}
	}
	r := now()
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	r.heap = stats.HeapAlloc
	return r
}

// descriptors counts what the process has open; 0 where that cannot be seen.
func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	require.NoError(t, err)
	return len(all)
}
