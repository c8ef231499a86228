package loganalysis

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
)

// tree is a root as globs and walks see it. Unlike os.Root's own it never waits for anything: opening a FIFO to list it would block for
// ever, and a glob asks to list whatever its pattern matches. It also ends with the attempt.
type tree struct {
	ctx  context.Context
	root *os.Root
}

// Open opens a directory or a file without waiting for a writer.
func (t tree) Open(name string) (fs.File, error) {
	if t.ctx.Err() != nil {
		return nil, context.Cause(t.ctx)
	}
	return t.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Stat follows links that stay within the root.
func (t tree) Stat(name string) (fs.FileInfo, error) { return t.root.Stat(name) }

// ReadDir lists a directory by name, and nothing else.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := t.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	list, err := dir.ReadDir(-1)
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, err
}
