package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz/payload"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A witness is a backend that counts what it was sent.
type witness struct {
	asked, whole, bytes atomic.Int64
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.asked.Add(1)
	n, err := io.Copy(io.Discard, r.Body)
	w.bytes.Add(n)
	if err == nil {
		w.whole.Add(1)
	}
	_, _ = fmt.Fprintf(rw, "%d", n)
}

// long returns JSON of some n bytes, with last at its end.
func long(n int, last string) string {
	return `{"items":["` + strings.Repeat(strings.Repeat("x", 100)+`","`, n/103) + `"],"last":` + last + "}"
}

// post sends a body and returns status, code, detail and content.
func post(t testing.TB, url, contentType string, body io.Reader) (status int, code, content string) {
	t.Helper()
	resp, err := http.Post(url, contentType, body)
	require.NoError(t, err)
	content = drain(resp.Body)
	var problem struct{ Code string }
	_ = json.Unmarshal([]byte(content), &problem) // of a good answer, nothing
	return resp.StatusCode, problem.Code, content
}

// TestABadBodyNeverReachesABackendAsAWhole sends bodies by every way that there
// is to a backend, around policies that try again and that count failures.
func TestABadBodyNeverReachesABackendAsAWhole(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"direct", "net_http", "in process"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			seen := &witness{}
			backend := httptest.NewServer(seen)
			t.Cleanup(backend.Close)
			s := snapshot("1", public("r", "/things", "b",
				payload.Policy(payload.Config{}),
				registry.NewPolicy("retry", map[string]any{"attempts": 3, "budget": 1, "methods": []string{"POST"}}),
				registry.NewPolicy("breaker", map[string]any{"min_requests": 2, "error_ratio": 0.1}),
			))
			var options []gateway.Option
			if client == "in process" {
				options = append(options, gateway.Upstream("b", seen))
			} else {
				b := registry.Upstream{Name: "b", Endpoints: []registry.Endpoint{{URL: backend.URL}}}
				b.Connections.Client = client
				s.Upstreams = []registry.Upstream{b}
			}
			_, addr := served(t, append(options, gateway.Snapshot(s))...)
			url := "http://" + addr + "/things"
			unknown := func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }

			for range 4 {
				status, code, _ := post(t, url, "application/json", strings.NewReader(`{"a":1,"\u0061":2}`))
				require.Equal(t, "422 payload_duplicate_key", fmt.Sprint(status, " ", code))
				status, code, _ = post(t, url, "text/xml", unknown(`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`))
				require.Equal(t, "422 payload_forbidden", fmt.Sprint(status, " ", code))
			}
			require.Zero(t, seen.asked.Load(), "nothing of a short one is sent")

			for range 4 {
				status, code, content := post(t, url, "application/json", strings.NewReader(long(500_000, "01")))
				require.Equal(t, "400 payload_malformed", fmt.Sprint(status, " ", code), content)
				require.Contains(t, content, "json.syntax")
				status, code, content = post(t, url, "application/json", unknown(long(500_000, deepArrays)))
				require.Equal(t, "422 payload_too_deep", fmt.Sprint(status, " ", code), content)
				status, code, content = post(t, url, "application/json", unknown(strings.TrimSuffix(long(500_000, "1"), "}")))
				require.Equal(t, "400 payload_malformed", fmt.Sprint(status, " ", code), content)
			}
			require.Zero(t, seen.whole.Load(), "a long one does not come to its end")
			require.LessOrEqual(t, seen.asked.Load(), int64(12), "and is not tried again")

			for range 4 { // connections and breaker are as they were
				for _, good := range []string{`{"a":1}`, long(500_000, "1")} {
					status, _, content := post(t, url, "application/json", strings.NewReader(good))
					require.Equal(t, fmt.Sprint(200, " ", len(good)), fmt.Sprint(status, " ", content))
					status, _, content = post(t, url, "application/json", unknown(good))
					require.Equal(t, fmt.Sprint(200, " ", len(good)), fmt.Sprint(status, " ", content))
				}
			}
		})
	}
}

var deepArrays = strings.Repeat("[", 100)

// TestARefusedPayloadIsToldLikeAnyDenial: the access log names the rule, and
// metrics count it, once and under the policy's name; neither repeats the body.
func TestARefusedPayloadIsToldLikeAnyDenial(t *testing.T) {
	t.Parallel()
	var written record
	log, figures := accesslog.New(accesslog.Writer(&written)), metrics.New()
	s := snapshot("1", public("r", "/things", "b", payload.Policy(payload.Config{}), registry.NewPolicy("breaker", map[string]any{})))
	g := gatewaytest.New(t, s, standardKinds(), gateway.Recorders(log, figures))
	for _, body := range []string{`{"canary":1,"canary":2}`, long(200_000, `{"canary":1,"canary":2}`)} {
		r := httptest.NewRequest(http.MethodPost, "/things", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		require.Equal(t, payload.CodeDuplicateKey, g.Do(r).Code)
	}
	w := httptest.NewRecorder()
	figures.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Regexp(t, `gateway_denials_total\{code="payload_duplicate_key",[^}]*stage="payload"[^}]*\} 2`, w.Body.String())
	require.NotRegexp(t, `gateway_denials_total\{[^}]*stage="breaker"`, w.Body.String())
	require.NoError(t, g.Close())
	ended, cancel := context.WithCancel(t.Context())
	cancel() // what was handed over is written all the same
	require.NoError(t, log.Run(ended))
	require.Equal(t, 2, strings.Count(written.String(), `{"stage":"payload","verdict":"deny","code":"payload_duplicate_key","rule":"json.duplicate_keys"}`))
	require.NotContains(t, written.String(), "canary")
}
