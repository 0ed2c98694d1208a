package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// public returns a route open to all.
func public(name, path, upstream string, policies ...registry.Policy) registry.Route {
	return registry.Route{
		Name: name, Match: registry.Match{Path: path}, Upstream: upstream,
		Policies: append(policies, authz.PublicPolicy()),
	}
}

func snapshot(version string, routes ...registry.Route) *registry.Snapshot {
	return &registry.Snapshot{Version: version, Environment: "test", Routes: routes}
}

// text returns a backend that answers with a line of its own.
func text(line string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, line) })
}

// newGateway makes a gateway with all standard kinds that is closed with the
// test.
func newGateway(t testing.TB, options ...gateway.Option) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(append(options, standard.Kinds())...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func apply(t testing.TB, g *gateway.Gateway, s *registry.Snapshot) {
	t.Helper()
	require.NoError(t, g.Apply(context.Background(), registry.Update{Snapshot: s}))
}

// get asks for a path and returns status and body.
func get(g http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// code returns the code of the problem that a path is answered with.
func code(t testing.TB, g http.Handler, path string) string {
	t.Helper()
	_, body := get(g, path)
	var problem struct{ Code string }
	require.NoError(t, json.Unmarshal([]byte(body), &problem), body)
	return problem.Code
}

// counting returns a kind "counting" whose stage tells how often it was built
// and started, and its policy.
type counting struct {
	built, started, ended chan string
}

func newCounting() *counting {
	return &counting{built: make(chan string, 64), started: make(chan string, 64), ended: make(chan string, 64)}
}

func (c *counting) kind() pipeline.AnyKind {
	type config struct {
		Tag  string `json:"tag"`
		Fail bool   `json:"fail,omitempty"`
	}
	return pipeline.NewKind("counting", func(env *pipeline.Env, cfg config) ([]pipeline.Stage, error) {
		if cfg.Fail {
			return nil, fmt.Errorf("is told to fail")
		}
		c.built <- cfg.Tag
		env.Go(func(ctx context.Context) {
			c.started <- cfg.Tag
			<-ctx.Done()
			c.ended <- cfg.Tag
		})
		return []pipeline.Stage{{Name: "counting", Phase: pipeline.Guard, Wrap: func(next pipeline.Handler) pipeline.Handler { return next }}}, nil
	})
}

func (c *counting) policy(tag string) registry.Policy {
	return registry.NewPolicy("counting", map[string]any{"tag": tag})
}

func drain(r io.ReadCloser) string {
	b, _ := io.ReadAll(r)
	_ = r.Close()
	return string(b)
}

func standardKinds() gateway.Option { return standard.Kinds() }

func explain(g *gateway.Gateway, path string) gateway.Explanation {
	return g.Explain(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
}

const (
	longest = 10 * time.Second
	tick    = time.Millisecond
)

func writeFile(path string, content []byte) error { return os.WriteFile(path, content, 0o600) }

// A counter is a backend that counts what it sees.
type counter struct{ n atomic.Int64 }

func (c *counter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.n.Add(1)
	fmt.Fprint(w, "seen")
}
