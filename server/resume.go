package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// begin notes in Redis what the request's stream is about, so that any replica can go on with it, or cancel its call. If that fails the request
// is served all the same.
func (s *Server) begin(ctx context.Context, q *request, x store.Stream) {
	if q.courier == nil {
		return
	}
	noting, cancel := brief(ctx)
	defer cancel()
	x.ID, x.Session, x.Request = q.courier.stream, q.session.ID, q.ID
	if err := s.store.OpenStream(noting, x); err != nil {
		q.log.Warn("request cannot be resumed, nor be cancelled by its id", "task", x.Task, "err", err)
		return
	}
	q.begun = true
	q.resumable()
}

// resumable gives ids to the events of the request's stream, and sends the first one at once if the client's revision knows that.
func (q *request) resumable() {
	q.out.name = q.courier.take.String()
	if q.revision.since(wire.V20251125) {
		_ = q.out.prime() // if the client is gone, the next write fails too
	}
}

// comesBack reports that the client knows how to go on with this stream, and will do so by itself.
func (q *request) comesBack() bool { return q.out.name != "" && q.revision.since(wire.V20251125) }

// resume serves GET with Last-Event-ID by watching the task of the stream again. The task's state shows what happened meanwhile; an open question
// that the client does not have, as far as that event tells, is put again with the same id.
func (s *Server) resume(ctx context.Context, q *request, lastEvent string) error {
	e := parseEvent(lastEvent)
	if e.asked == answered { // the TypeScript SDK does not take an error for an answer, and comes back for ever
		return errEnded
	}
	x, err := s.reopen(ctx, q, e.stream)
	if err != nil {
		return err
	}
	q.ID, q.meta.Token, q.begun = x.Request, x.Token, true
	ctx, stop := s.bindStream(ctx, q, take{x.ID, x.Take}, x.Kind == store.ResultStream)
	defer stop()
	q.out.seq, q.out.progress, q.out.asked = e.heard, e.progress, e.asked
	q.resumable()
	if err := q.out.ping(); err == nil {
		q.answer(s.unlessCancelled(ctx, q, func(ctx context.Context, q *request) (json.RawMessage, error) { return s.goOn(ctx, q, x) }))
	}
	return nil
}

func (s *Server) reopen(ctx context.Context, q *request, id string) (*store.Stream, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	x, err := s.store.Resume(ctx, q.session.ID, id)
	if errors.Is(err, store.ErrNoStream) {
		return nil, refuse(http.StatusBadRequest, wire.CodeInvalidRequest,
			"Last-Event-ID: this stream is unknown, another session's or was left too long ago to be resumed")
	}
	if err != nil {
		return nil, err
	}
	_, cancelled, err := s.store.KeepStream(ctx, q.session.ID, id, x.Request)
	if cancelled {
		return nil, errEnded
	}
	return x, err
}

func (s *Server) goOn(ctx context.Context, q *request, x *store.Stream) (json.RawMessage, error) {
	if x.Kind == store.CallStream {
		h := &held{request: q, server: s, id: x.Task, tool: x.Tool}
		return h.await(ctx, x.Hold)
	}
	looking, cancel := brief(ctx)
	defer cancel()
	t, err := s.look(looking, q.owner, string(x.Task))
	switch {
	case err != nil:
		return nil, err
	case x.Kind == store.ResultStream && t.Status.Terminal():
		return relatedOutcome(t)
	case x.Kind == store.ResultStream:
		return s.awaitResult(ctx, q, t)
	case x.Kind == store.WaitStream && t.Status == tasks.Working:
		return s.awaitChange(ctx, q, t, x.Hold)
	case x.Kind == store.WaitStream:
		return s.handle(t), nil
	}
	return nil, fmt.Errorf("stream of an unknown kind %q", x.Kind)
}
