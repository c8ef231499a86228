package server

import (
	"context"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// find reads the task that the request names. Another caller's does not exist.
func (s *Server) find(ctx context.Context, q *request) (*tasks.Task, error) {
	text, _ := q.Params.Text("taskId") // the door has checked that it is text
	return s.look(ctx, q.owner, text)
}

// look reads a task by the id that a client gave. A client that knows the id can come back to the task, so it is kept (see keep).
func (s *Server) look(ctx context.Context, owner tasks.Owner, text string) (*tasks.Task, error) {
	id, err := tasks.ParseID(text)
	if err != nil {
		return nil, err
	}
	t, err := s.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if t.Owner != owner {
		return nil, tasks.ErrNotFound
	}
	s.keep(ctx, t)
	return t, nil
}
