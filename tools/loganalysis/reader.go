package loganalysis

import (
	"context"
	"errors"
	"io"
	"math"
	"time"
)

// reader reads one segment after the other. Its buffers are large, so it keeps them.
type reader struct {
	lines lines
	tally *tally // of the segment
	file  File   // what the segment says of its file
}

func newReader() *reader { return &reader{lines: newLines(), tally: newTally()} }

func (r *reader) read(ctx context.Context, s segment, m *meter) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	mr := &metered{ctx: ctx, m: m, left: s.to - s.from}
	err := r.count(ctx, s, mr)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return s.file.explain(err)
	}
	return m.add(ctx, mr.left) // what was left unread is done too
}

// count counts everything, or nothing if the format is unknown.
func (r *reader) count(ctx context.Context, s segment, mr *metered) error {
	r.tally.reset()
	most, err := r.open(ctx, s, mr)
	if err != nil {
		return err
	}
	p, err := r.parser(ctx, s)
	if err != nil {
		return err // maybe nobody has told the format yet
	}
	format := s.file.format
	if p != nil {
		err = r.tally.read(r.lines, p, most)
		format = p.format() // lines may have shown more of it
	}
	r.file = r.tally.file(s.file.name, format, s.file.gzip)
	return err
}

// open finds the first line, and how many bytes of text the segment's lines begin in from there.
func (r *reader) open(ctx context.Context, s segment, mr *metered) (most int64, err error) {
	start, err := s.start()
	if err != nil {
		return 0, err
	}
	mr.r = &stretch{segment: s, at: start}
	text, most := io.Reader(mr), s.to-start
	if s.file.gzip {
		most = math.MaxInt64
		if text, err = unpack(mr); err != nil {
			return 0, err
		}
	}
	r.lines.r.Reset(&cancellable{ctx: ctx, r: text})
	return most, nil
}

// parser is nil if there is nothing to count. The first segment finds out for all of its file.
func (r *reader) parser(ctx context.Context, s segment) (parser, error) {
	if s.from > 0 {
		return s.file.parser(ctx)
	}
	p, err := r.tally.detect(r.lines, s.file.modified())
	switch {
	case err != nil:
		return nil, err
	case p != nil:
		s.file.settle(p.format())
	case r.tally.lines == 0 && r.lines.ended():
		s.file.settle(emptyFormat)
	default:
		r.tally.reset()
		s.file.settle(unknownFormat)
	}
	return p, nil
}

// read counts the lines that begin in the next most bytes of text.
func (t *tally) read(l lines, p parser, most int64) error {
	var r record
	for t.bytes < most {
		line, size, long, err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
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
	return nil
}

// detect leaves the lines unread, except for those at the beginning that are too long to be looked at.
func (t *tally) detect(l lines, modified time.Time) (parser, error) {
	for {
		head, err := l.sample()
		if err != nil || len(head) > 0 {
			return detect(head, modified), err
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
