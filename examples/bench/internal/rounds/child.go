package rounds

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
)

// starting bounds how long a process may take until it serves: a directory of
// 100,000 subscriptions is loaded on a busy machine.
const starting = time.Minute

// A child is a process of the run.
type child struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Reader // nil for programs of others
	ended  chan struct{}
}

// start starts a process, which is in a group of its own, so that an interrupt
// from the keyboard comes to the driver alone.
func start(cmd *exec.Cmd, talks bool) (*child, error) {
	c := &child{cmd: cmd, ended: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	if talks {
		output, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		c.output = bufio.NewReader(output)
		if c.input, err = cmd.StdinPipe(); err != nil {
			return nil, err
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.ended)
		_ = cmd.Wait()
	}()
	return c, nil
}

// await waits until ready holds.
func (c *child) await(ready func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(starting); !ready(); {
		select {
		case <-tick.C:
		case <-c.ended:
			return errors.New("it ended before it served")
		case <-limit:
			return fmt.Errorf("it does not serve after %v", starting)
		}
	}
	return nil
}

// talk starts a process of this module and waits until it says that it serves.
func talk(cmd *exec.Cmd) (*child, error) {
	c, err := start(cmd, true)
	if err != nil {
		return nil, err
	}
	said := make(chan error, 1)
	go func() {
		line, err := c.output.ReadString('\n')
		if err == nil && line != "ready\n" {
			err = fmt.Errorf("it says %q", line)
		}
		said <- err
	}()
	select {
	case err = <-said:
	case <-time.After(starting):
		err = fmt.Errorf("it does not serve after %v", starting)
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// ask sends a line and reads the answer.
func (c *child) ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := c.input.Write(append(line, '\n')); err != nil {
		return err
	}
	text, err := c.output.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the process ended: %w", err)
	}
	return json.Unmarshal(text, answer)
}

func (c *child) pids() []int { return procs.Tree(c.cmd.Process.Pid) }

// stop ends the process and waits for it: those of this module end with their
// input, others by a signal.
func (c *child) stop() {
	if c.input != nil {
		_ = c.input.Close()
	} else {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}
