package tracing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// traced is a gateway whose edge begins traces and whose one route makes
// attempts.
func traced() *registry.Snapshot {
	r := *route()
	r.Policies = []registry.Policy{tracing.Policy(tracing.Config{}), authz.PublicPolicy()}
	return &registry.Snapshot{
		Version: "v1", Environment: "test",
		Edge:   []registry.Policy{tracing.Policy(tracing.Config{Reply: "X-Trace-Id"})},
		Routes: []registry.Route{r},
	}
}

// slow takes a fraction of a millisecond on the way in and on the way back.
func slow(name string, phase pipeline.Phase) pipeline.Stage {
	return pipeline.Stage{Name: name, Phase: phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			time.Sleep(123_456) // in a bubble
			defer time.Sleep(77_777)
			return next(ctx, x)
		}
	}}
}

// TestAGatewayIsSeenWhole: one trace from the caller to the backend, in spans,
// in the log, in the answer and in refusals, and stages whose times add up.
func TestAGatewayIsSeenWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log, p := accesslog.New(accesslog.Writer(&out), accesslog.Stages()), new(recording)
		g := gatewaytest.New(t, traced(),
			gateway.Kinds(tracing.Kind(tracing.Provider(p)), authz.PublicKind()), gateway.Recorders(log),
			gateway.Stages(slow("authenticate", pipeline.Authenticate), slow("retry", pipeline.Retry)))
		g.Backend("things", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(5 * time.Millisecond)
			w.Header().Set("Got", r.Header.Get("Traceparent"))
			w.Header().Set("Got-State", r.Header.Get("Tracestate"))
			_, _ = w.Write([]byte("ok"))
		}))
		r := httptest.NewRequest(http.MethodGet, "/things/7", nil)
		r.Header.Set("Traceparent", valid)
		r.Header.Set("Tracestate", "foo=1")
		got := g.Do(r)
		require.Equal(t, 200, got.Status)
		require.Equal(t, traceID, got.Header.Get("X-Trace-Id"))
		require.Contains(t, got.Header.Get("Got"), traceID)
		require.Equal(t, "foo=1", got.Header.Get("Got-State"))
		require.Len(t, p.all(), 2)
		require.Equal(t, p.all()[1].context.SpanID().String(), got.Header.Get("Got")[36:52])
		require.Equal(t, "GET /things/{id}", p.all()[0].name)

		require.EqualValues(t, 201, p.all()[0].attributes["gateway.spent_us.authenticate"])
		require.EqualValues(t, 5000, p.all()[0].attributes["gateway.spent_us.upstream"])

		refused := g.Do(httptest.NewRequest(http.MethodGet, "/nowhere", nil))
		require.Equal(t, 404, refused.Status)
		require.Contains(t, refused.Body, `"trace_id":"`+refused.Header.Get("X-Trace-Id")+`"`)
		require.Equal(t, "GET", p.all()[2].name, "an exchange of no route is seen as well")

		lines := told(t, log, &out)
		require.Len(t, lines, 2)
		require.Equal(t, traceID, lines[0].TraceID)
		require.Equal(t, refused.Header.Get("X-Trace-Id"), lines[1].TraceID)
		for _, l := range lines {
			l.addsUp(t)
		}
		require.InDelta(t, 201, lines[0].Stages["authenticate"], 1)
		require.InDelta(t, 201, lines[0].Stages["retry"], 1)
		require.InDelta(t, 5000, lines[0].Stages["upstream"], 1)
		require.Contains(t, lines[0].Stages, "trace_attempt")
		require.Contains(t, lines[1].Stages, "trace")
		require.NotContains(t, lines[1].Stages, "upstream")
	})
}

// A line is what the access log says of one exchange.
type line struct {
	TraceID string             `json:"trace_id"`
	Took    float64            `json:"took_ms"`
	Stages  map[string]float64 `json:"stages"`
}

// addsUp holds the stages to the whole within 1 %.
func (l line) addsUp(t testing.TB) {
	t.Helper()
	var sum float64
	for _, us := range l.Stages {
		sum += us
	}
	require.InDelta(t, l.Took*1000, sum, l.Took*1000/100, "%+v", l)
	require.NotEmpty(t, l.Stages)
}

func told(t testing.TB, log *accesslog.Log, out *bytes.Buffer) (lines []line) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, log.Run(ctx))
	for text := range strings.Lines(out.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		lines = append(lines, l)
	}
	return lines
}

// TestStagesAddUpOverTheWire measures real time.
func TestStagesAddUpOverTheWire(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := accesslog.New(accesslog.Writer(&out), accesslog.Stages())
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 64<<10))
	}))
	t.Cleanup(backend.Close)
	s := traced()
	s.Upstreams = []registry.Upstream{{Name: "things", Endpoints: []registry.Endpoint{{URL: backend.URL}}}}
	g := gatewaytest.New(t, clienttest.All(s), gateway.Kinds(tracing.Kind(), authz.PublicKind()), gateway.Recorders(log))
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	for range 20 {
		resp, err := http.Get(front.URL + "/things/7")
		require.NoError(t, err)
		_, err = bytes.NewBuffer(nil).ReadFrom(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
		require.Regexp(t, "^[0-9a-f]{32}$", resp.Header.Get("X-Trace-Id"))
	}
	front.Close()
	lines := told(t, log, &out)
	require.Len(t, lines, 20)
	for _, l := range lines {
		l.addsUp(t)
		require.Positive(t, l.Stages["upstream"])
		require.Positive(t, l.Stages["edge"])
	}
}
