//go:build !unix

package command

import (
	"os"
	"syscall"
)

func apart() *syscall.SysProcAttr { return nil }

// terminate cannot ask a program to end here.
func terminate(p *os.Process) { kill(p) }

func kill(p *os.Process) { _ = p.Kill() }
