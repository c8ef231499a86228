package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const limitable = true

// supervised: main has called Supervise, so this program can be its own supervisor.
var supervised atomic.Bool

// report is what a supervisor tells, as JSON.
type report struct {
	PID    int    // it has started
	Note   string // something that those who run the tool should know
	Failed string // it could not be started
	Final  bool   // … and cannot be, however often it is tried
	Exit   *exit  // it has ended, and nothing of it is left
}

// The files that a supervisor gets beside the program's own streams.
const (
	lifelineFile = 3 + iota // the plan; its end says that the worker is gone, or wants the program gone
	reportFile
	lockFD // holds the lock of the working directory
)

// start starts the program under a supervisor: this very program again. input: it reads on stdin.
func start(p *plan, input bool, lock *os.File, note func(string)) (*process, error) {
	if !supervised.Load() {
		return nil, tasks.Permanent(errors.New("commands need a supervisor: main must begin with command.Supervise, as launch.Main does"))
	}
	doc, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Path, err)
	}
	s, err := newSupervision(input, lock)
	if err != nil {
		return nil, fmt.Errorf("start a supervisor: %w", err)
	}
	go s.follow(note)
	_, _ = s.lifeline.Write(doc) // if it cannot be read the supervisor has died, and follow says so
	return s.process, nil
}

// supervision is a worker's side of a supervisor.
type supervision struct {
	*process
	cmd      *exec.Cmd
	lifeline *os.File
	reports  *os.File
	done     chan struct{} // the supervisor will say no more
}

func newSupervision(input bool, lock *os.File) (_ *supervision, err error) {
	streams, err := newPipes(input)
	if err != nil {
		return nil, err
	}
	defer streams.closeTheirs()
	s := &supervision{process: &streams.ours, done: make(chan struct{})}
	s.stop = func() { _ = s.lifeline.Close() } // the second time it says that it is closed
	s.close = s.release
	theirLifeline, ourLifeline, err1 := os.Pipe()
	ourReports, theirReports, err2 := os.Pipe()
	s.lifeline, s.reports = ourLifeline, ourReports
	defer theirLifeline.Close()
	defer theirReports.Close()
	if err = errors.Join(err1, err2); err == nil {
		s.cmd = &exec.Cmd{
			Path: "/proc/self/exe", Args: []string{"longhaul-supervisor"}, Env: []string{stageVar + "=" + supervisorStage},
			ExtraFiles:  []*os.File{theirLifeline, theirReports, lock},
			SysProcAttr: &syscall.SysProcAttr{Setsid: true}, // no terminal, and no signals that a terminal sends
			Stdout:      streams.theirs[1], Stderr: streams.theirs[2],
		}
		if input {
			s.cmd.Stdin = streams.theirs[0]
		}
		err = s.cmd.Start()
	}
	if err != nil {
		s.closePipes()
		_, _ = s.lifeline.Close(), s.reports.Close()
		return nil, err
	}
	return s, nil
}

// follow hears what the supervisor says, until it has ended.
func (s *supervision) follow(note func(string)) {
	defer close(s.done)
	pid, ended := 0, false
	for dec := json.NewDecoder(s.reports); ; {
		var r report
		if dec.Decode(&r) != nil {
			break
		}
		switch {
		case r.PID != 0:
			pid = r.PID
		case r.Note != "":
			note(r.Note)
		case r.Exit != nil:
			ended = true
			s.end(*r.Exit)
		case r.Failed != "":
			ended = true
			s.end(exit{err: failure(r)})
		}
	}
	if ended {
		return
	}
	if pid != 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // it had a part in the supervisor's end, or will not outlive it
	}
	s.end(exit{err: errors.New("the program's supervisor was killed")})
}

func failure(r report) error {
	if r.Final {
		return fmt.Errorf("the program %w: %s", errStart, r.Failed)
	}
	return fmt.Errorf("start the program: %s", r.Failed)
}

// release waits for the supervisor's end.
func (s *supervision) release() {
	_ = s.lifeline.Close()
	_ = s.cmd.Wait() // how the program ended is told otherwise
	<-s.done
	_ = s.reports.Close()
	s.closePipes()
}
