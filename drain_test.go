package gateway_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry"
)

// streaming returns a backend with a socket that echoes, an event stream that
// never ends by itself, and an answer that waits until it is let go.
func streaming(letGo <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) { echo(w, r) })
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: hello\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-letGo
		_, _ = io.WriteString(w, "whole")
	})
	return mux
}

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}

func TestDrainTellsWhatBecameOfEachExchange(t *testing.T) {
	t.Parallel()
	letGo := make(chan struct{})
	socket := public("socket", "/socket", "b")
	socket.Upgrade = []string{"websocket"}
	var report gateway.Report
	g, err := gateway.New(standardKinds(), gateway.Upstream("b", streaming(letGo)), gateway.Listen("127.0.0.1:0"),
		gateway.Draining(gateway.Drain{Delay: 200 * time.Millisecond, Deadline: 10 * time.Second}),
		gateway.DrainReport(func(r gateway.Report) { report = r }),
		gateway.Snapshot(snapshot("1", socket, public("events", "/events", "b"), public("slow", "/slow", "b"))))
	require.NoError(t, err)
	end := running(t, g)
	base := awaitAddr(t, g)

	ws, _, err := websocket.Dial(t.Context(), "ws://"+base+"/socket", nil)
	require.NoError(t, err)
	defer ws.CloseNow()
	require.NoError(t, ws.Write(t.Context(), websocket.MessageText, []byte("hi")))
	_, got, err := ws.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "hi", string(got))

	events, err := http.Get("http://" + base + "/events")
	require.NoError(t, err)
	line, err := bufio.NewReader(events.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "data: hello\n", line)
	slow, err := http.Get("http://" + base + "/slow")
	require.NoError(t, err)

	ended := make(chan error, 1)
	go func() { ended <- end() }()
	require.Eventually(t, func() bool { return !g.Serving() }, 5*time.Second, time.Millisecond)
	close(letGo)
	require.Equal(t, "whole", drain(slow.Body), "what ends by itself is not cut")
	_, _, err = ws.Read(t.Context())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err), "%v", err)
	_, err = io.ReadAll(events.Body)
	require.NoError(t, err, "an event stream ends cleanly")
	require.NoError(t, <-ended)

	require.Equal(t, []gateway.RouteReport{
		{Route: "events", Told: 1}, {Route: "slow", Finished: 1}, {Route: "socket", Told: 1},
	}, report.Routes)
	require.True(t, strings.HasPrefix(report.String(), "drained in "), report.String())
}

func awaitAddr(t testing.TB, g *gateway.Gateway) string {
	t.Helper()
	require.Eventually(t, func() bool { return len(g.Addrs()) > 0 }, 5*time.Second, time.Millisecond)
	return g.Addrs()[0].String()
}

func TestADrainedGatewayRefuses(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gateway.Upstream("b", text("b")), gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	require.True(t, g.Serving())
	require.Empty(t, g.Drain(t.Context()).Routes)
	require.False(t, g.Serving())
	status, _ := get(g, "/one")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "draining", code(t, g, "/one"))
}

func TestAnExchangeThatIsLeftCountsAsCut(t *testing.T) {
	t.Parallel()
	letGo := make(chan struct{})
	defer close(letGo)
	g := newGateway(t, gateway.Upstream("b", streaming(letGo)), gateway.Draining(gateway.Drain{Delay: time.Millisecond, Deadline: time.Second}),
		gateway.Snapshot(snapshot("1", public("slow", "/slow", "b"))))
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // it is cut
		get(g, "/slow")
	}()
	require.Eventually(t, func() bool { return g.Routes()[0].InFlight == 1 }, 5*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Equal(t, []gateway.RouteReport{{Route: "slow", Cut: 1}}, g.Drain(ctx).Routes)
}

