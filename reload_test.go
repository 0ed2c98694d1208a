package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest/clienttest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestUnchangedRoutesKeepTheirHandler(t *testing.T) {
	t.Parallel()
	c := newCounting()
	g := newGateway(t, gateway.Kinds(c.kind()), gateway.Upstream("b", text("b")))
	apply(t, g, snapshot("1", public("one", "/one", "b", c.policy("one")), public("two", "/two", "b", c.policy("two"))))
	require.ElementsMatch(t, []string{"one", "two"}, []string{<-c.built, <-c.built})
	require.ElementsMatch(t, []string{"one", "two"}, []string{<-c.started, <-c.started})
	before := g.Routes()

	apply(t, g, snapshot("2", public("one", "/one", "b", c.policy("one")), public("two", "/two", "b", c.policy("changed"))))
	require.Equal(t, "changed", <-c.built, "only the changed route is compiled")
	require.Equal(t, "changed", <-c.started)
	require.Equal(t, "two", <-c.ended, "what the retired route started is ended")
	require.Empty(t, c.built)
	after := g.Routes()
	require.Equal(t, before[0].Since, after[0].Since)
	require.NotEqual(t, before[1].Since, after[1].Since)
}

func TestChangedEndpointsRecompileNothing(t *testing.T) {
	t.Parallel()
	a, b := httptest.NewServer(text("a")), httptest.NewServer(text("b"))
	t.Cleanup(a.Close)
	t.Cleanup(b.Close)
	c := newCounting()
	g := newGateway(t, gateway.Kinds(c.kind()))
	with := func(version, url string) *registry.Snapshot {
		s := snapshot(version, public("one", "/one", "u", c.policy("one")))
		s.Upstreams = []registry.Upstream{{Name: "u", Endpoints: []registry.Endpoint{{URL: url}}}}
		return clienttest.All(s)
	}
	apply(t, g, with("1", a.URL))
	require.Equal(t, "one", <-c.built)
	_, body := get(g, "/one")
	require.Equal(t, "a", body)

	apply(t, g, with("2", b.URL))
	_, body = get(g, "/one")
	require.Equal(t, "b", body)
	require.Empty(t, c.built)

	changed := with("3", b.URL)
	changed.Upstreams[0].Timeouts.Dial = registry.Duration(time.Second)
	apply(t, g, changed)
	_, body = get(g, "/one")
	require.Equal(t, "b", body)
	require.Empty(t, c.built, "new settings of an upstream recompile no route either")
}

// hesitant is a balancer that has no endpoint until it is let go.
type hesitant struct{ asked, letGo chan struct{} }

func (h hesitant) Pick(*pipeline.Exchange, []*upstream.Endpoint) *upstream.Endpoint {
	close(h.asked)
	<-h.letGo
	return nil
}

func TestAnExchangeThatMeetsTheChangeOfItsUpstreamIsServedByTheNewOne(t *testing.T) {
	t.Parallel()
	type none struct{}
	h := hesitant{make(chan struct{}), make(chan struct{})}
	kind := pipeline.NewKind("hesitant", func(*pipeline.Env, none) (upstream.Balancer, error) { return h, nil })
	backend := httptest.NewServer(text("b"))
	t.Cleanup(backend.Close)
	s := snapshot("1", public("one", "/one", "u"))
	policy := registry.NewPolicy("hesitant", none{})
	s.Upstreams = []registry.Upstream{{Name: "u", Balancer: &policy, Endpoints: []registry.Endpoint{{URL: backend.URL}}}}
	g := newGateway(t, gateway.Kinds(kind), gateway.Snapshot(clienttest.All(s)))
	status := make(chan int)
	go func() { code, _ := get(g, "/one"); status <- code }()
	<-h.asked

	next := snapshot("2", public("one", "/one", "u"))
	next.Upstreams = []registry.Upstream{{Name: "u", Endpoints: []registry.Endpoint{{URL: backend.URL}}}}
	apply(t, g, clienttest.All(next))
	close(h.letGo)
	require.Equal(t, http.StatusOK, <-status)
}

