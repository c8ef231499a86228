package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// root is the directory that the fresh directories of attempts are made in.
type root struct {
	dir    string
	usual  bool   // nobody chose it: it stands where others could have made it
	cgroup string // where their control groups are
	swept  sync.Once
}

const (
	rootLock      = "lock"
	scratchPrefix = "attempt-"
)

// scratch is what one attempt has on disk. It is locked by whoever works with it, this process and the attempt's supervisor: what
// nobody has locked was left by a machine that went down.
type scratch struct {
	dir        string // of the attempt
	work       string // where the program works
	out        string // what it leaves there is part of the result
	checkpoint string // the last checkpoint; empty: there is none
	lock       *os.File
}

// fresh makes a directory for an attempt, and sees to those that nobody will remove any more.
func (r *root) fresh(checkpoint []byte, owner *identity) (_ *scratch, err error) {
	if err := os.MkdirAll(r.dir, 0o711); err != nil {
		return nil, fmt.Errorf("make a working directory: %w", err)
	}
	if err := r.trusted(); err != nil {
		return nil, err
	}
	unlock, err := lockFile(filepath.Join(r.dir, rootLock))
	if err != nil {
		return nil, fmt.Errorf("make a working directory: %w", err)
	}
	defer unlock() // until ours is locked: a sweeper must not take it for a stale one
	r.swept.Do(r.sweep)
	dir, err := os.MkdirTemp(r.dir, scratchPrefix)
	if err != nil {
		return nil, fmt.Errorf("make a working directory: %w", err)
	}
	s := &scratch{dir: dir, work: filepath.Join(dir, "work"), out: filepath.Join(dir, "work", "out")}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	if s.lock, err = lockDir(dir); err != nil {
		return nil, fmt.Errorf("lock a working directory: %w", err)
	}
	if err := s.fill(checkpoint, owner); err != nil {
		return nil, fmt.Errorf("make a working directory: %w", err)
	}
	return s, nil
}

// trusted refuses a directory that somebody else made in the system's temporary one before us.
func (r *root) trusted() error {
	info, err := os.Lstat(r.dir)
	if err != nil || !r.usual {
		return err
	}
	if !info.IsDir() || !ownedByUs(info) || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is not a directory of ours that others cannot write to: remove it, or set a root", r.dir)
	}
	return nil
}

func (s *scratch) fill(checkpoint []byte, owner *identity) error {
	made := []string{s.work, s.out}
	for _, dir := range made {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if checkpoint != nil {
		s.checkpoint = filepath.Join(s.dir, "checkpoint.json")
		if err := os.WriteFile(s.checkpoint, append(checkpoint, '\n'), 0o600); err != nil {
			return err
		}
		made = append(made, s.checkpoint)
	}
	if owner == nil {
		return nil
	}
	for _, path := range made {
		if err := os.Chown(path, int(owner.UID), int(owner.GID)); err != nil {
			return err
		}
	}
	return os.Chmod(s.dir, 0o711) // so that the owner can come to its own
}

func (s *scratch) remove() {
	_ = removeAll(s.dir) // what cannot be removed now is tried again by the next process
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// removeAll removes a tree, also one with directories that may not be written, as some build tools leave them.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // RemoveAll says what is wrong
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// sweep removes what crashes have left.
func (r *root) sweep() {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), scratchPrefix) {
			continue
		}
		dir := filepath.Join(r.dir, e.Name())
		lock, err := lockDir(dir)
		if err != nil || lock == nil {
			continue // somebody works with it, or nobody can tell
		}
		_ = removeAll(dir) // the next sweep tries again
		_ = lock.Close()
		_ = os.Remove(filepath.Join(r.cgroup, e.Name())) // if there is one
	}
}

var errLocked = errors.New("somebody works with it")
