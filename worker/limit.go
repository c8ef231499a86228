package worker

import (
	"cmp"
	"context"
	"sync"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// permit is what lets an attempt of a limited tool run. It is the task's, so that the next attempt has it too, unless this one goes on
// while its task does not need it any more: then the attempt has one of its own.
type permit struct {
	mu    sync.Mutex // held over trips to Redis: what was said last holds
	limit string     // "": there is none
	own   bool       // the attempt has one of its own, …
	said  bool       // … and Redis knows
}

// permitted says whether the attempt may start its tool. If its permit was lost, or its task is older than the limit, it goes back to wait
// for one.
func (a *attempt) permitted() bool {
	limit := a.Limit
	if limit == "" && a.policy.Limited() {
		limit = a.Tool
	}
	if limit == "" {
		return true
	}
	ctx, cancel := context.WithDeadline(a.w.writing, a.claimed.Add(claimTimeout)) // later the attempt may be another's
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

// holdPermit says that the tool runs. What is not heard the next beat says again: it must not wait for this.
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

// ownPermit gives the attempt a permit of its own. It comes before the task is given back for later, or ended while the tool still runs: if it is let in again beside it each counts,
// and whatever becomes of this worker, that is a start of its own.
func (a *attempt) ownPermit(ctx context.Context) error {
	a.permit.mu.Lock()
	defer a.permit.mu.Unlock()
	if a.permit.limit == "" || a.permit.said {
		return nil
	}
	a.permit.own = true // whether this is heard or not: the beats say it too
	err := a.w.opts.Store.Hold(ctx, a.permit.limit, a.Lease, true)
	a.permit.said = err == nil
	return err
}

// settlePermit passes the permit on, once the tool has returned or was left behind.
func (a *attempt) settlePermit() {
	a.permit.mu.Lock()
	defer a.permit.mu.Unlock()
	if a.permit.own {
		a.w.opts.Dispatcher.Yield(a.permit.limit, a.Lease)
	}
	a.w.opts.Dispatcher.Settle(cmp.Or(a.permit.limit, a.Limit), a.Task)
}
