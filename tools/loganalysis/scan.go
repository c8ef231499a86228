package loganalysis

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"golang.org/x/sync/errgroup"
)

const maxReaders = 4 // each may need 30 MB

// scanned is what came of reading the files.
type scanned struct {
	total *tally
	files []File
}

// scanAll reads several files at once and merges them in order.
func scanAll(ctx context.Context, a *tasks.Attempt, files []source) (*scanned, error) {
	m := newMeter(a, files)
	res := &scanned{total: newTally(), files: make([]File, len(files))}
	readers := min(maxReaders, runtime.GOMAXPROCS(0), len(files))
	buffers := make(chan lines, readers) // large, so that they are used again
	for range readers {
		buffers <- newLines()
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	turn := make(chan struct{})
	close(turn)
	for i, f := range files {
		mine, next := turn, make(chan struct{})
		turn = next
		g.Go(func() error {
			l := <-buffers
			defer func() { buffers <- l }()
			t, file, err := scan(gctx, f, l, m)
			if err != nil {
				return err
			}
			select { // A reader that is ahead waits for its turn: this bounds the number of tallies.
			case <-mine:
			case <-gctx.Done():
				return context.Cause(gctx)
			}
			res.files[i] = file
			res.total.merge(t)
			close(next)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return res, m.report(ctx)
}

// scan reads one file.
func scan(ctx context.Context, s source, l lines, m *meter) (*tally, File, error) {
	if ctx.Err() != nil {
		return nil, File{}, context.Cause(ctx)
	}
	f, err := s.open()
	if err != nil {
		return nil, File{}, err
	}
	defer f.Close() // only read from: nothing can be lost
	t, file, err := read(ctx, s, f, l, m)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, File{}, context.Cause(ctx)
	case err != nil:
		return nil, File{}, s.explain(err)
	}
	m.finished.Add(1)
	return t, file, nil
}

func read(ctx context.Context, s source, f *os.File, l lines, m *meter) (*tally, File, error) {
	bounded := &io.LimitedReader{R: f, N: s.info.Size()} // a log that grows while it is read would never end
	text, compressed, err := unpack(&metered{ctx: ctx, r: bounded, m: m})
	if err != nil {
		return nil, File{}, err
	}
	l.r.Reset(&cancellable{ctx: ctx, r: text})
	t := newTally()
	format, err := t.read(l, s.info.ModTime())
	if err != nil {
		return nil, File{}, err
	}
	return t, t.file(s.name, format, compressed), m.add(ctx, bounded.N) // what was left unread is done too
}

// read counts everything, or nothing if the format is unknown.
func (t *tally) read(l lines, mtime time.Time) (format string, err error) {
	p, err := t.detect(l, mtime)
	switch {
	case err != nil:
		return "", err
	case p == nil && t.lines == 0 && l.ended():
		return emptyFormat, nil
	case p == nil:
		*t = *newTally()
		return unknownFormat, nil
	}
	var r record
	for {
		line, size, long, err := l.next()
		if errors.Is(err, io.EOF) {
			return p.format(), nil
		}
		if err != nil {
			return "", err
		}
		t.lines++
		t.bytes += size
		switch r = (record{}); {
		case blank(line) && !long:
		case !long && p.parse(line, &r):
			t.add(&r)
		default:
			t.unparsed++
		}
	}
}

// detect leaves the lines unread, except for those at the beginning that are too long to be looked at.
func (t *tally) detect(l lines, mtime time.Time) (parser, error) {
	for {
		head, err := l.sample()
		if err != nil || len(head) > 0 {
			return detect(head, mtime), err
		}
		_, size, long, err := l.next()
		if errors.Is(err, io.EOF) || !long {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		t.lines++
		t.unparsed++
		t.bytes += size
	}
}
