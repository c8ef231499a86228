package worker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// deafened loses the replies of Redis once it is told to: what is asked is done there.
type deafened struct{ deaf atomic.Bool }

func (d *deafened) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *deafened) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if d.deaf.Load() {
			err = context.DeadlineExceeded
			cmd.SetErr(err)
		}
		return err
	}
}

func (d *deafened) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// store is one that can be deafened. Its Redis knows the script that gives attempts back, as one that is in use does.
func (d *deafened) store(t *testing.T, redisOpts *redis.UniversalOptions, o store.Options) *store.Store {
	t.Helper()
	rdb := redistest.Open(t, redisOpts)
	rdb.AddHook(d)
	s, err := store.Open(t.Context(), rdb, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Release(t.Context(), store.Lease{Task: tasks.NewID(0)}, store.Release{}); !errors.Is(err, tasks.ErrLost) {
		t.Fatal(err)
	}
	return s
}
