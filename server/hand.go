package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// hand gives the client its task, or the result itself if that comes within the policy's inline window.
func (s *Server) hand(ctx context.Context, c *call, t *tasks.Task) (json.RawMessage, error) {
	if window := c.tool.Policy.Inline; window > 0 {
		t = s.linger(ctx, t, window)
		if t.Status == tasks.Completed {
			return c.plain(s, t.Result), nil
		}
	}
	return wire.Created(t, s.about), nil
}

// linger waits until the task is no longer working, or until the window is over, and returns it. The task exists, so nothing here is an error: in
// the worst case its client learns of the end a little later.
func (s *Server) linger(ctx context.Context, t *tasks.Task, window time.Duration) *tasks.Task {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	f, err := s.follow(ctx, t.ID)
	if err != nil {
		return t
	}
	defer f.close()
	for {
		select {
		case u := <-f.updates:
			if u.Task == nil {
				return t
			}
			if t = u.Task; t.Status != tasks.Working {
				return t
			}
		case <-s.draining:
			return t
		case <-ctx.Done():
			return t
		}
	}
}
