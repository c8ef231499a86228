package redistest

import "syscall"

// dieWithParent has the kernel kill a server when the test binary ends, even by a panic or a kill -9.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
