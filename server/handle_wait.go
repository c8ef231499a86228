package server

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// taskWait serves task_wait, which is held open like a call. It returns early when the task ends, asks something or changes its phase, but not at
// every bit of progress, since each return costs the model's user money.
func (s *Server) taskWait(ctx context.Context, m *managed) (json.RawMessage, error) {
	t := m.task
	if t.Status != tasks.Working {
		return s.handle(t), nil
	}
	d := s.within(m.request, m.limit())
	s.begin(ctx, m.request, store.Stream{Kind: store.WaitStream, Task: t.ID, Token: m.meta.Token, Hold: d})
	return s.awaitChange(ctx, m.request, t, d)
}

// waited is a task_wait that stays open.
type waited struct {
	*request
	server   *Server
	task     *tasks.Task // as it was last seen
	begun    tasks.Phase // the phase that it was in at first
	limit    <-chan time.Time
	progress teller
}

// awaitChange returns the task's handle when the task has changed, or when d is over.
func (s *Server) awaitChange(ctx context.Context, q *request, t *tasks.Task, d time.Duration) (json.RawMessage, error) {
	limit := time.NewTimer(d)
	defer limit.Stop()
	x := &waited{request: q, server: s, task: t, begun: t.Phase, limit: limit.C, progress: s.teller(q, q.meta.Token)}
	result, err := s.watch(ctx, q, t.ID, x)
	switch {
	case errors.Is(err, errDue):
		return s.handle(s.positioned(ctx, x.task)), nil
	case errors.Is(err, errStopping):
		return x.server.handle(x.task), nil
	}
	return result, err
}

func (x *waited) update(ctx context.Context, u store.Update) (json.RawMessage, error) {
	if u.Task == nil {
		return nil, tasks.ErrNotFound
	}
	if x.task = u.Task; x.task.Status != tasks.Working || x.task.Phase != x.begun {
		return x.server.handle(x.task), nil
	}
	return nil, x.out.tell(x.progress.next(ctx, x.task))
}

func (x *waited) silence(ctx context.Context) error {
	return x.out.silence(x.progress.refresh(ctx, x.task))
}

func (x *waited) due() <-chan time.Time { return x.limit }

func (m *managed) limit() time.Duration {
	if m.args.Seconds == 0 {
		return longest
	}
	return time.Duration(m.args.Seconds) * time.Second
}
