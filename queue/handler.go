package queue

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/hibiken/asynq"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// handler is where asynq's deliveries arrive, each with the slot that the pacer took for it. asynq may give one up
// before its handler runs (an operator cancelled it, it came from elsewhere with a deadline that has passed): it then
// reports an error, perhaps while the handler starts nevertheless. So each has a ticket, and who spends it has the slot.
type handler struct {
	base   context.Context
	pacer  *pacer
	logger *slog.Logger
	handle func(context.Context, tasks.Delivery)
}

type ticketKey struct{}

// context is called by asynq once per delivery, before anything can go wrong with it.
func (h *handler) context() context.Context {
	return context.WithValue(h.base, ticketKey{}, new(atomic.Bool))
}

func spend(ctx context.Context) bool {
	ticket, ok := ctx.Value(ticketKey{}).(*atomic.Bool)
	return ok && ticket.CompareAndSwap(false, true)
}

// ProcessTask passes a delivery on. It always succeeds: asynq has nothing to retry, the keeper does that. The context
// passed on is not asynq's, which ends as soon as this returns.
func (h *handler) ProcessTask(ctx context.Context, t *asynq.Task) error {
	if !spend(ctx) {
		return nil
	}
	defer h.pacer.taken.Done()
	name, _ := asynq.GetQueueName(ctx)
	d, err := delivery(name, t.Payload())
	if err != nil || t.Type() != taskType {
		h.pacer.slots.Release()
		h.logger.Warn("dropped a foreign task from a queue", "queue", name, "type", t.Type())
		return nil
	}
	h.handle(h.base, d)
	return nil
}

// HandleError is told of deliveries that asynq gave up.
func (h *handler) HandleError(ctx context.Context, _ *asynq.Task, _ error) {
	if spend(ctx) {
		h.pacer.slots.Release()
		h.pacer.taken.Done()
	}
}
