package server

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// callInSession serves tools/call before 2026-07-28. In a session the call can be cancelled through any replica, and its stream ends
// with the session.
func (s *Server) callInSession(ctx context.Context, q *request) (json.RawMessage, error) {
	if q.session == nil || q.augmented() {
		return s.call(ctx, q)
	}
	ctx, stop := s.carry(ctx, q, false)
	defer stop()
	result, err := s.call(ctx, q)
	if q.begun && !s.done(ctx, q) && errors.Is(err, errCancelled) {
		return nil, errGone // the client cancelled this very request: it wants no answer (2025-11-25, Cancellation)
	}
	return result, err
}

// begin notes a call's task. Without the note the call is served all the same, and can only not be cancelled by its request's id.
func (s *Server) begin(ctx context.Context, q *request, id tasks.ID) {
	if q.session == nil {
		return
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := s.store.Begin(ctx, q.session.ID, q.ID, id); err != nil {
		q.log.Warn("call cannot be cancelled by its request", "task", id, "err", err)
		return
	}
	q.begun = true
}

// done takes the note back, and reports whether nobody did so before. A client that only left may still cancel: then it stays.
func (s *Server) done(ctx context.Context, q *request) bool {
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
	request, ok := wire.CancelledRequest(q.Params)
	if !ok {
		return nil
	}
	ctx, cancel := brief(context.WithoutCancel(ctx)) // such a client does not wait
	defer cancel()
	text, err := s.store.Waiting(ctx, q.session.ID, request)
	if err != nil {
		return err
	}
	id, err := tasks.ParseID(string(text))
	if err != nil {
		return nil
	}
	if _, err := s.store.Done(ctx, q.session.ID, request); err != nil { // first, so that whoever holds the call knows
		return err
	}
	if err := s.store.Cancel(ctx, id); err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return err
	}
	return nil
}

// stillUsed is how often an open stream counts as a use of its session.
const stillUsed = time.Hour

// carry makes the request's stream one of its session: it may carry questions, and the context ends with the session, wherever that is
// ended. stop must be called.
func (s *Server) carry(ctx context.Context, q *request, known bool) (bound context.Context, stop func()) {
	bound, cancel := context.WithCancel(ctx)
	c := s.courier(q, known)
	q.courier = c
	changes, quit := s.opts.Watcher.SessionChanged(q.session.ID)
	var looking sync.WaitGroup
	looking.Go(func() {
		renew := time.NewTicker(s.opts.Ping)
		defer renew.Stop()
		use := time.NewTicker(stillUsed)
		defer use.Stop()
		for {
			select {
			case <-changes:
				c.free()
				if _, err := s.recall(bound, q.session.ID, q.owner); errors.Is(err, errSession) {
					cancel()
				}
			case <-use.C:
				_, _ = s.recall(bound, q.session.ID, q.owner) // its end is told otherwise
			case <-renew.C:
				c.renew(bound)
			case <-bound.Done():
				return
			}
		}
	})
	return bound, func() { cancel(); looking.Wait(); quit(); c.close(ctx) }
}
