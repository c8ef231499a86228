package server

import (
	"context"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// positionTimeout bounds how long a message waits for a number that it can do without.
const positionTimeout = 250 * time.Millisecond

// maxPositioned is the most tasks on one stream whose places in the queue are told.
const maxPositioned = 16

// positioned returns a task with its place in the queue, if it waits in one and the place can be found. It costs a trip to Redis, so it is only for
// messages to watchers: the first, and those that break a silence.
func (s *Server) positioned(ctx context.Context, t *tasks.Task) *tasks.Task {
	if t.Phase != tasks.Queued {
		return t
	}
	ctx, cancel := context.WithTimeout(ctx, positionTimeout)
	defer cancel()
	n, err := s.opts.Dispatcher.Position(ctx, t.Delivery)
	if err != nil || n == 0 { // the message can do without
		return t
	}
	known := *t // others may watch t
	known.Position = n
	return &known
}
