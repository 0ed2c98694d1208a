package procs_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
)

func TestCPUCountsWork(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs the clocks of Linux")
	}
	self := []int{os.Getpid()}
	before, err := procs.CPU(self)
	require.NoError(t, err)
	for {
		now, err := procs.CPU(self)
		require.NoError(t, err)
		if now > before {
			break
		}
	}
	_, err = procs.CPU([]int{1 << 23})
	require.ErrorContains(t, err, "8388608")
}

func TestTreeHoldsWorkers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	cmd := exec.Command("sh", "-c", "cat; true") // a shell, and cat below it
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = in.Write([]byte("x"))
	require.NoError(t, err)
	_, err = out.Read(make([]byte, 1)) // cat runs
	require.NoError(t, err)
	require.Len(t, procs.Tree(cmd.Process.Pid), 2)
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
}

func TestParseCalls(t *testing.T) {
	t.Parallel()
	calls, err := procs.ParseCalls("strace: Process 1 attached\nsyscall          calls\n---------------- ---------\nread                  3100\nrecvfrom              1000\nwritev                1500\nwrite                  500\nfutex                   20\nepoll_pwait            700\nepoll_ctl               30\n---------------- ---------\ntotal                 6850\n")
	require.NoError(t, err)
	require.Equal(t, procs.PerRequest{Read: 3.1, Recv: 1, Write: 2, Futex: 0.02, Epoll: 0.7, Other: 0.03}, calls.Per(1000))
	_, err = procs.ParseCalls("strace: attach: Operation not permitted")
	require.ErrorContains(t, err, "not permitted")
}
