//go:build unix

package redislimit_test

import (
	"fmt"
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

// A cluster is three machines without replicas.
type cluster struct {
	nodes [3]*server
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{}
	var bus [3]int
	for i := range c.nodes {
		bus[i] = freePort(t)
		c.nodes[i] = startRedis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus[i]),
			"--cluster-node-timeout", "15000", "--cluster-require-full-coverage", "no")
	}
	for i, slots := range [3][2]string{{"0", "5119"}, {"5120", "11263"}, {"11264", "16383"}} {
		c.single(i, "CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1])
		c.single(i, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(c.nodes[0].port), strconv.Itoa(bus[0]))
	}
	until(t, "all machines know all slots", func() bool {
		for _, n := range c.nodes {
			info, err := n.do("CLUSTER", "INFO").ToString()
			if err != nil || !strings.Contains(info, "cluster_state:ok") ||
				!strings.Contains(info, "cluster_slots_assigned:16384") || !strings.Contains(info, "cluster_known_nodes:3") {
				return false
			}
		}
		return true
	})
	return c
}

func (c *cluster) single(node int, command ...string) { c.nodes[node].must(command...) }

func (c *cluster) client(t testing.TB) rueidis.Client {
	t.Helper()
	client := dial(t, c.nodes[0].addr(), asCluster, impatient)
	require.Equal(t, rueidis.ClientModeCluster, client.Mode())
	return client
}

func TestARealClusterKeepsTheContract(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	client := c.client(t)
	var clock redislimit.Clock
	gatewaytest.TestLimiterClock(t, func(testing.TB) ratelimit.Limiter {
		for i := range c.nodes {
			c.single(i, "FLUSHALL")
		}
		return clock.Limiter(client, redislimit.Timeout(patient))
	}, clock.Advance)
}

func TestSeveralLimitsAreOneCallInACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	config := localConfig()
	config.Rate, config.Burst = registryRate(0, 0), 0
	config.Limits = limits(5, 100)
	f := newFleet(t, func() rueidis.Client { return c.client(t) }, config, redislimit.Timeout(patient))
	for i := range 20 {
		passed := 0
		for range 8 {
			if f.send(i%2, fmt.Sprint("consumer", i)) {
				passed++
			}
		}
		require.Equal(t, 5, passed)
	}
	require.EqualValues(t, 160, f.limiters[0].Stats().Decisions+f.limiters[1].Stats().Decisions)
	scripts := 0
	for _, n := range c.nodes {
		scripts += n.calls(t, "evalsha")
	}
	require.LessOrEqual(t, scripts, 160)
}

// calls returns how often the server executed a command without an error.
func (s *server) calls(t testing.TB, command string) int {
	t.Helper()
	info, err := s.do("INFO", "commandstats").ToString()
	require.NoError(t, err)
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, "cmdstat_"+command+":calls="); ok {
			count, _, _ := strings.Cut(rest, ",")
			n, err := strconv.Atoi(count)
			require.NoError(t, err)
			return n
		}
	}
	return 0
}

func TestTheTroubleOfOneMachineLeavesTheOthersCounting(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	l := redislimit.New(c.client(t), redislimit.Timeout(300*time.Millisecond))
	var asks []ratelimit.Ask
	for i := range 60 {
		asks = append(asks, ask(fmt.Sprint("key", i), 1000, 1000*time.Hour))
		until(t, "the cluster counts", func() bool { _, err := try(l, asks[i]); return err == nil })
	}
	held, err := c.nodes[2].do("KEYS", "*").AsStrSlice()
	require.NoError(t, err)
	gone := map[string]bool{}
	for _, key := range held {
		_, name, _ := strings.Cut(key, "}")
		gone[name] = true
	}
	require.NotEmpty(t, gone)

	c.nodes[2].signal(syscall.SIGSTOP)
	until(t, "the machine is given up on", func() bool {
		for _, a := range asks {
			if _, err := try(l, a); gone[a.Key] != (err != nil) {
				return false
			}
		}
		return l.Degraded()
	})
	c.nodes[2].signal(syscall.SIGCONT)
	until(t, "all machines count again", func() bool {
		for _, a := range asks {
			if _, err := try(l, a); err != nil {
				return false
			}
		}
		return !l.Degraded()
	})
}
