package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// shop makes scopes that share one pool.
type shop struct{ pool *pipeline.Pool }

func newShop() shop { return shop{pipeline.NewPool()} }

func (s shop) scope() (*pipeline.Scope, *pipeline.Env) {
	scope := pipeline.NewScope(s.pool, nil)
	return scope, scope.Env(pipeline.Workshop{}, nil, "policy")
}

// thing is shared; it knows whether it was closed, and what ran then.
type thing struct {
	closed  atomic.Int32
	running atomic.Int32
	late    atomic.Bool // closed while something ran
}

func (g *thing) Close() error {
	g.closed.Add(1)
	g.late.Store(g.running.Load() > 0)
	return nil
}

func (g *thing) run(ctx context.Context) {
	g.running.Add(1)
	defer g.running.Add(-1)
	<-ctx.Done()
}

func makeThing(calls *atomic.Int32) func(*pipeline.Env) (*thing, error) {
	return func(env *pipeline.Env) (*thing, error) {
		calls.Add(1)
		g := &thing{}
		env.Go(g.run)
		return g, nil
	}
}

func TestSharedIsMadeOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		s := newShop()
		made := make(chan *thing, 50)
		enough := make(chan struct{})
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				scope, env := s.scope()
				g, err := pipeline.Shared(env, "key", func(env *pipeline.Env) (*thing, error) {
					<-enough // the others arrive meanwhile
					return makeThing(&calls)(env)
				})
				require.NoError(t, err)
				made <- g
				scope.Close()
			})
		}
		synctest.Wait()
		close(enough)
		all.Wait()
		close(made)
		require.EqualValues(t, 1, calls.Load())
		first := <-made
		for g := range made {
			require.Same(t, first, g)
		}
		require.EqualValues(t, 1, first.closed.Load())
		require.Zero(t, s.pool.Len())
	})
}

func TestSharedLivesAsLongAsItIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		s := newShop()
		old, oldEnv := s.scope()
		a, err := pipeline.Shared(oldEnv, "key", makeThing(&calls))
		require.NoError(t, err)
		again, err := pipeline.Shared(oldEnv, "key", makeThing(&calls))
		require.NoError(t, err)
		require.Same(t, a, again, "twice in one scope is one use")
		old.Start()

		next, nextEnv := s.scope()
		b, err := pipeline.Shared(nextEnv, "key", makeThing(&calls))
		require.NoError(t, err)
		require.Same(t, a, b, "a reload finds what was there")
		next.Start()
		synctest.Wait()
		require.EqualValues(t, 1, a.running.Load(), "it runs once")
		old.Close()
		old.Close()
		require.Zero(t, a.closed.Load())
		next.Close()
		require.EqualValues(t, 1, a.closed.Load())
		require.False(t, a.late.Load(), "its goroutines ended before")

		last, lastEnv := s.scope()
		c, err := pipeline.Shared(lastEnv, "key", makeThing(&calls))
		require.NoError(t, err)
		require.NotSame(t, a, c, "what nobody used any more is made anew")
		last.Close()
		require.EqualValues(t, 2, calls.Load())
	})
}

func TestSharedIsKeptApartByKeyAndByType(t *testing.T) {
	t.Parallel()
	s := newShop()
	scope, env := s.scope()
	defer scope.Close()
	var calls atomic.Int32
	a, err := pipeline.Shared(env, "a", makeThing(&calls))
	require.NoError(t, err)
	b, err := pipeline.Shared(env, "b", makeThing(&calls))
	require.NoError(t, err)
	require.NotSame(t, a, b)
	n, err := pipeline.Shared(env, "a", func(*pipeline.Env) (int, error) { return 7, nil })
	require.NoError(t, err)
	require.Equal(t, 7, n)
	require.Equal(t, 3, s.pool.Len())
}

func TestSharedEnvIsTheThingsOwn(t *testing.T) {
	t.Parallel()
	s := newShop()
	first, firstEnv := s.scope()
	var own *pipeline.Env
	keep := func(env *pipeline.Env) (int, error) { own = env; return 1, nil }
	_, err := pipeline.Shared(firstEnv, "key", keep)
	require.NoError(t, err)
	second, secondEnv := s.scope()
	_, err = pipeline.Shared(secondEnv, "key", keep)
	require.NoError(t, err)
	require.Nil(t, own.Route)
	first.Close()
	require.NoError(t, own.Context.Err(), "it outlives the scope that made it")
	second.Close()
	require.Error(t, own.Context.Err())
}

func TestSharedThingThatFailsIsNotKept(t *testing.T) {
	t.Parallel()
	cause := errors.New("no steel")
	fails := map[string]func(*pipeline.Env) (*thing, error){
		"an error": func(*pipeline.Env) (*thing, error) { return nil, cause },
		"a panic":  func(*pipeline.Env) (*thing, error) { panic(cause) },
	}
	for name, make := range fails {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop()
			scope, env := s.scope()
			defer scope.Close()
			func() {
				defer func() { _ = recover() }()
				_, err := pipeline.Shared(env, "key", make)
				require.ErrorIs(t, err, cause)
			}()
			require.Zero(t, s.pool.Len())
			var calls atomic.Int32
			_, err := pipeline.Shared(env, "key", makeThing(&calls))
			require.NoError(t, err, "who comes later tries anew")
		})
	}
}

func TestSharedNestsAndLetsGoOfAll(t *testing.T) {
	t.Parallel()
	s := newShop()
	var calls atomic.Int32
	var inner *thing
	scope, env := s.scope()
	_, err := pipeline.Shared(env, "outer", func(env *pipeline.Env) (*thing, error) {
		var err error
		inner, err = pipeline.Shared(env, "inner", makeThing(&calls))
		return &thing{}, err
	})
	require.NoError(t, err)
	scope.Start()
	scope.Close()
	require.EqualValues(t, 1, inner.closed.Load())
	require.False(t, inner.late.Load())
	require.Zero(t, s.pool.Len())
}

func TestSharedWithoutAScopeIsMadeForWhoAsks(t *testing.T) {
	t.Parallel()
	n, err := pipeline.Shared(&pipeline.Env{}, "key", func(*pipeline.Env) (int, error) { return 7, nil })
	require.NoError(t, err)
	require.Equal(t, 7, n)
}

func TestSharedThatIsMadeOfItselfIsAnError(t *testing.T) {
	t.Parallel()
	s := newShop()
	scope, env := s.scope()
	var one, other func(*pipeline.Env) (*thing, error)
	one = func(env *pipeline.Env) (*thing, error) { return pipeline.Shared(env, "other", other) }
	other = func(env *pipeline.Env) (*thing, error) { return pipeline.Shared(env, "one", one) }
	_, err := pipeline.Shared(env, "one", one)
	require.ErrorContains(t, err, `shared "one": is made of itself`)
	scope.Close()
	require.Zero(t, s.pool.Len())
}
