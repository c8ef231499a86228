//go:build unix

package redistest

import "syscall"

func (p *process) freeze() error    { return p.os.Signal(syscall.SIGSTOP) }
func (p *process) thaw() error      { return p.os.Signal(syscall.SIGCONT) }
func (p *process) terminate() error { return p.os.Signal(syscall.SIGTERM) }
