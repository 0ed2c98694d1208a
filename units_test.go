package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A speaker is a backend that sends an event each time it is told to, and knows
// when the gateway has left it.
type speaker struct {
	event chan string
	left  chan struct{}
}

func newSpeaker() *speaker {
	return &speaker{event: make(chan string), left: make(chan struct{}, 16)}
}

func (s *speaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case event, more := <-s.event:
			if !more {
				return
			}
			_, _ = io.WriteString(w, "data: "+event+"\n\n")
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			s.left <- struct{}{}
			return
		}
	}
}

func hourly(unit string, n int64) ratelimit.UnitConfig {
	return ratelimit.UnitConfig{Unit: unit, Per: "address", Rate: registry.Rate{Count: n, Per: time.Hour}, Headers: "off"}
}

// TestUnitsOfAWholeGateway follows streams from the backend to the log and the
// metrics, by HTTP/1.1 and HTTP/2: one whole, one that its client leaves, one
// that is cut.
func TestUnitsOfAWholeGateway(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		var lines bytes.Buffer
		log, figures := accesslog.New(accesslog.Writer(&lines)), metrics.New()
		s := newSpeaker()
		limit := hourly("events", 6)
		limit.Over = "cut"
		g := newGateway(t, gateway.Upstream("b", s), gateway.Recorders(log, figures),
			gateway.Snapshot(snapshot("1", public("chat", "/chat", "b", ratelimit.UnitPolicy(limit)))))
		server := httptest.NewUnstartedServer(g)
		server.Config.ErrorLog = quiet()
		if server.EnableHTTP2 = http2; http2 {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		open := func(ctx context.Context) (*http.Response, *bufio.Reader) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/chat", nil)
			require.NoError(t, err)
			resp, err := server.Client().Do(req)
			require.NoError(t, err)
			return resp, bufio.NewReader(resp.Body)
		}
		hear := func(from *bufio.Reader, event string) {
			s.event <- event
			got, err := from.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "data: "+event+"\n", got)
			_, err = from.ReadString('\n')
			require.NoError(t, err)
		}

		ctx, leave := context.WithCancel(t.Context())
		resp, events := open(ctx)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		hear(events, "one")
		hear(events, "two")
		leave()
		<-s.left
		_ = resp.Body.Close()
		counted := func(n string) func() bool {
			return func() bool { return strings.Contains(exposed(figures), `unit="events"} `+n+"\n") }
		}
		require.Eventually(t, counted("2"), longest, tick, "what a client that has left had is charged")

		resp, events = open(t.Context())
		for _, event := range []string{"three", "four", "five", "six", "seven"} { // one more than there were
			hear(events, event)
		}
		s.event <- "eight"
		_, err := events.ReadString('\n')
		require.Error(t, err)
		require.False(t, errors.Is(err, io.EOF), "it does not end as a whole one does: %v", err)
		<-s.left
		_ = resp.Body.Close()
		require.Eventually(t, counted("7"), longest, tick)

		resp, _ = open(t.Context())
		require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
		require.NotEmpty(t, resp.Header.Get("Retry-After"))
		_ = resp.Body.Close()

		ended, end := context.WithCancel(t.Context())
		end()
		require.NoError(t, log.Run(ended))
		require.Contains(t, lines.String(), `"units":[{"policy":"unit_limit","unit":"events","n":2}]`)
		require.Contains(t, lines.String(), `"units":[{"policy":"unit_limit","unit":"events","n":5}],"decisions":[{"stage":"unit_limit","verdict":"deny","code":"units_spent","rule":"events:6/hour"}]`)
		require.Contains(t, exposed(figures), `gateway_units_total{api="",plan="(none)",policy="unit_limit",route="chat",unit="events"} 7`)
	}
}

// exposed returns what a scrape gets.
func exposed(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// byName believes whatever callers call themselves.
func byName() pipeline.AnyKind {
	return pipeline.NewKind("named", func(*pipeline.Env, struct{}) (authn.Authenticator, error) { return self{}, nil })
}

type self struct{}

func (self) Authenticate(_ context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	return &pipeline.Identity{Subject: x.In.Header.Get("Caller"), Scheme: "named"}, nil
}

// TestOneCallerDoesNotTakeAllPlaces has a consumer open as many streams as it
// may before a route that has few places for all: others still find some.
func TestOneCallerDoesNotTakeAllPlaces(t *testing.T) {
	t.Parallel()
	s := newSpeaker()
	r := public("chat", "/chat", "b", registry.NewPolicy("bulkhead", map[string]any{"max_concurrent": 3}),
		registry.NewPolicy("authenticate", map[string]any{"any_of": []any{map[string]any{"named": map[string]any{}}}}),
		ratelimit.InFlightPolicy(ratelimit.InFlightConfig{Per: "subject", Max: 2}))
	config := snapshot("1", r)
	g := newGateway(t, gateway.Upstream("b", s), gateway.Snapshot(config), gateway.Kinds(byName()))
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	call := func(caller string) (status int, leave func()) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/chat", nil)
		require.NoError(t, err)
		req.Header.Set("Caller", caller)
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		return resp.StatusCode, func() { cancel(); _ = resp.Body.Close() }
	}
	var leaves []func()
	for range 2 {
		status, leave := call("ada")
		require.Equal(t, http.StatusOK, status)
		leaves = append(leaves, leave)
	}
	for range 5 {
		status, leave := call("ada")
		require.Equal(t, http.StatusTooManyRequests, status)
		leave()
	}
	status, leave := call("bob")
	require.Equal(t, http.StatusOK, status, "the last place is not for the first caller")
	status, over := call("cyd")
	require.Equal(t, http.StatusServiceUnavailable, status, "and there is none for a third")
	over()
	leave()
	<-s.left
	leaves[0]()
	<-s.left
	require.Eventually(t, func() bool {
		status, leave := call("ada")
		leave()
		return status == http.StatusOK
	}, longest, 10*tick, "a place is free when its stream has ended")
	leaves[1]()
}

// TestAReloadForgetsNothingThatIsUnderWay edits policies while a stream is
// open.
func TestAReloadForgetsNothingThatIsUnderWay(t *testing.T) {
	t.Parallel()
	s := newSpeaker()
	with := func(version string, most int) *registry.Snapshot {
		limit := hourly("events", 3)
		limit.Per = "route" // whoever calls
		limit.Every = registry.Duration(100 * time.Millisecond)
		return snapshot(version, public("chat", "/chat", "b", ratelimit.UnitPolicy(limit),
			ratelimit.InFlightPolicy(ratelimit.InFlightConfig{Per: "route", Max: most})))
	}
	g := newGateway(t, gateway.Upstream("b", s), gateway.Snapshot(with("1", 1)))
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	resp, err := server.Client().Get(server.URL + "/chat")
	require.NoError(t, err)
	events := bufio.NewReader(resp.Body)
	for _, version := range []string{"2", "3"} {
		apply(t, g, with(version, 1))
		require.Equal(t, ratelimit.CodeInFlight, code(t, g, "/chat"), "the stream of the route before is counted")
	}
	for range 4 {
		s.event <- "word"
		_, err = events.ReadString('\n')
		require.NoError(t, err)
		_, err = events.ReadString('\n')
		require.NoError(t, err)
	}
	close(s.event)
	_, err = events.ReadString('\n')
	require.ErrorIs(t, err, io.EOF, "it comes to its end: over is finish")
	_ = resp.Body.Close()
	require.Eventually(t, func() bool { return code(t, g, "/chat") == ratelimit.CodeSpent }, longest, tick, "what it came to is charged")
}
