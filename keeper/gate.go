package keeper

import (
	"context"
	"errors"

	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// gate is the way into the queue. A delivery of a limited task passes when it has a permit; until then its task waits for one.
type gate struct {
	store *store.Store
	queue *queue.Queue
}

// enqueue lets a delivery in, and with it whoever turns out to have a permit now. It is nil for one that has to wait.
func (g gate) enqueue(ctx context.Context, d tasks.Delivery) error {
	if d.Limit == "" {
		return g.queue.Enqueue(ctx, d)
	}
	ok, others, err := g.store.Admit(ctx, d)
	if err != nil {
		return err
	}
	if ok {
		err = g.queue.Enqueue(ctx, d)
	}
	return errors.Join(err, g.settle(ctx, d.Limit, others, g.queue.Enqueue))
}

// settle sees to tasks that have a permit: one that waits is put into the queue, one that needs the permit no more makes way for the next.
// What fails the keeper tries again.
func (g gate) settle(ctx context.Context, limit string, holders []tasks.ID, put func(context.Context, tasks.Delivery) error) error {
	var errs []error
	for len(holders) > 0 && ctx.Err() == nil {
		waiting, let, err := g.store.Settle(ctx, limit, holders[0])
		if waiting != nil {
			err = put(ctx, *waiting)
		}
		if err != nil && !errors.Is(err, queue.ErrConflict) {
			errs = append(errs, err)
		}
		holders = append(holders[1:], let...)
	}
	return errors.Join(append(errs, ctx.Err())...)
}
