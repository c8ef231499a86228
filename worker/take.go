package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const claimTimeout = 10 * time.Second

// take claims the attempt that a delivery names, starts it in the slot that came with the delivery, and returns: the queue's part ends here.
func (w *Worker) take(ctx context.Context, d tasks.Delivery) {
	tried := time.Now()
	c, err := w.claim(ctx, d)
	if err != nil {
		w.slots.Release()
		if !errors.Is(err, tasks.ErrLost) && !errors.Is(err, tasks.ErrNotFound) { // no fault: it was cancelled, or another worker has it
			w.opts.Logger.Warn("claim failed, the keeper will have it delivered again", "task", d.Task, "attempt", d.Attempt, "err", err)
		}
		return
	}
	w.attempts.Add(1)
	w.work.Go(func() {
		defer w.slots.Release()
		defer w.attempts.Add(-1)
		w.metrics.busy.Inc()
		defer w.metrics.busy.Dec()
		w.run(c, tried)
	})
}

// claim tries for a while, always with the same token: if only the reply was lost, the next try succeeds.
func (w *Worker) claim(ctx context.Context, d tasks.Delivery) (c *store.Claimed, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout) // a shutdown in the middle must not leave a claim that nobody knows of
	defer cancel()
	l := store.Lease{Task: d.Task, Attempt: d.Attempt, Token: strconv.FormatUint(rand.Uint64(), 36)}
	err = insist(ctx, w.opts.Logger, "claim", func(ctx context.Context) (err error) {
		c, err = w.opts.Store.Claim(ctx, l, w.opts.Name)
		return err
	})
	return c, err
}

// run finds the tool of a claimed attempt and runs it, or gives it back for a worker that can.
func (w *Worker) run(c *store.Claimed, tried time.Time) {
	a := newAttempt(w, c, tried)
	ctx, cancel := context.WithCancelCause(w.running)
	defer cancel(nil)
	a.cancel = cancel
	defer a.settlePermit()
	tool, ok := w.opts.Registry.Lookup(c.Tool)
	if !ok {
		a.giveBack(fmt.Sprintf("waiting for a worker that has %s", c.Tool))
		return
	}
	a.policy = w.policy(tool)
	if c.Attempt > 1 {
		a.log.Info("attempt takes over", "failures", c.Failures)
	}
	if c.Arguments == nil {
		a.breakTask(tasks.ReasonPayload, "the task's arguments were lost")
		return
	}
	// The front end checked them against the listed schema: if they do not fit here, another version of the tool is listed.
	args, err := tool.Input.Fill(c.Arguments)
	if err != nil {
		a.giveBack(fmt.Sprintf("waiting for a worker whose %s takes these arguments", c.Tool))
		return
	}
	if a.permitted() {
		a.run(ctx, tool, args)
	}
}
