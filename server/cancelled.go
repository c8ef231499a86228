package server

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// callInSession serves tools/call before 2026-07-28. In a session the call can be cancelled and its stream gone on with through any
// replica, and the stream ends with the session.
func (s *Server) callInSession(ctx context.Context, q *request) (json.RawMessage, error) {
	if q.session == nil || q.augmented() || q.out.mute {
		return s.call(ctx, q)
	}
	ctx, stop := s.bindStream(ctx, q, newTake(), false)
	defer stop()
	return s.unlessCancelled(ctx, q, s.call)
}

// unlessCancelled is no answer if the client cancelled this very request: then it wants none (2025-11-25, Cancellation).
func (s *Server) unlessCancelled(ctx context.Context, q *request, serve func(context.Context, *request) (json.RawMessage, error)) (json.RawMessage, error) {
	result, err := serve(ctx, q)
	if !q.begun {
		return result, err
	}
	if first := s.takeBackNote(ctx, q); !first && errors.Is(err, errCancelled) {
		return nil, errGone
	}
	return result, err
}

// takeBackNote ends that the request can be cancelled. first: nobody did so before. A client that only left may still cancel: then it stays.
func (s *Server) takeBackNote(ctx context.Context, q *request) (first bool) {
	if ctx.Err() != nil {
		return true
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	first, err := s.store.Done(ctx, q.session.ID, q.ID)
	return first || err != nil
}

// cancelRequest serves notifications/cancelled: the task of a call that is held somewhere is cancelled. What is unknown or has
// ended is ignored (2025-11-25, Cancellation, Error Handling), and so is a call that became a task for its client: for those
// there is tasks/cancel.
func (s *Server) cancelRequest(ctx context.Context, q *request) error {
	cancelled, ok := wire.CancelledRequest(q.Params)
	if !ok {
		return nil
	}
	ctx, cancel := brief(context.WithoutCancel(ctx)) // such a client does not wait
	defer cancel()
	id, err := s.store.Waiting(ctx, q.session.ID, cancelled)
	if err != nil || id == "" {
		return err
	}
	if _, err := s.store.Done(ctx, q.session.ID, cancelled); err != nil { // first, so that whoever holds the call knows
		return err
	}
	if err := s.store.Cancel(ctx, id); err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return err
	}
	return nil
}
