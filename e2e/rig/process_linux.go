package rig

import "syscall"

// apart puts a process into a group of its own, and has the kernel kill it when the test binary ends, even by a panic.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