func TestStreamsOfUnchangedRoutesOutliveAReload(t *testing.T) {
	t.Parallel()
	socket := public("socket", "/socket", "b")
	socket.Upgrade = []string{"websocket"}
	g, err := gateway.New(standardKinds(), gateway.Upstream("b", streaming(nil)), gateway.Listen("127.0.0.1:0"),
		gateway.Draining(gateway.Drain{Delay: time.Millisecond}),
		gateway.Snapshot(snapshot("1", socket, public("other", "/other", "b"))))
	require.NoError(t, err)
	end := running(t, g)
	ws, _, err := websocket.Dial(t.Context(), "ws://"+awaitAddr(t, g)+"/socket", nil)
	require.NoError(t, err)
	defer ws.CloseNow()
	for i := range 5 {
		apply(t, g, snapshot(string(rune('2'+i)), socket, public("other", "/other"+string(rune('a'+i)), "b")))
		require.NoError(t, ws.Write(t.Context(), websocket.MessageText, []byte("still here")))
		_, got, err := ws.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, "still here", string(got))
	}
	gone := snapshot("9", public("other", "/other", "b"))
	require.NoError(t, g.Apply(t.Context(), registry.Update{Snapshot: gone}))
	_, _, err = ws.Read(t.Context())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err), "%v", err)
	require.NoError(t, end())
}

func TestAGatewayThatIsOverTakesNoConfiguration(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*gateway.Gateway){
		"drained": func(g *gateway.Gateway) { g.Drain(context.Background()) },
		"closed":  func(g *gateway.Gateway) { _ = g.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounting()
			g := newGateway(t, gateway.Kinds(c.kind()), gateway.Upstream("b", text("b")), gateway.Listen("127.0.0.1:0"),
				gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
			apply(t, g, snapshot("2", public("one", "/two", "b")))
			end(g)
			next := snapshot("3", public("one", "/one", "b", c.policy("late")))
			require.ErrorIs(t, g.Apply(t.Context(), registry.Update{Snapshot: next}), gateway.ErrClosed)
			require.ErrorIs(t, g.Check(t.Context(), next), gateway.ErrClosed)
			require.ErrorIs(t, g.Rollback(t.Context()), gateway.ErrClosed)
			require.ErrorIs(t, g.Run(t.Context()), gateway.ErrClosed)
			require.Empty(t, c.built, "nothing is started that nobody would end")
			require.Equal(t, "2", g.Config().Version)
		})
	}
}

func TestADrainWithoutEndHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	letGo := make(chan struct{})
	g := newGateway(t, gateway.Upstream("b", streaming(letGo)), gateway.Draining(gateway.Drain{Delay: time.Millisecond, Deadline: time.Millisecond}),
		gateway.Snapshot(snapshot("1", public("slow", "/slow", "b"))))
	served, drained := make(chan struct{}), make(chan gateway.Report)
	go func() {
		defer close(served)
		defer func() { _ = recover() }() // it is cut: Close has waited for its deadline
		get(g, "/slow")
	}()
	require.Eventually(t, func() bool { return g.Routes()[0].InFlight == 1 }, 5*time.Second, time.Millisecond)
	go func() { drained <- g.Drain(context.Background()) }()
	require.Eventually(t, func() bool { return code(t, g, "/other") == "draining" }, 5*time.Second, time.Millisecond)
	require.Equal(t, "1", g.Config().Version)
	require.NoError(t, g.Close(), "Close waits for its own deadline and no longer")
	close(letGo)
	<-served
	routes := (<-drained).Routes
	require.Len(t, routes, 1)
	require.EqualValues(t, 1, routes[0].Finished+routes[0].Told, "it ended, by itself or told to")
}

func TestRunRunsOnce(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gateway.Snapshot(snapshot("1")), gateway.Listen("127.0.0.1:0"))
	require.NoError(t, running(t, g)())
	require.ErrorContains(t, g.Run(t.Context()), "Run was called before")
}

func TestARetiredRouteIsBoundedInTime(t *testing.T) {
	t.Parallel()
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000000")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 100)); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	g, err := gateway.New(standardKinds(), gateway.Upstream("b", endless), gateway.Listen("127.0.0.1:0"),
		gateway.Draining(gateway.Drain{Delay: time.Millisecond, Deadline: 100 * time.Millisecond}),
		gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	require.NoError(t, err)
	end := running(t, g)
	resp, err := http.Get("http://" + awaitAddr(t, g) + "/one")
	require.NoError(t, err)
	apply(t, g, snapshot("2", public("one", "/two", "b")))
	require.Equal(t, 1, g.Config().Retiring)
	_, err = io.Copy(io.Discard, resp.Body)
	require.Error(t, err, "a download without end is cut")
	require.Eventually(t, func() bool { return g.Config().Retiring == 0 }, 5*time.Second, time.Millisecond)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, end())
}
