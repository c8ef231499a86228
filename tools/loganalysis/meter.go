package loganalysis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const reportEvery = 200 * time.Millisecond

// meter adds up what all readers have read and reports it: bytes of the files as they are on disk, compressed or not.
type meter struct {
	attempt *tasks.Attempt
	files   int
	total   int64
	start   time.Time

	done     atomic.Int64
	finished atomic.Int64

	mu   sync.Mutex
	last time.Time
}

func newMeter(a *tasks.Attempt, files []source) *meter {
	m := &meter{attempt: a, files: len(files), start: time.Now()}
	for _, f := range files {
		m.total += f.info.Size()
	}
	return m
}

// add reports now and then. The error says why the attempt should end.
func (m *meter) add(ctx context.Context, n int64) error {
	m.done.Add(n)
	if !m.mu.TryLock() {
		return nil // another reader is reporting
	}
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.last) >= reportEvery {
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
	if done > 0 && elapsed > 0 {
		rate := float64(done) / elapsed.Seconds()
		p.Message += fmt.Sprintf(" · %s/s", bytesOf(int64(rate)))
		p.ETA = time.Duration(float64(m.total-done) / rate * float64(time.Second))
	}
	return m.attempt.Report(ctx, p)
}
