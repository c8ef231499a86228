package server

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// nameWaiter gives a held call a name among the calls that wait for its task, if dropping it can mean stop: it has no key by which its client could
// come back, and its policy does not let the task run on anyway. Before 2026-07-28 only notifications/cancelled means stop, and it stops just
// this call if others share the task.
func (c *call) nameWaiter() {
	if c.meta.Key != "" {
		return
	}
	if c.modern() && !c.tool.Policy.Detach || c.session != nil && c.tool.Policy.Dedupe != "" {
		c.waiter = rand.Text()[:8]
	}
}

// abandon does to a task what its client's leaving means. On 2026-07-28 closing the stream is how a client says stop (transports/streamable-http,
// Cancellation); before, it means nothing. The connection may merely have dropped, so the task has a grace (the policy's Orphan) in which a
// repeat of the call finds it. The client of a call without a waiter can come back.
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

// keep notes that a client can come back to a task: whoever names a task knows its id, even if the call that made it was dropped. That is a write
// for the first client only, and only if the task may become an orphan. If it fails the request goes on: the grace may be long enough.
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
