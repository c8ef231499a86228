package keeper

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	dispatchers     = 64
	dispatchTimeout = 5 * time.Second
)

// Dispatcher puts deliveries in the queue off the path of a request. What it does not get through, the keeper does later: the
// task's record says that it waits.
type Dispatcher struct {
	queue *queue.Queue
	log   *slog.Logger
	group errgroup.Group
}

// NewDispatcher makes a dispatcher. Wait ends it.
func NewDispatcher(q *queue.Queue, log *slog.Logger) *Dispatcher {
	d := &Dispatcher{queue: q, log: log}
	d.group.SetLimit(dispatchers)
	return d
}

// Dispatch enqueues a delivery soon. It blocks while too many are under way: then requests should not come in faster.
func (d *Dispatcher) Dispatch(next tasks.Delivery) {
	d.group.Go(func() error {
		// the request that caused it may end first
		ctx, cancel := context.WithTimeout(context.Background(), dispatchTimeout)
		defer cancel()
		if err := d.queue.Enqueue(ctx, next); err != nil && !errors.Is(err, queue.ErrConflict) {
			d.log.Warn("not enqueued, the keeper will try again", "task", next.Task, "attempt", next.Attempt, "err", err)
		}
		return nil
	})
	runtime.Gosched() // the enqueue goes out before the answer is written: an idle worker waits for it
}

// Position is a delivery's place in its queue, 1 for the next one, or 0 where that is not known.
func (d *Dispatcher) Position(ctx context.Context, waiting tasks.Delivery) (int, error) {
	return d.queue.Position(ctx, waiting)
}

// Wait returns when everything that was dispatched has been tried.
func (d *Dispatcher) Wait() { _ = d.group.Wait() }
