package keeper

import (
	"context"
	"errors"

	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// sweep enqueues an unclaimed task whose time has come: its start, its next attempt, or one that its creator did not live to enqueue.
func (k *Keeper) sweep(ctx context.Context, id tasks.ID) (bool, error) {
	m, err := k.store.Look(ctx, id)
	if err != nil || m.Next == nil {
		return false, err
	}
	err = k.put(ctx, *m.Next)
	return err == nil, err
}

// put enqueues a delivery, or another one in its place if the queue has lost it.
func (k *Keeper) put(ctx context.Context, d tasks.Delivery) error {
	err := k.enqueue(ctx, d)
	if errors.Is(err, queue.ErrConflict) {
		return k.renew(ctx, d)
	}
	return err
}

// renew replaces a delivery that the queue knows but will hand to nobody: its taker died before the claim. One that waits its turn is fine.
func (k *Keeper) renew(ctx context.Context, d tasks.Delivery) error {
	state, err := k.queue.State(ctx, d)
	if err != nil || state == queue.Pending {
		return err
	}
	m, err := k.store.Renew(ctx, d)
	if err != nil || m.Next == nil {
		return err
	}
	k.log.Info("delivery was lost, enqueued anew", "task", d.Task, "attempt", m.Next.Attempt, "was", state)
	return k.enqueue(ctx, *m.Next)
}
