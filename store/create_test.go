package store_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The task of an earlier call may be forgotten between the moment when it is found to serve a repeat, and the moment when it is read.
func TestARepeatOfWhatIsJustForgottenIsANewTask(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		rdb, late := redistest.Open(t, o), redistest.Open(t, o)
		s := open(t, rdb, store.Options{})
		call := func(s *store.Store) *tasks.Task {
			return create(t, s, func(n *store.NewTask) { n.Key = "k"; n.ID = s.NewID(n.Owner, n.Repeats()) })
		}
		first := call(s)
		slow := open(t, late, store.Options{})
		late.AddHook(&beforeReading{do: func() { forget(t, s, rdb, first) }})
		if again := call(slow); again.ID == first.ID {
			t.Error("the repeat is answered with a task that is not known any more")
		} else if got := get(t, s, again.ID); got.Phase != tasks.Queued {
			t.Errorf("phase %s of the new task, want queued", got.Phase)
		}
	})
}

// beforeReading does something just before a task is first read.
type beforeReading struct {
	once sync.Once
	do   func()
}

func (h *beforeReading) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h *beforeReading) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h *beforeReading) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "hgetall" {
				h.once.Do(h.do)
				break
			}
		}
		return next(ctx, cmds)
	}
}
