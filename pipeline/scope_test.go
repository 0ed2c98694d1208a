package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestGoStartsAtStartAndIsJoinedAtClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var started, ended atomic.Int32
		task := func(ctx context.Context) {
			started.Add(1)
			<-ctx.Done()
			time.Sleep(time.Minute) // takes its time; Close waits
			ended.Add(1)
		}
		scope, env := newShop().scope()
		env.Go(task)
		_, err := pipeline.Shared(env, "key", func(env *pipeline.Env) (int, error) { env.Go(task); return 1, nil })
		require.NoError(t, err)
		synctest.Wait()
		require.Zero(t, started.Load(), "building starts nothing")
		scope.Start()
		scope.Start()
		synctest.Wait()
		require.EqualValues(t, 2, started.Load(), "once each, the shared thing's too")
		env.Go(task)
		synctest.Wait()
		require.EqualValues(t, 3, started.Load(), "what comes after the start starts at once")
		scope.Close()
		require.EqualValues(t, 3, ended.Load())
		require.Error(t, env.Context.Err())
	})
}

func TestScopeThatIsNeverStartedRunsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scope, env := newShop().scope()
		env.Go(func(context.Context) { panic("started") })
		scope.Close()
		(&pipeline.Env{}).Go(func(context.Context) { panic("started without a scope") })
		synctest.Wait()
	})
}

func TestPanicInATaskIsLoggedAndEndsItAlone(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	scope := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.NewTextHandler(&log, nil)))
	env := scope.Env(pipeline.Workshop{}, nil, "policy")
	var ended atomic.Bool
	env.Go(func(context.Context) { panic("out of steel") })
	env.Go(func(ctx context.Context) { <-ctx.Done(); ended.Store(true) })
	scope.Start()
	scope.Close()
	require.True(t, ended.Load())
	require.Contains(t, log.String(), "out of steel")
}

func TestSecretFromTheEnvironment(t *testing.T) { // not parallel: it sets the environment
	t.Setenv("GATEWAY_TEST_SECRET", "value")
	env := &pipeline.Env{}
	got, err := env.Secret(registry.Secret{Env: "GATEWAY_TEST_SECRET"})
	require.NoError(t, err)
	require.Equal(t, "value", string(got))
	t.Setenv("GATEWAY_TEST_SECRET", "")
	_, err = env.Secret(registry.Secret{Env: "GATEWAY_TEST_SECRET"})
	require.ErrorContains(t, err, "GATEWAY_TEST_SECRET", "an empty one is none; the error names the place")
}

func TestSecretFromAFile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, content, want string
		fails               bool
	}{
		{"the content is the secret", "value", "value", false},
		{"a newline at the end does not count", "value\r\n", "value", false},
		{"a newline within does", "a\nb\n", "a\nb", false},
		{"an empty file is no secret", "", "", true},
		{"nothing but a newline is no secret", "\n", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secret")
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o600))
			got, err := (&pipeline.Env{}).Secret(registry.Secret{File: path})
			require.Equal(t, test.want, string(got))
			require.Equal(t, test.fails, err != nil)
		})
	}
}

func TestSecretsComeFromRegularFilesOnly(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "endless")
	require.NoError(t, os.Symlink("/dev/zero", link))
	for _, path := range []string{link, t.TempDir()} {
		_, err := (&pipeline.Env{}).Secret(registry.Secret{File: path})
		require.ErrorContains(t, err, "is no regular file")
	}
}

func TestAFileThatBecomesEndlessIsStale(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("value"), 0o600))
	scope, env := newShop().scope()
	_, err := env.Secret(registry.Secret{File: path})
	require.NoError(t, err)
	require.False(t, scope.Stale())
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink("/dev/zero", path))
	require.True(t, scope.Stale())
}

func TestSecretNeedsOnePlace(t *testing.T) {
	t.Parallel()
	for _, s := range []registry.Secret{{}, {Env: "A", File: "/b"}, {File: filepath.Join(t.TempDir(), "none")}} {
		_, err := (&pipeline.Env{}).Secret(s)
		require.Error(t, err)
	}
}

func TestSecretPrintsAsStars(t *testing.T) {
	t.Parallel()
	s := registry.Secret{Env: "NAME_OF_IT"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("built", "secret", s)
	for _, printed := range []string{log.String(), sprint("%v", s), sprint("%+v", s), sprint("%#v", s), sprint("%s", s)} {
		require.Contains(t, printed, "***")
		require.NotContains(t, printed, "NAME_OF_IT")
	}
}

func TestFileIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 16<<20+1))
	_, err := (&pipeline.Env{}).File(path)
	require.ErrorContains(t, err, "longer")
}

func TestScopeIsStaleWhereAFileThatItReadHasChanged(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte("one"), 0o600))
		scope, env := newShop().scope()
		read := func(env *pipeline.Env) (string, error) {
			content, err := env.File(path)
			return string(content), err
		}
		var err error
		if shared {
			_, err = pipeline.Shared(env, "key", read)
		} else {
			_, err = read(env)
		}
		require.NoError(t, err)
		require.False(t, scope.Stale())
		require.NoError(t, os.WriteFile(path, []byte("two"), 0o600))
		require.True(t, scope.Stale())
		require.NoError(t, os.WriteFile(path, []byte("one"), 0o600))
		require.False(t, scope.Stale(), "content counts, not time")
		require.NoError(t, os.Remove(path))
		require.True(t, scope.Stale())
		scope.Close()
	}
}

func TestEnvUpstream(t *testing.T) {
	t.Parallel()
	_, err := (&pipeline.Env{}).Upstream("users")
	require.ErrorContains(t, err, `"users"`)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	defer scope.Close()
	env := scope.Env(pipeline.Workshop{Upstreams: func(string) (pipeline.Handler, error) { return ok, nil }}, nil, "p")
	h, err := env.Upstream("users")
	require.NoError(t, err)
	require.NotNil(t, h)
	require.NotNil(t, env.Logger(), "there is always a logger")
}

func sprint(format string, s registry.Secret) string { return fmt.Sprintf(format, s) }
