//go:build !linux

package command

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const limitable = false

// Supervise belongs at the very top of main. Here it does nothing: commands have supervisors on Linux alone.
func Supervise() {}

func lookUpUser(name string) (*identity, error) {
	if name != "" {
		return nil, errors.New("programs run as another user on Linux alone")
	}
	return nil, nil
}

// start starts the program in a group of its own. What leaves the group, or outlives a worker that is killed, is not ended here.
func start(p *plan, input bool, _ *os.File, _ func(string)) (*process, error) {
	streams, err := newPipes(input)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Path, err)
	}
	defer streams.closeTheirs()
	cmd := &exec.Cmd{
		Path: p.Path, Args: text(p.Args), Env: text(p.Env), Dir: p.Dir, SysProcAttr: apart(),
		Stdout: streams.theirs[1], Stderr: streams.theirs[2],
	}
	if input {
		cmd.Stdin = streams.theirs[0]
	}
	if err := cmd.Start(); err != nil {
		streams.ours.closePipes()
		return nil, tasks.Permanent(fmt.Errorf("the program %w: %w", errStart, startError(p, err)))
	}
	w := &watch{process: &streams.ours, cmd: cmd, grace: p.Grace, stopped: make(chan struct{}), exited: make(chan struct{})}
	w.stop = func() { close(w.stopped) }
	w.close = func() { w.closePipes() }
	go w.wait()
	go w.see()
	return w.process, nil
}

// watch looks after a program from within the worker.
type watch struct {
	*process
	cmd     *exec.Cmd
	grace   time.Duration
	stopped chan struct{}
	exited  chan struct{}
}

func (w *watch) wait() {
	_ = w.cmd.Wait() // ProcessState says how it ended
	close(w.exited)
}

func (w *watch) see() {
	select {
	case <-w.exited:
	case <-w.stopped:
		terminate(w.cmd.Process)
		t := time.NewTimer(w.grace)
		defer t.Stop()
		select {
		case <-w.exited:
		case <-t.C:
		}
	}
	kill(w.cmd.Process) // those in its group that are still there
	<-w.exited
	e := exit{Status: w.cmd.ProcessState.ExitCode()}
	if e.Status < 0 {
		e.Signal = w.cmd.ProcessState.String()
	}
	w.end(e)
}
