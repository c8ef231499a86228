package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stageVar makes this program a supervisor, or a starter.
const (
	stageVar        = ours + "STAGE"
	supervisorStage = "supervisor"
	starterStage    = "starter"
)

// Supervise belongs at the very top of main; launch.Main, launch.Server and launch.Worker have it there. It returns at once, but in the
// processes that this program starts of itself to look after commands: in these it never returns.
func Supervise() {
	switch os.Getenv(stageVar) {
	case supervisorStage:
		syscall.Exit(supervise()) // at once: os.Exit has a second's pause where the race detector is on
	case starterStage:
		syscall.Exit(becomeProgram())
	}
	supervised.Store(true)
}

// supervisor looks after one program, and outlives the worker that wants it if need be.
type supervisor struct {
	plan    plan
	reports *json.Encoder
	group   *cgroup
	pid     int

	released chan struct{} // closed when the worker is gone, or wants the program gone
	exited   chan struct{} // closed when the program itself has ended
	gone     chan struct{} // closed when nothing of it is left
	status   syscall.WaitStatus
}

func supervise() int {
	runtime.LockOSThread() // the program dies with the thread that started it
	// Whoever stops the worker's whole group or unit must not stop its supervisors: they end when their work is done. Not ignored: that
	// would be inherited.
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
	keepToOurselves()
	lifeline := os.NewFile(lifelineFile, "lifeline")
	s := &supervisor{
		reports:  json.NewEncoder(os.NewFile(reportFile, "report")),
		released: make(chan struct{}), exited: make(chan struct{}), gone: make(chan struct{}),
	}
	if json.NewDecoder(lifeline).Decode(&s.plan) != nil {
		return 1 // the worker died before it said what it wants
	}
	go func() {
		_, _ = io.Copy(io.Discard, lifeline) // its end is what we wait for
		close(s.released)
	}()
	s.see()
	<-s.released
	_ = removeAll(s.plan.Scratch) // what cannot be removed is left to the next worker
	return 0
}

// keepToOurselves keeps all files but the program's streams from it: ours, and what the worker got from whoever started it.
func keepToOurselves() {
	for fd := lifelineFile; fd <= lockFD; fd++ {
		unix.CloseOnExec(fd)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, f := range open {
		if fd, err := strconv.Atoi(f.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}

// see sees the program through, and tells how it ended.
func (s *supervisor) see() {
	err := s.begin()
	withoutStreams()
	if err != nil {
		s.tell(report{Failed: err.Error(), Final: final(err)})
		return
	}
	s.tell(report{PID: s.pid})
	go s.reap()
	select {
	case <-s.exited:
	case <-s.released:
	}
	s.clear()
	s.tell(report{Exit: s.exit()})
}

func (s *supervisor) tell(r report) { _ = s.reports.Encode(r) } // nobody hears it if the worker is gone

// begin starts the program.
func (s *supervisor) begin() (err error) {
	// Every process that loses its parent becomes our child, whatever session or group it went to.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	if os.Geteuid() != 0 { // root can end whatever it starts; others must not start what they could not end
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("give up new privileges: %w", err)
		}
	}
	if g := s.plan.Limits.Cgroup; g.wanted() {
		if s.group, err = newCgroup(g, filepath.Base(s.plan.Scratch)); err != nil && g.Required {
			return err
		} else if err != nil {
			s.tell(report{Note: fmt.Sprintf("the limits of a control group do not hold: %v", err)})
		}
	}
	s.pid, err = s.fork()
	return err
}

// withoutStreams leaves the program's streams to the program.
func withoutStreams() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return // then they stay open until we end
	}
	for fd := range 3 {
		_ = unix.Dup3(int(null.Fd()), fd, 0)
	}
	_ = null.Close()
}

// reap waits for every child, our own and those that lost their parents.
func (s *supervisor) reap() {
	defer close(s.gone)
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WALL, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return // there are none
		case pid == s.pid:
			s.status = ws
			close(s.exited)
		}
	}
}

const (
	blink = 10 * time.Millisecond // for the reaper to see that a program that ended has left nothing behind
	again = 20 * time.Millisecond // between two rounds of killing: a process may have started others while we looked
)

// clear ends what there is of the program.
func (s *supervisor) clear() {
	if s.empty(blink) {
		return
	}
	s.signal(syscall.SIGTERM)
	for gone := s.empty(s.plan.Grace); !gone; gone = s.empty(again) {
		s.signal(syscall.SIGKILL)
	}
}

// empty waits until nothing is left, for a while.
func (s *supervisor) empty(within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-s.gone:
		return true
	case <-t.C:
		return false
	}
}

// signal sends a signal to all that there is of the program: to its group at once, so that none can slip away, and to those who left it.
func (s *supervisor) signal(sig syscall.Signal) {
	group := s.pid
	select {
	case <-s.exited:
		group = 0 // its number may belong to others by now
	default:
		_ = syscall.Kill(-group, sig)
	}
	if sig == syscall.SIGKILL {
		s.group.kill()
	}
	for _, d := range descendants(os.Getpid()) {
		if d.group != group {
			_ = syscall.Kill(d.pid, sig) // it may have ended
		}
	}
}

func (s *supervisor) exit() *exit {
	e := &exit{Status: s.status.ExitStatus()}
	if s.status.Signaled() {
		sig := s.status.Signal()
		e.Signal = fmt.Sprintf("%s (%s)", unix.SignalName(sig), sig)
	}
	e.Note = s.group.remove()
	return e
}
