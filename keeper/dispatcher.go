package keeper

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	dispatchers     = 64
	dispatchTimeout = 5 * time.Second
)

// Dispatcher puts deliveries in the queue off the path of a request. What it does not get through, the keeper does later: the
// task's record says that it waits.
type Dispatcher struct {
	gate
	log   *slog.Logger
	group errgroup.Group
}

// NewDispatcher makes a dispatcher. Wait ends it.
func NewDispatcher(s *store.Store, q *queue.Queue, log *slog.Logger) *Dispatcher {
	d := &Dispatcher{gate: gate{s, q}, log: log}
	d.group.SetLimit(dispatchers)
	return d
}

// Dispatch enqueues a delivery soon. It blocks while too many are under way: then requests should not come in faster.
func (d *Dispatcher) Dispatch(next tasks.Delivery) {
	d.soon(func(ctx context.Context) {
		if err := d.enqueue(ctx, next); err != nil && !errors.Is(err, queue.ErrConflict) {
			d.log.Warn("not enqueued, the keeper will try again", "task", next.Task, "attempt", next.Attempt, "err", err)
		}
	})
	runtime.Gosched() // the enqueue goes out before the answer is written: an idle worker waits for it
}

// Settle gives a task's permit under a limit, "" for none, to the next one soon, if the task needs it no more.
func (d *Dispatcher) Settle(limit string, id tasks.ID) {
	if limit == "" {
		return
	}
	d.soon(func(ctx context.Context) { d.settled(limit, d.settle(ctx, limit, []tasks.ID{id}, d.queue.Enqueue)) })
}

// Yield does so with the permit that an attempt has for itself (store.Hold).
func (d *Dispatcher) Yield(limit string, l store.Lease) {
	d.soon(func(ctx context.Context) {
		let, err := d.store.Yield(ctx, limit, l)
		d.settled(limit, errors.Join(err, d.settle(ctx, limit, let, d.queue.Enqueue)))
	})
}

func (d *Dispatcher) settled(limit string, err error) {
	if err != nil {
		d.log.Warn("a permit was not passed on, the keeper will do it", "limit", limit, "err", err)
	}
}

// soon does something within a while. The request that caused it may end first.
func (d *Dispatcher) soon(do func(context.Context)) {
	d.group.Go(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), dispatchTimeout)
		defer cancel()
		do(ctx)
		return nil
	})
}

// Position is a delivery's place in its queue, or before it among those that wait for a permit: 1 for the next one, or 0 where that is not
// known.
func (d *Dispatcher) Position(ctx context.Context, waiting tasks.Delivery) (int, error) {
	if waiting.Limit != "" {
		if n, err := d.store.Waits(ctx, waiting.Limit, waiting.Task); err != nil || n > 0 {
			return n, err
		}
	}
	return d.queue.Position(ctx, waiting)
}

// Wait returns when everything that was dispatched has been tried.
func (d *Dispatcher) Wait() { _ = d.group.Wait() }
