package worker

import (
	"context"
	"errors"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	retryBeat     = time.Second
	reportEvery   = 200 * time.Millisecond // five times a second: what a watcher can use
	selfFence     = 3 * time.Second        // an exclusive attempt stops so long before it could be given to another
	beatsPerLease = 3
)

// beat is the attempt's voice to Redis: it says that the attempt is alive, passes on what it reports, and hears when it should stop.
// It is the one goroutine that writes for a running attempt, besides Ask.
func (a *attempt) beat(ctx context.Context) {
	nudged, stop := a.w.Watcher.Nudged(a.Task)
	defer stop()
	period := a.w.Store.Liveness() / beatsPerLease
	next := time.NewTimer(period)
	defer next.Stop()
	heard := a.started // monotonic: when Redis last took our word
	var resting <-chan time.Time
	for {
		reported := a.reports.signal
		if resting != nil {
			reported = nil
		}
		select {
		case <-ctx.Done():
			a.flush()
			return
		case <-reported:
			a.flush()
			resting = time.After(reportEvery)
			continue
		case <-resting:
			resting = nil
			continue
		case <-nudged:
		case <-next.C:
		}
		asked := time.Now()
		fence := heard.Add(a.w.Store.Liveness() - selfFence)
		if err := a.beatOnce(ctx, min(period, time.Until(fence))); err == nil {
			heard = asked
			next.Reset(period)
		} else {
			next.Reset(retryBeat)
		}
		if a.policy.Exclusive && !time.Now().Before(heard.Add(a.w.Store.Liveness()-selfFence)) {
			a.cancel(errGone)
		}
	}
}

// beatOnce must not wait for a silent Redis for longer than an exclusive attempt may go on.
func (a *attempt) beatOnce(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, max(patience, retryBeat))
	defer cancel()
	return a.pulse(a.w.Store.Beat(ctx, a.Lease))
}

// pulse acts on what Redis says of the attempt.
func (a *attempt) pulse(p store.Pulse, err error) error {
	switch {
	case errors.Is(err, tasks.ErrLost), errors.Is(err, tasks.ErrNotFound):
		a.cancel(errGone)
		return nil
	case err != nil:
		return err // an outage: the attempt runs on, and the next beat may get through
	case p.Ended:
		a.cancel(tasks.ErrCancelled)
	}
	a.answered(p.Answered)
	return nil
}
