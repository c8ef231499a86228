package server

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// callInSession serves tools/call before 2026-07-28. In a session the call can be cancelled, and its stream resumed, through any replica; and the
// stream ends with the session.
func (s *Server) callInSession(ctx context.Context, q *request) (json.RawMessage, error) {
	if q.session == nil || q.augmented() || q.out.mute {
		return s.call(ctx, q)
	}
	ctx, stop := s.bindStream(ctx, q, newTake(), false)
	defer stop()
	return s.unlessCancelled(ctx, q, s.call)
}

// unlessCancelled serves a request, but gives no answer if the client cancelled it: it wants none then (2025-11-25, Cancellation).
func (s *Server) unlessCancelled(ctx context.Context, q *request, serve func(context.Context, *request) (json.RawMessage, error)) (json.RawMessage, error) {
	result, err := serve(ctx, q)
	if q.begun && s.takeBackNote(ctx, q) {
		return nil, errGone
	}
	return result, err
}

// takeBackNote removes the note by which the request can be cancelled, and reports whether it was. If the client only left the note stays: the
// client may still cancel.
func (s *Server) takeBackNote(ctx context.Context, q *request) (cancelled bool) {
	if ctx.Err() != nil {
		return false
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	cancelled, err := s.store.Done(ctx, q.session.ID, q.ID)
	return cancelled && err == nil
}

// cancelRequest serves notifications/cancelled: the request ends without an answer, whoever serves it, and the task of a call is cancelled,
// unless others share it. What is unknown or has ended is ignored (2025-11-25, Cancellation, Error Handling), and so is a call that became
// a task for its client: for those there is tasks/cancel.
func (s *Server) cancelRequest(ctx context.Context, q *request) error {
	cancelled, ok := wire.CancelledRequest(q.Params)
	if !ok {
		return nil
	}
	ctx, cancel := brief(context.WithoutCancel(ctx)) // the client does not wait for a notification
	defer cancel()
	x, ok, err := s.store.Withdraw(ctx, q.session.ID, cancelled)
	if err != nil || !ok || x.Kind != store.CallStream {
		return err
	}
	if err = s.endCall(ctx, x); errors.Is(err, tasks.ErrNotFound) {
		return nil
	}
	return err
}

// endCall ends the task of a cancelled call, unless other calls share it.
func (s *Server) endCall(ctx context.Context, x store.Stream) error {
	if x.Waiter == "" {
		return s.store.Cancel(ctx, x.Task)
	}
	if err := s.store.Abandon(ctx, x.Task, x.Waiter); err != nil {
		return err
	}
	_, err := s.store.Orphan(ctx, x.Task)
	return err
}
