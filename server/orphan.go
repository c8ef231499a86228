package server

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// nameWaiter gives a call that is held a name among those that wait for its task, where its end could mean stop: without a key to come back
// with, and unless the policy lets the task run on whoever leaves. Before 2026-07-28 only its cancellation says stop, which is for this
// call alone if others share its task.
func (c *call) nameWaiter() {
	if c.meta.Key != "" {
		return
	}
	if c.modern() && !c.tool.Policy.Detach || c.session != nil && c.tool.Policy.Dedupe != "" {
		c.waiter = rand.Text()[:8]
	}
}

// abandon is what a client's leaving means for its task. On 2026-07-28 closing the stream is how a client says stop
// (transports/streamable-http, Cancellation); before, it says nothing. A connection may merely have dropped, so the task has a grace
// (the policy's orphan) in which a repeat of the call finds it. A call without a waiter has told its client how to come back.
func (h *held) abandon(ctx context.Context) {
	if h.waiter == "" || !h.modern() || h.server.isDraining() {
		return
	}
	ctx = context.WithoutCancel(ctx) // the request is over, its task is not
	dropping, cancel := brief(ctx)
	defer cancel()
	if err := h.server.store.Abandon(dropping, h.id, h.waiter); err != nil {
		h.log.Warn("dropped call not noted, its task runs on", "task", h.id, "tool", h.tool, "err", err)
		return
	}
	h.server.graces.after(h.grace, func() { h.orphan(ctx) })
}

// keep: whoever names a task knows its id, and can come back to it even if the call that it was made for was dropped. A write for the
// first who does so, and only of a task that may become an orphan. Reading goes on without it: the grace may be long enough.
func (s *Server) keep(ctx context.Context, t *tasks.Task) {
	if t.Kept || t.Status.Terminal() {
		return
	}
	if err := s.store.Keep(ctx, t.ID); err != nil && !errors.Is(err, tasks.ErrNotFound) {
		s.opts.Logger.Warn("task may be cancelled as an orphan", "task", t.ID, "tool", t.Tool, "err", err)
	}
}

func (h *held) orphan(ctx context.Context) {
	ctx, cancel := brief(ctx)
	defer cancel()
	if _, err := h.server.store.Orphan(ctx, h.id); err != nil && !errors.Is(err, tasks.ErrNotFound) {
		h.log.Warn("orphaned task not cancelled, it runs on", "task", h.id, "tool", h.tool, "err", err)
	}
}
