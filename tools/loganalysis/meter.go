package loganalysis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// meter adds up what all readers have read and reports it: bytes of the files as they are on disk, compressed or not.
type meter struct {
	attempt *tasks.Attempt
	every   time.Duration // between two reports
	files   int
	total   int64
	before  int64 // of total, read by earlier attempts
	start   time.Time

	done     atomic.Int64
	finished atomic.Int64

	mu   sync.Mutex
	last time.Time
}

func newMeter(a *tasks.Attempt, every time.Duration, st *state) *meter {
	m := &meter{attempt: a, every: every, files: len(st.files), total: st.size(), before: st.read, start: time.Now()}
	m.done.Store(st.read)
	m.finished.Store(int64(len(st.done)))
	return m
}

// add reports now and then. The error says why the attempt should end.
func (m *meter) add(ctx context.Context, n int64) error {
	m.done.Add(n)
	if !m.mu.TryLock() {
		return nil // another reader is reporting
	}
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.last) >= m.every {
		m.last = now
		return m.report(ctx)
	}
	return nil
}

func (m *meter) report(ctx context.Context) error {
	done, elapsed := m.done.Load(), time.Since(m.start)
	p := tasks.Progress{Done: float64(done), Total: float64(m.total)}
	p.Message = fmt.Sprintf("%s read", plural(int64(m.files), "file"))
	if m.finished.Load() < int64(m.files) {
		p.Message = fmt.Sprintf("%d of %s read", m.finished.Load(), plural(int64(m.files), "file"))
	}
	if done > m.before && elapsed > 0 {
		rate := float64(done-m.before) / elapsed.Seconds()
		p.Message += fmt.Sprintf(" · %s/s", bytesOf(int64(rate)))
		p.ETA = time.Duration(float64(m.total-done) / rate * float64(time.Second))
	}
	if m.before > 0 {
		p.Message += fmt.Sprintf(" · resumed at %s", share(m.before, m.total))
	}
	return m.attempt.Report(ctx, p)
}
