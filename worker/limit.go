package worker

import (
	"cmp"
	"context"
	"sync"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// permit is what lets an attempt of a limited tool run. It belongs to the task, so that the next attempt has it too. If this attempt's tool
// goes on after its task has given the permit up, the attempt has a permit of its own.
type permit struct {
	mu    sync.Mutex // held over trips to Redis, so that they keep their order
	limit string     // "": the tool is not limited
	own   bool       // the attempt has a permit of its own, …
	said  bool       // … and Redis knows
}

// permitted reports whether the attempt may start its tool. If not, because its permit was lost or its task is older than the limit, the
// attempt goes back to wait for one.
func (a *attempt) permitted() bool {
	limit := a.Limit
	if limit == "" && a.policy.Limited() {
		limit = a.Tool
	}
	if limit == "" {
		return true
	}
	ctx, cancel := context.WithDeadline(a.w.writing, a.claimed.Add(claimTimeout)) // after that another worker may have the task
	defer cancel()
	var ok bool
	err := insist(ctx, a.log, "ask for the permit", func(ctx context.Context) (err error) {
		ok, err = a.w.opts.Store.Begin(ctx, limit, a.Lease)
		return err
	})
	if err != nil || !ok {
		a.release("not permitted", store.Release{Phase: tasks.Queued, Message: "queued" + a.policy.Bounds(), Limit: limit, Err: err})
		return false
	}
	a.permit.limit = limit
	return true
}

// holdPermit tells Redis that the tool runs. If that fails the next beat tells it again: the beat must not wait for this.
func (a *attempt) holdPermit(ctx context.Context) {
	a.permit.mu.Lock()
	defer a.permit.mu.Unlock()
	if a.permit.limit == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, retryBeat)
	defer cancel()
	if err := a.w.opts.Store.Hold(ctx, a.permit.limit, a.Lease, a.permit.own); err != nil {
		a.log.Debug("permit is not held", "err", err)
	}
}

// ownPermit gives the attempt a permit of its own. That is done before the task is given back for later, or ended while the tool still runs: if
// the task is let in again meanwhile both count, and even if this worker dies, that is another start.
func (a *attempt) ownPermit(ctx context.Context) error {
	a.permit.mu.Lock()
	defer a.permit.mu.Unlock()
	if a.permit.limit == "" || a.permit.said {
		return nil
	}
	a.permit.own = true // even if this fails: the beats tell it too
	err := a.w.opts.Store.Hold(ctx, a.permit.limit, a.Lease, true)
	a.permit.said = err == nil
	return err
}

// settlePermit gives the permit up for others, once the tool has returned or was left behind.
func (a *attempt) settlePermit() {
	a.permit.mu.Lock()
	defer a.permit.mu.Unlock()
	if a.permit.own {
		a.w.opts.Dispatcher.Yield(a.permit.limit, a.Lease)
	}
	a.w.opts.Dispatcher.Settle(cmp.Or(a.permit.limit, a.Limit), a.Task)
}
