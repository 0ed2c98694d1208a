package gatewaytest

import (
	"log/slog"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Env returns what a thing may use while it is built: the kinds, the directory
// and the upstreams that the options name, and a log that goes to t. What it
// gives to Env.Go runs at once and is joined when t ends.
func Env(t testing.TB, opts ...Option) *pipeline.Env {
	t.Helper()
	scope, env := surroundings(t, "policy", opts)
	scope.Start()
	return env
}

// Build builds the stages of one policy of the kind. config holds its settings
// as JSON; empty means none. What the policy starts runs until t ends.
func Build(t testing.TB, kind pipeline.Kind[[]pipeline.Stage], config string, opts ...Option) []pipeline.Stage {
	t.Helper()
	stages, err := TryBuild(t, kind, config, opts...)
	if err != nil {
		t.Fatalf("build %s: %v", kind.Name, err)
	}
	return stages
}

// TryBuild is Build that returns the faults.
func TryBuild(t testing.TB, kind pipeline.Kind[[]pipeline.Stage], config string, opts ...Option) ([]pipeline.Stage, error) {
	t.Helper()
	opts = append([]Option{WithKinds(kind)}, opts...)
	scope, env := surroundings(t, kind.Name, opts)
	stages, err := pipeline.Make[[]pipeline.Stage](env, registry.Policy{Kind: kind.Name, Config: []byte(config)})
	if err != nil {
		return nil, err
	}
	scope.Start()
	return stages, nil
}

// BuildPolicy is Build of a policy made in Go: ratelimit.Policy(...).
func BuildPolicy(t testing.TB, kind pipeline.Kind[[]pipeline.Stage], p registry.Policy, opts ...Option) []pipeline.Stage {
	t.Helper()
	if p.Kind != kind.Name {
		t.Fatalf("the policy is of the kind %q, not %q", p.Kind, kind.Name)
	}
	return Build(t, kind, string(p.Config), opts...)
}

func surroundings(t testing.TB, name string, opts []Option) (*pipeline.Scope, *pipeline.Env) {
	t.Helper()
	s := apply(opts)
	kinds, err := pipeline.NewKinds(s.kinds...)
	if err != nil {
		t.Fatal(err)
	}
	if s.directory == nil {
		s.directory = &Directory{}
	}
	w := pipeline.Workshop{Kinds: kinds, Directory: s.directory, Environment: s.environmentOr(), Upstreams: s.upstream}
	scope := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(scope.Close)
	return scope, scope.Env(w, s.routeOr(), name)
}

func (s *settings) upstream(name string) (pipeline.Handler, error) {
	if h, ok := s.upstreams[name]; ok {
		return h, nil
	}
	names := make([]string, 0, len(s.upstreams))
	for n := range s.upstreams {
		names = append(names, n)
	}
	return nil, registry.Unknown("upstream", name, names)
}
