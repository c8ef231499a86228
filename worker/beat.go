package worker

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	retryBeat     = time.Second
	reportEvery   = 200 * time.Millisecond // five times a second: what a watcher can use
	selfFence     = 3 * time.Second        // how long before its task could be given to another worker an exclusive attempt stops
	beatsPerLease = 3
)

// beat speaks to Redis for the attempt: it says that the attempt is alive, passes on what the tool reports, and hears when it should stop.
func (a *attempt) beat(ctx context.Context) {
	nudged, stop := a.w.opts.Watcher.Nudged(a.Task)
	defer stop()
	period := a.w.opts.Store.Liveness() / beatsPerLease
	next := time.NewTimer(period)
	defer next.Stop()
	fence := a.fence()
	defer fence.Stop()
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
		if err := a.beatOnce(ctx, period); err != nil {
			next.Reset(retryBeat)
			continue
		}
		fence.Reset(a.alone() - time.Since(asked))
		next.Reset(period)
	}
}

// fence ends an exclusive attempt of which Redis has not heard for so long that another may soon be started. It is a timer of its own,
// because a silent Redis holds up the beat.
func (a *attempt) fence() *time.Timer {
	t := time.AfterFunc(a.alone()-time.Since(a.claimed), func() { a.cancel(tasks.ErrLost) })
	if !a.policy.Exclusive {
		t.Stop()
	}
	return t
}

// alone is how long after a beat an exclusive attempt may be sure to be alone. For others it does not matter.
func (a *attempt) alone() time.Duration {
	if !a.policy.Exclusive {
		return math.MaxInt64
	}
	return a.w.opts.Store.Liveness() - selfFence
}

// beatOnce beats. It must not wait for a silent Redis until after the next beat is due.
func (a *attempt) beatOnce(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := a.pulse(a.w.opts.Store.Beat(ctx, a.Lease))
	a.holdPermit(ctx)
	return err
}

// pulse acts on what Redis says about the attempt.
func (a *attempt) pulse(p store.Pulse, err error) error {
	switch {
	case errors.Is(err, tasks.ErrLost), errors.Is(err, tasks.ErrNotFound):
		a.cancel(tasks.ErrLost)
		return nil
	case err != nil:
		return err // an outage: the attempt runs on, and the next beat may get through
	case p.Ended:
		a.cancel(tasks.ErrCancelled)
	}
	a.answered(p.Answered)
	return nil
}
