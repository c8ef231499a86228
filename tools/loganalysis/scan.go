package loganalysis

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
	"golang.org/x/sync/errgroup"
)

const maxReaders = 4 // each may need 30 MB

// scanned is what came of reading the files.
type scanned struct {
	total *tally
	files []File
}

// scanAll reads what no earlier attempt has read. Told to drain, it stops at once and leaves a checkpoint.
func scanAll(ctx context.Context, a *tasks.Attempt, files []source, p pace) (*scanned, error) {
	st, err := resume(ctx, a, files, p.segment)
	if err != nil {
		return nil, err
	}
	reading, stop := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-a.Draining():
			stop(tasks.ErrDraining)
		case <-reading.Done():
		}
	})
	s := &scan{state: st, meter: newMeter(a, p.report, st), saver: newSaver(ctx, a, p, st)}
	err = s.all(reading)
	stop(nil)
	watch.Wait()
	s.saver.saving.Wait()
	if errors.Is(err, tasks.ErrDraining) && ctx.Err() == nil {
		s.saver.finish(st)
	}
	if err != nil {
		return nil, err
	}
	return &scanned{total: st.total, files: st.done}, s.meter.report(ctx)
}

// scan reads several segments at once and merges them in order.
type scan struct {
	state   *state
	meter   *meter
	saver   *saver
	readers chan *reader
}

func (s *scan) all(ctx context.Context) error {
	st := s.state
	n := min(maxReaders, runtime.GOMAXPROCS(0), len(st.files)+int(st.size()/st.segment))
	s.readers = make(chan *reader, n)
	for range n {
		s.readers <- newReader()
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(n)
	turn := make(chan struct{})
	close(turn)
	offset := st.offset
	for _, f := range st.files[len(st.done):] {
		if gctx.Err() != nil {
			break
		}
		if err := f.open(offset); err != nil {
			g.Go(func() error { return err })
			break
		}
		for from := offset; (from == 0 || from < f.id.Size) && gctx.Err() == nil; from += st.step(f) {
			mine, next := turn, make(chan struct{})
			turn = next
			f.uses.Add(1)
			g.Go(func() error {
				defer f.release()
				return s.one(gctx, segment{f, from, min(from+st.step(f), f.id.Size)}, mine, next)
			})
		}
		f.release()
		offset = 0
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if len(st.done) < len(st.files) {
		return context.Cause(ctx) // told to end when all that had been begun was done
	}
	return nil
}

// one reads a segment, and merges it when those in front of it are.
func (s *scan) one(ctx context.Context, seg segment, mine <-chan struct{}, next chan<- struct{}) error {
	r := <-s.readers
	defer func() { s.readers <- r }()
	if err := r.read(ctx, seg, s.meter); err != nil {
		return err
	}
	select { // A reader that is ahead waits for its turn: this bounds the number of tallies.
	case <-mine:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.state.merge(seg, r)
	s.meter.finished.Store(int64(len(s.state.done)))
	s.saver.offer(s.state)
	close(next)
	return nil
}
