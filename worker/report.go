package worker

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	maxLogs       = 100     // messages between two reports; more are dropped, and counted
	maxLogLen     = 4 << 10 // bytes of a message
	maxMessageLen = 1 << 10
	reportTimeout = 3 * time.Second
	maxETA        = 30 * 24 * time.Hour
)

// reports holds what the tool said that Redis was not told yet: the latest progress, and the log.
type reports struct {
	flushing sync.Mutex // one report at a time, in order; taken before mu
	mu       sync.Mutex
	progress *tasks.Progress
	logs     []store.Log
	dropped  int
	signal   chan struct{}
	first    time.Time // when the present count of progress began, and where: they give the pace
	firstAt  float64
	last     tasks.Progress
}

func newReports() reports { return reports{signal: make(chan struct{}, 1)} }

func (r *reports) poke() {
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

// Report keeps the latest progress for the next report.
func (a *attempt) Report(p tasks.Progress) {
	p.Message = clip(strings.ToValidUTF8(p.Message, "\uFFFD"), maxMessageLen)
	a.reports.mu.Lock()
	if p.ETA == 0 {
		p.ETA = a.reports.estimate(p, time.Now())
	}
	a.reports.progress = &p
	a.reports.mu.Unlock()
	a.reports.poke()
}

// estimate returns how long the rest takes at the pace so far, or 0 while there is hardly a pace.
func (r *reports) estimate(p tasks.Progress, now time.Time) time.Duration {
	if r.first.IsZero() || p.Total != r.last.Total || p.Done < r.last.Done { // another phase of the work, with another pace
		r.first, r.firstAt = now, p.Done
	}
	r.last = p
	elapsed, done := now.Sub(r.first), p.Done-r.firstAt
	if p.Total <= p.Done || done <= 0 || elapsed < 2*time.Second {
		return 0
	}
	left := float64(elapsed) * (p.Total - p.Done) / done
	return time.Duration(min(left, float64(maxETA)))
}

// Log keeps a message for the next report.
func (a *attempt) Log(level slog.Level, message string) {
	a.reports.mu.Lock()
	if len(a.reports.logs) < maxLogs {
		a.reports.logs = append(a.reports.logs, store.Log{Level: mcpLevel(level), Message: clip(strings.ToValidUTF8(message, "\uFFFD"), maxLogLen)})
	} else {
		a.reports.dropped++
	}
	a.reports.mu.Unlock()
	a.reports.poke()
}

func mcpLevel(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warning"
	}
	return "error"
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// restore puts progress back that was not written, unless there is newer. Log messages are given up.
func (r *reports) restore(p *tasks.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.progress == nil && p != nil {
		r.progress = p
		r.poke()
	}
}

// flush reports what has accumulated.
func (a *attempt) flush() {
	r := &a.reports
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	progress, logs := r.progress, r.logs
	if r.dropped > 0 {
		logs = append(logs, store.Log{Level: "warning", Message: fmt.Sprintf("%d log messages were dropped: too many at once", r.dropped)})
	}
	r.progress, r.logs, r.dropped = nil, nil, 0
	r.mu.Unlock()
	if progress == nil && len(logs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(a.w.writing, reportTimeout)
	defer cancel()
	a.reported++
	if a.pulse(a.w.opts.Store.Report(ctx, a.Lease, a.reported, progress, logs)) != nil {
		r.restore(progress)
	}
}
