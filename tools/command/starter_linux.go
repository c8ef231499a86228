package command

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fork starts the program in a group of its own. Limits must stand before its first instruction, and a supervisor cannot have them itself:
// then a process in between, the starter, takes them on and becomes the program.
func (s *supervisor) fork() (int, error) {
	sys := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if u := s.plan.User; u != nil {
		sys.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
	}
	if s.group != nil {
		sys.UseCgroupFD, sys.CgroupFD = true, int(s.group.dir.Fd())
	}
	attr := &syscall.ProcAttr{Dir: s.plan.Dir, Env: text(s.plan.Env), Files: []uintptr{0, 1, 2}, Sys: sys}
	if !s.plan.Limits.wanted() {
		pid, err := syscall.ForkExec(s.plan.Path, text(s.plan.Args), attr)
		return pid, startError(&s.plan, err)
	}
	return s.forkStarter(attr)
}

// The files of a starter: the plan, and what kept it from becoming the program.
const (
	starterPlan = 3 + iota
	starterFailure
)

func (s *supervisor) forkStarter(attr *syscall.ProcAttr) (int, error) {
	planR, planW, err1 := os.Pipe()
	failureR, failureW, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	defer failureR.Close()
	attr.Env = []string{stageVar + "=" + starterStage}
	attr.Files = append(attr.Files, planR.Fd(), failureW.Fd())
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"longhaul-starter"}, attr)
	_, _ = planR.Close(), failureW.Close()
	if err != nil {
		_ = planW.Close()
		return 0, cmp.Or(dirError(s.plan.Dir, err), fmt.Errorf("start a starter: %w", err))
	}
	_ = json.NewEncoder(planW).Encode(s.plan) // a starter that died has no error to tell; it is waited for like the program
	_ = planW.Close()
	said, err := io.ReadAll(failureR)
	if err != nil || len(said) == 0 {
		return pid, nil
	}
	var ws syscall.WaitStatus
	_, _ = syscall.Wait4(pid, &ws, 0, nil)
	var errno syscall.Errno
	if json.Unmarshal(said, &errno) != nil {
		return 0, fmt.Errorf("start %s: its limits cannot be set: %s", s.plan.Path, said)
	}
	return 0, startError(&s.plan, errno)
}

// becomeProgram is what a starter does.
func becomeProgram() int {
	unix.CloseOnExec(starterPlan)
	unix.CloseOnExec(starterFailure)
	failure := os.NewFile(starterFailure, "failure")
	var p plan
	if err := json.NewDecoder(os.NewFile(starterPlan, "plan")).Decode(&p); err != nil {
		fmt.Fprint(failure, err)
		return 1
	}
	path, args, env := p.Path, text(p.Args), text(p.Env)
	if err := p.Limits.set(); err != nil {
		fmt.Fprint(failure, err)
		return 1
	}
	err := syscall.Exec(path, args, env)
	fmt.Fprint(failure, int(err.(syscall.Errno))) //nolint:errorlint // Exec returns nothing else
	return 1
}

// set limits this process. Memory comes last: from then on this process can allocate little itself.
func (l Limits) set() error {
	seconds := uint64((l.CPU + time.Second - 1) / time.Second)
	for _, r := range []struct {
		name       string
		resource   int
		soft, hard uint64
	}{
		{"CPU", unix.RLIMIT_CPU, seconds, seconds + 1}, // SIGXCPU at the one, SIGKILL at the other
		{"files", unix.RLIMIT_NOFILE, uint64(l.Files), uint64(l.Files)},
		{"processes", unix.RLIMIT_NPROC, uint64(l.Processes), uint64(l.Processes)},
		{"memory", unix.RLIMIT_AS, uint64(l.Memory), uint64(l.Memory)},
	} {
		if r.soft == 0 {
			continue
		}
		if err := setLimit(r.resource, r.soft, r.hard); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

// setLimit never asks for more than we may have ourselves.
func setLimit(resource int, soft, hard uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err != nil {
		return err
	}
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: min(soft, now.Max), Max: min(hard, now.Max)})
}

// final: another attempt would fail as well.
func final(err error) bool {
	for _, errno := range []error{unix.ENOENT, unix.ENOTDIR, unix.EACCES, unix.EPERM, unix.ENOEXEC, unix.E2BIG, unix.EISDIR} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
