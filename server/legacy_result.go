package server

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// awaited is a tasks/result, which stays open until its task ends.
type awaited struct {
	*request
	server   *Server
	task     *tasks.Task // as it was last seen
	progress teller
	logged   journal
}

// legacyResult serves 2025-11-25's tasks/result: it waits, however long that takes, and returns what the call itself would have.
func (s *Server) legacyResult(ctx context.Context, q *request) (json.RawMessage, error) {
	first, cancel := brief(ctx)
	defer cancel()
	t, err := s.find(first, q)
	if err != nil {
		return nil, err
	}
	if t.Status.Terminal() {
		return relatedOutcome(t)
	}
	if q.session == nil {
		return s.awaitResult(ctx, q, t)
	}
	ctx, stop := s.bindStream(ctx, q, newTake(), true)
	defer stop()
	s.begin(ctx, q, store.Stream{Kind: store.ResultStream, Task: t.ID, Hold: forever})
	return s.unlessCancelled(ctx, q, func(ctx context.Context, q *request) (json.RawMessage, error) { return s.awaitResult(ctx, q, t) })
}

func (s *Server) awaitResult(ctx context.Context, q *request, t *tasks.Task) (json.RawMessage, error) {
	p := teller{server: s, out: q.out, token: t.Token, number: climbing(s.opts.Now, q.takes()), of: t.ID}
	a := &awaited{request: q, server: s, progress: p}
	if q.out.seq > 0 { // Last-Event-ID said how much of the log the client has
		a.logged = journal{read: true, seq: q.out.seq}
	}
	defer a.mark(ctx)
	result, err := s.watch(ctx, q, t.ID, a)
	if errors.Is(err, errStopping) && q.comesBack() {
		return nil, errGone
	}
	return result, err
}

// due is never: tasks/result waits for the end.
func (a *awaited) due() <-chan time.Time { return nil }

// update shows the client what happened. A result ends the request.
func (a *awaited) update(ctx context.Context, u store.Update) (json.RawMessage, error) {
	if u.Task == nil {
		return nil, tasks.ErrNotFound
	}
	a.task = u.Task
	if len(u.Logs) > 0 && a.ours(ctx) {
		if err := a.tellLog(ctx, u.Logs); err != nil {
			return nil, err
		}
	}
	if a.task.Status.Terminal() {
		return relatedOutcome(a.task)
	}
	return nil, a.show(ctx)
}

// show tells of the task's state on this stream, unless another tasks/result of the session does.
func (a *awaited) show(ctx context.Context) error {
	if a.task == nil || !a.ours(ctx) {
		return nil
	}
	if err := a.inquire(ctx, a.task); err != nil {
		return err
	}
	return a.out.tell(a.progress.next(ctx, a.task))
}

// ours reports that no other stream of the session serves tasks/result of this task. If the store does not answer it says no; the next ping asks
// again.
func (a *awaited) ours(ctx context.Context) bool {
	if a.courier == nil {
		return true
	}
	ours, err := a.courier.carries(ctx, store.ResultErrand(a.task.ID), store.Errand{})
	return ours && err == nil
}

// silence breaks a silence, and takes up what another stream may have left behind.
func (a *awaited) silence(ctx context.Context) error {
	if err := a.out.ping(); err != nil {
		return err
	}
	if err := a.show(ctx); err != nil {
		return err
	}
	return a.out.tell(a.progress.repeat())
}

// relatedOutcome returns what the call of a task that has ended would have answered.
func relatedOutcome(t *tasks.Task) (json.RawMessage, error) {
	result, err := outcome(t, false)
	if err != nil {
		return nil, err
	}
	return wire.Related(result, t.ID), nil
}
