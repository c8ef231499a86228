package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// taskWait serves task_wait: it is a held call of a task that exists. It returns early when the task ends, asks, or changes its phase;
// not at every bit of progress, since each return costs the model's user money.
func (s *Server) taskWait(ctx context.Context, m *managed) (json.RawMessage, error) {
	t, err := s.visit(ctx, m)
	if err != nil {
		return nil, err
	}
	if t.Status != tasks.Working {
		return handle(t), nil
	}
	d := s.within(m.request, m.limit())
	s.begin(ctx, m.request, store.Stream{Kind: aWait, Task: t.ID, Token: m.meta.Token, Hold: d})
	return s.awaitChange(ctx, m.request, t, d)
}

// awaitChange is how the task stands when it has, or when the time is over.
func (s *Server) awaitChange(ctx context.Context, q *request, t *tasks.Task, d time.Duration) (json.RawMessage, error) {
	f, err := s.follow(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	defer f.close()
	limit := time.NewTimer(d)
	defer limit.Stop()
	ping := time.NewTicker(s.opts.Ping)
	defer ping.Stop()
	progress := s.teller(q, q.meta.Token)
	for begun := t.Phase; ; {
		select {
		case u := <-f.updates:
			if u.Task == nil {
				return nil, tasks.ErrNotFound
			}
			if t = u.Task; t.Status != tasks.Working || t.Phase != begun {
				return handle(t), nil
			}
			err = q.out.tell(progress.next(ctx, t))
		case <-ping.C:
			err = q.out.silence(progress.again(ctx, t))
		case <-limit.C:
			return handle(s.positioned(ctx, t)), nil
		case <-s.draining:
			return handle(t), nil
		case <-ctx.Done():
			return nil, errGone
		}
		if err != nil {
			return nil, err
		}
	}
}

func (m *managed) limit() time.Duration {
	if m.args.Seconds == 0 {
		return longest
	}
	return time.Duration(m.args.Seconds) * time.Second
}

func (s *Server) visit(ctx context.Context, m *managed) (*tasks.Task, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	return s.look(ctx, m.owner, m.args.TaskID)
}
