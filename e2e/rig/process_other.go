//go:build !linux

package rig

import "syscall"

// apart does nothing: elsewhere a test binary that panics leaves its processes behind.
func apart() *syscall.SysProcAttr { return nil }
