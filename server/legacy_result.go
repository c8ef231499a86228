package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// awaited is a tasks/result, which stays open until its task ends.
type awaited struct {
	*request
	server *Server
	climb  climber
}

// legacyResult serves 2025-11-25's tasks/result: what the call itself would have answered, as long as that takes.
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
	if q.session != nil {
		bound, stop := s.untilSessionEnds(ctx, q)
		defer stop()
		ctx = bound
	}
	a := &awaited{request: q, server: s, climb: climber{now: s.opts.Now}}
	return a.watch(ctx, t.ID)
}

func (a *awaited) watch(ctx context.Context, id tasks.ID) (json.RawMessage, error) {
	f, err := a.server.follow(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.close()
	ping := time.NewTicker(a.server.opts.Ping)
	defer ping.Stop()
	for {
		select {
		case u := <-f.updates:
			if result, err := a.update(u); result != nil || err != nil {
				return result, err
			}
		case <-ping.C:
			if err := a.ping(); err != nil {
				return nil, err
			}
		case <-a.server.draining:
			return nil, errStopping
		case <-ctx.Done():
			return nil, errGone
		}
	}
}

// update shows the client what happened. A result ends the request.
func (a *awaited) update(u store.Update) (json.RawMessage, error) {
	t := u.Task
	if t == nil {
		return nil, tasks.ErrNotFound
	}
	if t.Status.Terminal() {
		return relatedOutcome(t)
	}
	return nil, a.tell(a.climb.next(t))
}

func (a *awaited) tell(message []byte) error {
	if message == nil {
		return nil
	}
	return a.out.send(message)
}

func (a *awaited) ping() error {
	if err := a.out.ping(); err != nil {
		return err
	}
	return a.tell(a.climb.again())
}

// relatedOutcome is what the call of a task that has ended would have answered.
func relatedOutcome(t *tasks.Task) (json.RawMessage, error) {
	switch {
	case t.Status == tasks.Cancelled:
		return nil, errCancelled
	case t.Status == tasks.Completed && t.Result != nil:
		return wire.Related(t.Result, t.ID), nil
	case t.Status == tasks.Failed && t.Error != nil:
		e := t.Error
		return nil, &failure{http.StatusOK, wire.Error{Code: e.Code, Message: e.Message, Data: e.Data}}
	}
	return nil, fmt.Errorf("task %s is %s and its outcome is lost", t.ID, t.Status)
}
