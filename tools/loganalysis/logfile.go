package loganalysis

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// logFile is one file as the first attempt saw it. While it is read, all readers share one open file, so that they read the same
// one even if it is rotated meanwhile.
type logFile struct {
	source
	id identity

	file *os.File
	uses atomic.Int32
	head string // the digest of its first bytes
	tail string // of the last ones that are merged
	gzip bool

	known  chan struct{} // closed once format is known
	format string
}

func newLogFile(s source, id identity) *logFile {
	return &logFile{source: s, id: id, known: make(chan struct{})}
}

// modified is when the file was changed before the first attempt saw it.
func (f *logFile) modified() time.Time { return time.Unix(0, f.id.Modified) }

// open prepares a file for its readers, who go on at an offset.
func (f *logFile) open(offset int64) error {
	file, err := f.source.open()
	if err != nil {
		return err
	}
	head, err := headOf(file, f.id.Size)
	if err == nil && offset > 0 && !f.listed(file) {
		err = errReplaced
	}
	if err != nil {
		file.Close()
		return f.explain(err)
	}
	f.file, f.head, f.gzip = file, digest(head), strings.HasPrefix(string(head), "\x1f\x8b")
	f.uses.Store(1)
	return nil
}

var errReplaced = errors.New("it was replaced by another file meanwhile")

// listed reports whether a file is the one that was found under its name, which may have been given to another since.
func (f *logFile) listed(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && os.SameFile(info, f.info)
}

// release closes the file after its last use.
func (f *logFile) release() {
	if f.uses.Add(-1) == 0 {
		f.file.Close() // only read from: nothing can be lost
	}
}

// settle tells all readers the format that the first lines are in.
func (f *logFile) settle(format string) {
	f.format = format
	close(f.known)
}

// parser waits until the format is known. It is nil if none is.
func (f *logFile) parser(ctx context.Context) (parser, error) {
	select {
	case <-f.known:
		return parserOf(f.format, f.modified()), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
