//go:build !linux

package redistest

import "syscall"

// dieWithParent does nothing: elsewhere a test binary that panics leaves its servers behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
