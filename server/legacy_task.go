package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// augmented reports that the client asks for a task (2025-11-25, Tasks). To other revisions the parameter means nothing.
func (q *request) augmented() bool {
	return !q.modern() && q.revision.since(wire.V20251125) && q.Params.Has("task")
}

// lastingToken returns the progress token if it lives as long as the task: that of any other call ends with its request.
func (c *call) lastingToken() json.RawMessage {
	if !c.augmented() {
		return nil
	}
	return c.meta.Token
}

// callTask answers a call with its task. Wrong arguments are a JSON-RPC error here: a client that expects a task could not read a plain result.
func (s *Server) callTask(ctx context.Context, c *call) (json.RawMessage, error) {
	if c.tool.Policy.Task == tasks.Forbidden {
		return nil, &wire.Error{Code: wire.CodeMethodNotFound, Message: "this tool cannot be called as a task"}
	}
	ttl, err := wire.Augmented(c.Params)
	if err != nil {
		return nil, err
	}
	if err := c.tool.input.Validate(c.arguments); err != nil {
		return nil, invalid("arguments: %s", plainly(err))
	}
	c.retain(ttl)
	t, err := s.create(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	s.adopt(ctx, c.request, t.ID)
	return wire.LegacyCreated(t, fmt.Sprintf("%s runs in the background as task %s. Do not call it again for this: the result follows when it is done.", c.tool.Name, t.ID)), nil
}

// minTTL is the least time for which a result stays: long enough to be fetched.
const minTTL = 10 * time.Second

// retain keeps the result as long as the client asked for, up to what the policy allows. A client's ttl counts from creation, and may well be over
// before the task has ended; we count it from the end, so the client never gets less than it asked for.
func (c *call) retain(ttl time.Duration) {
	if ttl == 0 {
		return
	}
	t := *c.tool
	t.Policy.Retention = min(max(ttl, minTTL), t.Policy.Retention)
	c.tool = &t
}

// legacyGet serves 2025-11-25's tasks/get.
func (s *Server) legacyGet(ctx context.Context, q *request) (json.RawMessage, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	t, err := s.find(ctx, q)
	if err != nil {
		return nil, err
	}
	return wire.LegacyTask(t), nil
}

// legacyCancel serves 2025-11-25's tasks/cancel, which fails for a task that has ended.
func (s *Server) legacyCancel(ctx context.Context, q *request) (json.RawMessage, error) {
	ctx, cancel := brief(context.WithoutCancel(ctx))
	defer cancel()
	t, err := s.find(ctx, q)
	if err != nil {
		return nil, err
	}
	err = s.store.CancelOpen(ctx, t.ID)
	if ended, ok := errors.AsType[*tasks.StateError](err); ok {
		return nil, invalid("this task cannot be cancelled: it is %s", ended.Status)
	}
	if err != nil {
		return nil, err
	}
	s.opts.Dispatcher.Settle(t.Delivery.Limit, t.ID)
	return s.legacyGet(ctx, q)
}

// tasksPerPage is the most tasks that a page of tasks/list has.
const tasksPerPage = 50

// legacyList serves 2025-11-25's tasks/list: the caller's own, the latest first.
func (s *Server) legacyList(ctx context.Context, q *request) (json.RawMessage, error) {
	if q.owner == tasks.Nobody {
		return nil, &wire.Error{Code: wire.CodeMethodNotFound, Message: "tasks are not listed: this server does not know who you are"}
	}
	after, err := listedUpTo(q.Params)
	if err != nil {
		return nil, err
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	page, next, err := s.page(ctx, q.owner, after, tasksPerPage)
	if err != nil {
		return nil, err
	}
	return wire.LegacyList(page, next), nil
}

func listedUpTo(params wire.Object) (store.Place, error) {
	if !params.Has("cursor") {
		return store.Place{}, nil
	}
	cursor, _ := params.Text("cursor")
	return parseCursor(cursor)
}