func TestSharedStateOutlivesItsRoutes(t *testing.T) {
	t.Parallel()
	made := make(chan string, 8)
	closed := make(chan string, 8)
	kind := pipeline.NewKind("sharing", func(env *pipeline.Env, cfg struct {
		Key string `json:"key"`
		Tag string `json:"tag"`
	}) ([]pipeline.Stage, error) {
		_, err := pipeline.Shared(env, cfg.Key, func(*pipeline.Env) (io.Closer, error) {
			made <- cfg.Key
			return closer(func() error { closed <- cfg.Key; return nil }), nil
		})
		return []pipeline.Stage{{Name: "sharing", Phase: pipeline.Guard, Wrap: func(next pipeline.Handler) pipeline.Handler { return next }}}, err
	})
	policy := func(key, tag string) registry.Policy {
		return registry.NewPolicy("sharing", map[string]any{"key": key, "tag": tag})
	}
	g := newGateway(t, gateway.Kinds(kind), gateway.Upstream("b", text("b")))
	apply(t, g, snapshot("1", public("one", "/one", "b", policy("k", "1"))))
	apply(t, g, snapshot("2", public("one", "/one", "b", policy("k", "2"))))
	require.Equal(t, "k", <-made)
	require.Empty(t, made, "the state under a key that does not change survives")
	apply(t, g, snapshot("3", public("one", "/one", "b", policy("other", "2"))))
	require.Equal(t, "other", <-made)
	require.Equal(t, "k", <-closed)
}

type closer func() error

func (f closer) Close() error { return f() }

func TestARefusedUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCounting()
	g := newGateway(t, gateway.Kinds(c.kind()), gateway.Upstream("b", text("b")))
	apply(t, g, snapshot("1", public("one", "/one", "b")))

	bad := snapshot("2",
		public("one", "/changed", "b", c.policy("fresh")),
		public("two", "/two", "nowhere", registry.NewPolicy("compres", map[string]any{})),
		public("three", "/three", "b", registry.NewPolicy("counting", map[string]any{"tag": "x", "fail": true})),
		public("four", "/four", "b", registry.NewPolicy("counting", map[string]any{"tagg": "x"})),
		registry.Route{Name: "five", Match: registry.Match{Path: "/five"}, Upstream: "b"},
	)
	err := g.Apply(t.Context(), registry.Update{Snapshot: bad})
	var faults registry.Faults
	require.ErrorAs(t, err, &faults)
	for _, want := range []string{
		`route "two"`, `unknown kind "compres"; did you mean "compress"?`,
		`route "three": policy "counting": is told to fail`,
		`route "four": policy "counting"`, `"tagg"`, `did you mean "tag"?`,
		`route "five"`, "says nothing about who may call it",
	} {
		require.Contains(t, err.Error(), want)
	}
	status, body := get(g, "/one")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "b", body)
	require.Empty(t, c.started, "what was built for a refused update never starts")
	config := g.Config()
	require.Equal(t, "1", config.Version)
	require.Equal(t, "2", config.Refused.Version)
	require.Len(t, config.Refused.Faults, len(faults))

	apply(t, g, snapshot("3", public("one", "/one", "b")))
	require.Nil(t, g.Config().Refused)
}

func TestAFaultThatRoutesInheritIsToldOnce(t *testing.T) {
	t.Parallel()
	doc, err := registry.DecodeDocument([]byte(`{"policies": [{"compres": {}}], "routes": [
		{"name": "a", "match": {"path": "/a"}, "upstream": "b", "policies": ["public"]},
		{"name": "b", "match": {"path": "/b"}, "upstream": "b", "policies": ["public"]},
		{"name": "c", "match": {"path": "/c"}, "upstream": "b", "policies": ["public", {"timeout": {"total": "soon"}}]}]}`), "gateway.json", 0)
	require.NoError(t, err)
	s, _, err := doc.Expand()
	require.NoError(t, err)
	_, err = gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.Snapshot(s))
	var faults registry.Faults
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, 2, "%v", err)
	require.ErrorContains(t, faults[0], `/policies/0/compres: route "a"`)
	require.ErrorContains(t, faults[0], `did you mean "compress"? (and for 2 more that inherit it)`)
	require.ErrorContains(t, faults[1], `route "c": policy "timeout"`)
}

func TestARouteSaysWhoMayCallIt(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gateway.Upstream("b", text("b")))
	both := public("both", "/both", "b", registry.NewPolicy("subscription", map[string]any{}))
	both.API = "users/v1"
	nothing := registry.Route{Name: "nothing", Match: registry.Match{Path: "/nothing"}, Policies: public("", "", "").Policies}
	err := g.Apply(t.Context(), registry.Update{Snapshot: snapshot("1", both, nothing)})
	require.ErrorContains(t, err, `route "both"`)
	require.ErrorContains(t, err, "is public and yet asks for subscription")
	require.ErrorContains(t, err, `route "nothing"`)
	require.ErrorContains(t, err, "names no upstream, and none of its policies answers")
}

