package loganalysis

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// source is one file to read.
type source struct {
	root   *os.Root
	name   string // relative to the root
	info   fs.FileInfo
	linked bool // the name is a symbolic link
}

func (s source) same(o source) bool { return os.SameFile(s.info, o.info) }

// open never waits: should the file have become a FIFO since it was listed, O_NONBLOCK returns at once and the check refuses it.
func (s source) open() (*os.File, error) {
	f, err := s.root.OpenFile(s.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, s.explain(err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, permanentf("read %s: it is not a regular file any more", s.name)
	}
	return f, nil
}

// explain names the file and says whether trying again makes sense.
func (s source) explain(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return permanentf("read %s: the worker has no permission to read it; leave it out or have it made readable", s.name)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return tasks.Permanent(fmt.Errorf("read %s: its gzip data is damaged or cut short; copy it again or leave it out: %w", s.name, err))
	}
	return fmt.Errorf("read %s: %w", s.name, err)
}

// unpack yields the text of a gzip file.
func unpack(r io.Reader) (io.Reader, error) {
	return gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
}

// metered counts bytes, as many as are its segment's, and ends with its context.
type metered struct {
	ctx  context.Context
	r    io.Reader
	m    *meter
	left int64
}

func (mr *metered) Read(p []byte) (int, error) {
	if mr.ctx.Err() != nil {
		return 0, context.Cause(mr.ctx)
	}
	n, err := mr.r.Read(p)
	counted := min(int64(n), mr.left)
	mr.left -= counted
	if reportErr := mr.m.add(mr.ctx, counted); reportErr != nil {
		return n, reportErr
	}
	return n, err
}

// cancellable ends with its context. A few compressed bytes can stand for gigabytes, so metered looks too seldom.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
