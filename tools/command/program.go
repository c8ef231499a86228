package command

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Program is a running program that is looked after as those of commands are: when it ends, or this process does, nothing of it is left.
// It is for programs that are spoken to, such as the servers of package upstream.
type Program struct {
	Stdin  io.WriteCloser
	Stdout io.ReadCloser // whoever reads it closes it

	process *process
	heard   chan struct{} // closed when all of stderr was handed on
	stop    func()
}

// lastMoment is how long a program may take to end after SIGTERM. Whoever speaks to it has closed its stdin before.
const lastMoment = 2 * time.Second

// Start starts a program. Its first argument is looked for in this process's PATH. The environment is all that it gets, and what it
// writes to stderr goes to stderr. Main must have called Supervise.
func Start(args []string, dir string, env []string, stderr io.Writer) (*Program, error) {
	path, err := args[0], error(nil)
	if filepath.Base(path) == path { // one with a slash is relative to dir
		if path, err = exec.LookPath(path); err != nil {
			return nil, err
		}
	}
	process, err := start(&plan{Path: path, Args: raw(args), Env: raw(env), Dir: dir, Grace: lastMoment}, true, nil, func(string) {})
	if err != nil {
		return nil, err
	}
	p := &Program{Stdin: process.stdin, Stdout: process.stdout, process: process, heard: make(chan struct{}), stop: sync.OnceFunc(process.stop)}
	go func() { // Wait waits for it
		defer close(p.heard)
		process.read(process.stderr, stderr)
	}()
	return p, nil
}

// Stop has the program end, with all that it started: it gets SIGTERM, and 2 s later SIGKILL. It does not wait.
func (p *Program) Stop() { p.stop() }

// Wait returns when nothing is left of the program. It must be called, once. An error says how it ended, if not well.
func (p *Program) Wait() error {
	e := <-p.process.ended
	<-p.heard
	p.process.stdout = nil // its reader may not be at the end yet
	p.process.close()
	switch {
	case e.err != nil:
		return e.err
	case e.Signal != "":
		return errors.New(e.Signal)
	case e.Status != 0:
		return fmt.Errorf("exit status %d", e.Status)
	}
	return nil
}