func TestRollbackPinsUntilANewVersionComes(t *testing.T) {
	t.Parallel()
	source := make(updates)
	g, err := gateway.New(gateway.Source(source), gateway.Upstream("b", text("b")), standardKinds())
	require.NoError(t, err)
	ended := running(t, g)
	require.NoError(t, source.send(snapshot("1", public("one", "/one", "b"))))
	require.NoError(t, source.send(snapshot("2", public("one", "/two", "b"))))
	require.NoError(t, g.Rollback(t.Context()))
	status, _ := get(g, "/one")
	require.Equal(t, http.StatusOK, status)
	require.True(t, g.Config().Pinned)

	require.NoError(t, source.send(snapshot("2", public("one", "/two", "b"))))
	status, _ = get(g, "/one")
	require.Equal(t, http.StatusOK, status, "the version that was left is passed over")
	require.NoError(t, source.send(snapshot("3", public("one", "/three", "b"))))
	status, _ = get(g, "/three")
	require.Equal(t, http.StatusOK, status)
	require.False(t, g.Config().Pinned)
	require.ErrorIs(t, ended(), nil)
}

func TestRollbackWithoutHistory(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gateway.Upstream("b", text("b")), gateway.Snapshot(snapshot("1", public("one", "/one", "b"))))
	require.ErrorIs(t, g.Rollback(t.Context()), gateway.ErrNoHistory)
}

// updates is a source that a test drives.
type updates chan delivery

type delivery struct {
	update registry.Update
	answer chan error
}

func (u updates) Watch(ctx context.Context, apply func(registry.Update) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-u:
			d.answer <- apply(d.update)
		}
	}
}

func (u updates) send(s *registry.Snapshot) error {
	d := delivery{registry.Update{Snapshot: s}, make(chan error)}
	u <- d
	return <-d.answer
}

// running runs the gateway; the function that it returns ends it.
func running(t testing.TB, g *gateway.Gateway) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(cancel)
	return func() error { cancel(); return <-done }
}

func TestTheLastGoodConfigurationStartsAGateway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "last-good.json")
	first, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.LastGood(path))
	require.NoError(t, err)
	require.NoError(t, first.Apply(t.Context(), registry.Update{
		Snapshot: snapshot("7", public("one", "/one", "b")),
		Directory: []registry.Change{
			{Plan: &registry.Plan{Name: "gold"}},
			{Subscription: &registry.Subscription{ID: "s", Consumer: "acme", API: "users/v1", Environment: "test", Active: true, Plan: &registry.Plan{Name: "gold"}}},
			{Credential: &registry.Credential{ID: "k", Consumer: "acme"}, Sum: [32]byte{1, 2, 3}},
		},
	}))
	require.NoError(t, first.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	away := sourceFunc(func(context.Context, func(registry.Update) error) error { return errors.New("registry is away") })
	g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.LastGood(path), gateway.Source(away))
	require.NoError(t, err)
	end := running(t, g)
	<-g.Ready()
	status, _ := get(g, "/one")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "last_good", g.Config().Origin)
	require.NoError(t, end())

	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{
		"one byte altered": []byte(strings.Replace(string(raw), "/one", "/two", 1)),
		"cut":              raw[:len(raw)/2],
		"empty":            {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "damaged.json")
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			g, err := gateway.New(standardKinds(), gateway.Upstream("b", text("b")), gateway.LastGood(path), gateway.Source(away))
			require.NoError(t, err)
			err = g.Run(t.Context())
			require.ErrorIs(t, err, gateway.ErrLastGood)
			require.ErrorContains(t, err, "registry is away")
		})
	}
}

type sourceFunc func(context.Context, func(registry.Update) error) error

func (f sourceFunc) Watch(ctx context.Context, apply func(registry.Update) error) error {
	return f(ctx, apply)
}

func TestAFirstRefusalIsTheErrorOfRun(t *testing.T) {
	t.Parallel()
	bad := sourceFunc(func(ctx context.Context, apply func(registry.Update) error) error {
		_ = apply(registry.Update{Snapshot: snapshot("1", public("one", "no-slash", "nowhere"))})
		<-ctx.Done()
		return nil
	})
	g, err := gateway.New(standardKinds(), gateway.Source(bad))
	require.NoError(t, err)
	err = g.Run(t.Context())
	require.ErrorContains(t, err, `route "one"`)
	require.False(t, g.Serving())
}
