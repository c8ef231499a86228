package server

import (
	"context"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// positionTimeout bounds how long a message waits for a number that it can do without.
const positionTimeout = 250 * time.Millisecond

// maxPositioned is of how many tasks on one stream the places are told.
const maxPositioned = 16

// positioned is a task with its place in the queue, where it waits in one and the place is to be had. It costs a trip to Redis: it is for
// messages to watchers, at their first look and when they break a silence.
func (s *Server) positioned(ctx context.Context, t *tasks.Task) *tasks.Task {
	if t.Phase != tasks.Queued {
		return t
	}
	ctx, cancel := context.WithTimeout(ctx, positionTimeout)
	defer cancel()
	n, err := s.opts.Dispatcher.Position(ctx, t.Delivery)
	if err != nil || n == 0 { // it can do without
		return t
	}
	known := *t // others may watch t
	known.Position = n
	return &known
}
