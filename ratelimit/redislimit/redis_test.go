//go:build unix

package redislimit_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/ratelimit/redislimit"
)

// A server is a redis-server of its own, on loopback.
type server struct {
	t    testing.TB
	port int
	args []string
	cmd  *exec.Cmd
}

// startRedis starts one, and skips t where there is no redis-server.
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not in PATH: install it (Debian: redis-server) to run this test")
	}
	s := &server{t: t, port: freePort(t)}
	s.args = append([]string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", t.TempDir(), "--loglevel", "warning",
	}, args...)
	s.start()
	t.Cleanup(s.kill)
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	return ln.Addr().(*net.TCPAddr).Port
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	require.NoError(s.t, s.cmd.Start())
	until(s.t, "the redis-server accepts connections", func() bool {
		c, err := net.Dial("tcp", s.addr())
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// kill ends the process, also where it is stopped.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_, _ = s.cmd.Process.Wait()
}

func (s *server) signal(sig os.Signal) { require.NoError(s.t, s.cmd.Process.Signal(sig)) }

// do sends a command, over a connection of its own.
func (s *server) do(command ...string) rueidis.RedisResult {
	client := dial(s.t, s.addr())
	return client.Do(s.t.Context(), client.B().Arbitrary(command...).Build())
}

func (s *server) must(command ...string) {
	s.t.Helper()
	require.NoError(s.t, s.do(command...).Error(), strings.Join(command, " "))
}

func TestARealRedisKeepsTheContract(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	client := dial(t, redis.addr())
	var c redislimit.Clock
	gatewaytest.TestLimiterClock(t, func(testing.TB) ratelimit.Limiter {
		redis.must("FLUSHALL")
		return c.Limiter(client, redislimit.Timeout(patient))
	}, c.Advance)
}

func TestARealRedisCountsByItsClock(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	client := dial(t, redis.addr())
	l := redislimit.New(client, redislimit.Timeout(patient))
	asked := ask("a", 1, 300*time.Millisecond)
	require.True(t, take(t, l, asked)[0].Allowed)
	until(t, "the bucket fills", func() bool { return take(t, l, asked)[0].Allowed })
	until(t, "the key expires", func() bool {
		n, err := client.Do(t.Context(), client.B().Dbsize().Build()).AsInt64()
		return err == nil && n == 0
	})
}

func TestTwoInstancesCountTogetherInARealRedis(t *testing.T) {
	t.Parallel()
	asked := ratelimit.Ask{Key: "shared", Rate: ratelimit.Rate{Limit: 1000, Per: time.Second, Burst: 500}, N: 1}
	passed, took := together(t, startRedis(t).addr(), asked, time.Second)
	bound := 500 + 1000*took.Seconds()
	require.LessOrEqual(t, float64(passed), 1.05*bound)
	require.GreaterOrEqual(t, float64(passed), 0.5*bound)
}

func TestFaultsOfARealRedis(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		fault, heal func(*server)
		degrades    bool
	}{
		{"killed and started again", (*server).kill, (*server).start, true},
		{
			"stopped by a signal",
			func(s *server) { s.signal(syscall.SIGSTOP) },
			func(s *server) { s.signal(syscall.SIGCONT) }, true,
		},
		{"paused for all clients", func(s *server) { s.must("CLIENT", "PAUSE", "700") }, func(*server) {}, true},
		{
			"made a replica of nobody",
			func(s *server) { s.must("REPLICAOF", "127.0.0.1", "1") },
			func(s *server) { s.must("REPLICAOF", "NO", "ONE") }, true,
		},
		{
			"out of memory",
			func(s *server) { s.must("CONFIG", "SET", "maxmemory", "1") },
			func(s *server) { s.must("CONFIG", "SET", "maxmemory", "0") }, true,
		},
		{
			"flushed, scripts and all",
			func(s *server) { s.must("FLUSHALL"); s.must("SCRIPT", "FLUSH") },
			func(*server) {}, false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			redis := startRedis(t)
			f := newFleet(t, func() rueidis.Client { return dial(t, redis.addr(), impatient) }, localConfig())
			f.weather(t, func() {
				test.fault(redis)
				<-time.After(faultTime / 2)
				if test.degrades {
					require.True(t, f.degraded(), "Redis is known not to answer")
				}
				<-time.After(faultTime / 2)
				test.heal(redis)
			})
			f.recovers(t)
		})
	}
}
