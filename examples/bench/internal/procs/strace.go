package procs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Calls are numbers of system calls, by name.
type Calls map[string]int

// CountCalls counts the system calls of processes while during runs, with
// strace. What runs meanwhile is slowed down and not to be timed.
func CountCalls(pids []int, during func() error) (Calls, error) {
	dir, err := os.MkdirTemp("", "strace")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	summary := filepath.Join(dir, "summary")
	args := []string{"-c", "-f", "-U", "name,calls", "-o", summary}
	for _, pid := range pids {
		args = append(args, "-p", strconv.Itoa(pid))
	}
	cmd := exec.Command("strace", args...)
	told, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	attached := awaitAttached(told, len(pids))
	if attached == nil {
		err = during()
	}
	_ = cmd.Process.Signal(os.Interrupt) // detaches
	_ = cmd.Wait()
	if err := errors.Join(attached, err); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(summary)
	if err != nil {
		return nil, err
	}
	return ParseCalls(string(text))
}

// awaitAttached waits until strace says that it has attached to n processes,
// and goes on to read what it says.
func awaitAttached(told io.Reader, n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	lines := bufio.NewScanner(told)
	go func() {
		defer cancel()
		for lines.Scan() {
			if strings.Contains(lines.Text(), " attached") {
				n--
			}
			if n == 0 {
				break
			}
		}
		go func() { _, _ = io.Copy(io.Discard, told) }()
	}()
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("strace does not attach")
	}
	return nil
}

// ParseCalls reads the summary that `strace -c -U name,calls` writes.
func ParseCalls(summary string) (Calls, error) {
	calls := Calls{}
	for l := range strings.Lines(summary) {
		f := strings.Fields(l)
		if len(f) != 2 || f[0] == "total" {
			continue
		}
		if n, err := strconv.Atoi(f[1]); err == nil {
			calls[f[0]] = n
		}
	}
	if len(calls) == 0 {
		return nil, fmt.Errorf("strace counted nothing: %q", summary)
	}
	return calls, nil
}

// PerRequest are system calls of one request, by kind.
type PerRequest struct {
	Read  float64 `json:"read"`  // read, readv
	Recv  float64 `json:"recv"`  // recvfrom, recvmsg: looks at idle connections in Go programs, reads in others
	Write float64 `json:"write"` // write, writev, sendto, sendmsg, sendfile, splice
	Futex float64 `json:"futex"`
	Epoll float64 `json:"epoll"` // waits; not epoll_ctl
	Other float64 `json:"other"`
}

// Per divides by the number of requests.
func (c Calls) Per(requests int) PerRequest {
	var p PerRequest
	for name, n := range c {
		*p.kind(name) += float64(n) / float64(max(requests, 1))
	}
	return p
}

func (p *PerRequest) kind(name string) *float64 {
	switch name {
	case "read", "readv":
		return &p.Read
	case "recvfrom", "recvmsg":
		return &p.Recv
	case "write", "writev", "sendto", "sendmsg", "sendfile", "splice":
		return &p.Write
	case "futex":
		return &p.Futex
	case "epoll_wait", "epoll_pwait", "epoll_pwait2":
		return &p.Epoll
	}
	return &p.Other
}
