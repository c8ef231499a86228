package rig

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Process is one process of the product. Its methods fail the test when they cannot do what they say.
type Process struct {
	Started time.Time

	t      testing.TB
	name   string
	again  func() *Process
	quiet  bool
	cmd    *exec.Cmd
	said   *output
	exited chan struct{}
}

// Start runs a program until the test ends. What it said is shown if the test fails.
func Start(t testing.TB, name, path string, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{Started: time.Now(), t: t, name: name, said: newOutput(), exited: make(chan struct{})}
	p.again = func() *Process { return Start(t, name, path, env, args...) }
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), path, args...) // it ends in the cleanup, after what uses it
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.Env = append(environment(), env...)
	p.cmd.SysProcAttr = apart()
	started := make(chan error)
	go func() {
		// The kernel kills the process when the thread that started it ends, so the thread lives as long as the process.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // ExitCode says how it ended
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() && !p.quiet {
			text, _ := p.said.text()
			t.Logf("%s (pid %d) said:\n%s", name, p.PID(), text)
		}
	})
	return p
}

// environment is ours, without settings that a person may have made for the product.
func environment() []string {
	env := []string{"GORACE=halt_on_error=1"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Again starts the process's program once more, with the same arguments and environment, and does not wait until it serves. The process
// itself must have ended, or both would want the same address.
func (p *Process) Again() *Process {
	p.t.Helper()
	q := p.again()
	q.quiet = p.quiet
	return q
}

// Quiet keeps what the process says from being shown when the test fails.
func (p *Process) Quiet() { p.quiet = true }

// Exited reports whether the process has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Kill ends the process as kill -9 does, and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}

// Freeze stops the process where it stands: its connections stay open, and it says nothing.
func (p *Process) Freeze() { p.signal("freeze", syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() { p.signal("thaw", syscall.SIGCONT) }

// Terminate asks the process to stop, as kill does.
func (p *Process) Terminate() { p.signal("terminate", syscall.SIGTERM) }

// Signal sends the process any other signal.
func (p *Process) Signal(s syscall.Signal) { p.signal("signal "+s.String(), s) }

func (p *Process) signal(what string, s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) { // it may have ended by itself
		p.t.Fatalf("%s %s: %v", what, p.name, err)
	}
}

// ExitCode waits until the process has ended by itself.
func (p *Process) ExitCode() int {
	p.t.Helper()
	end := time.NewTimer(Patience)
	defer end.Stop()
	select {
	case <-p.exited:
	case <-end.C:
		p.t.Fatalf("%s did not end", p.name)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Said is everything that the process has written so far.
func (p *Process) Said() string {
	text, _ := p.said.text()
	return text
}

// Line waits for a line that contains all the words.
func (p *Process) Line(words ...string) string {
	p.t.Helper()
	line, ok := p.said.line(p.t, Patience, words...)
	if !ok {
		p.t.Fatalf("%s never said %q", p.name, words)
	}
	return line
}
