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

// callInSession serves tools/call before 2026-07-28. In a session the call can be cancelled and its stream gone on with through any
// replica, and the stream ends with the session.
func (s *Server) callInSession(ctx context.Context, q *request) (json.RawMessage, error) {
	if q.session == nil || q.augmented() || q.out.mute {
		return s.call(ctx, q)
	}
	ctx, stop := s.carry(ctx, q, newTake(), false)
	defer stop()
	return s.unlessCancelled(ctx, q, s.call)
}

// unlessCancelled is no answer if the client cancelled this very request: then it wants none (2025-11-25, Cancellation).
func (s *Server) unlessCancelled(ctx context.Context, q *request, serve func(context.Context, *request) (json.RawMessage, error)) (json.RawMessage, error) {
	result, err := serve(ctx, q)
	if q.begun && !s.done(ctx, q) && errors.Is(err, errCancelled) {
		return nil, errGone
	}
	return result, err
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
// ended, and when the client goes on with the stream on another connection. stop must be called.
func (s *Server) carry(ctx context.Context, q *request, k take, known bool) (bound context.Context, stop func()) {
	bound, cancel := context.WithCancel(ctx)
	c := s.courier(q, k, known)
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
				if c.isOver(bound) {
					cancel()
				}
			case <-use.C:
				if c.isOver(bound) {
					cancel()
				}
			case <-renew.C:
				c.renew(bound)
			case <-bound.Done():
				return
			}
		}
	})
	return bound, func() { cancel(); looking.Wait(); quit(); c.close(ctx) }
}

// isOver looks whether the stream has no session any more, or goes on on another connection. Both count as used.
func (c *courier) isOver(ctx context.Context) bool {
	x, err := c.server.recall(ctx, c.session.ID, c.owner)
	if err != nil {
		return errors.Is(err, errSession)
	}
	level := wire.Level(x.Level) // the client may want another by now
	c.level.Store(&level)
	ctx, cancel := brief(ctx)
	defer cancel()
	latest, err := c.server.store.KeepStream(ctx, c.stream)
	return err == nil && latest > c.number
}
