package store_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func newTask(s *store.Store) store.NewTask {
	return store.NewTask{ID: s.NewID(tasks.Local, ""), Tool: "t", Owner: tasks.Local, Policy: tasks.Policy{}.WithDefaults("q")}
}

func status(t *testing.T, rdb redis.UniversalClient, id tasks.ID) tasks.Status {
	t.Helper()
	return tasks.Status(rdb.HGet(t.Context(), shard(id, "t:"+string(id)), "status").Val())
}

func TestStrictWritesAreOnAReplica(t *testing.T) {
	t.Parallel()
	master := redistest.Private(t)
	s := open(t, master.Client(t), store.Options{Strict: true})
	n := newTask(s)
	if _, _, err := s.Create(t.Context(), n); !errors.Is(err, store.ErrNotReplicated) || !store.Unavailable(err) {
		t.Errorf("create without a replica: %v, want ErrNotReplicated, as unavailable", err)
	}
	copied := redistest.Replica(t, master).Client(t)
	ctx := within(t, 20*time.Second)
	if _, _, err := s.Create(ctx, n); err != nil {
		t.Fatal(err)
	}
	if got := status(t, copied, n.ID); got != tasks.Working {
		t.Errorf("on the replica the task is %q when create has returned", got)
	}
	c := claim(t, s, get(t, s, n.ID).Delivery, "a")
	if err := s.Apply(ctx, n.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if got := status(t, copied, n.ID); got != tasks.Completed {
		t.Errorf("on the replica the task is %q when finish has returned", got)
	}
}

// A client that was told of a result must not find it gone after a failover.
func TestAnEndThatNoReplicaHasIsNotTold(t *testing.T) {
	t.Parallel()
	master := redistest.Private(t)
	replica := redistest.Replica(t, master)
	s := open(t, master.Client(t), store.Options{Strict: true})
	task, _, err := s.Create(t.Context(), newTask(s))
	if err != nil {
		t.Fatal(err)
	}
	c := claim(t, s, task.Delivery, "a")
	replica.Freeze()
	if err := s.Apply(t.Context(), task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); !errors.Is(err, store.ErrNotReplicated) {
		t.Errorf("finish while the replica is frozen: %v, want ErrNotReplicated", err)
	}
	if got, err := s.Get(t.Context(), task.ID); !errors.Is(err, store.ErrNotReplicated) {
		t.Errorf("told %+v %v of an end that a failover would undo", got, err)
	}
	record := shard(task.ID, "t:"+string(task.ID))
	rdb := master.Client(t)
	for name, ended := range map[string]time.Time{"long ago": time.Now().Add(-24 * time.Hour), "by a clock that is ahead": time.Now().Add(24 * time.Hour)} {
		rdb.HSet(t.Context(), record, "ended", ended.UnixMilli(), "updated", ended.UnixMilli())
		if got, err := s.Get(t.Context(), task.ID); !errors.Is(err, store.ErrNotReplicated) {
			t.Errorf("ended %s: told %+v %v", name, got, err)
		}
	}
	replica.Thaw()
	if got := get(t, s, task.ID); got.Status != tasks.Completed {
		t.Errorf("the task is %s once a replica has its end", got.Status)
	}
	replica.Freeze()
	if got := get(t, s, task.ID); got.Status != tasks.Completed {
		t.Errorf("what a replica had once is told without it: %s", got.Status)
	}
	replica.Thaw()
}

// successor leads a client to another master as soon as the first one has a task.
type successor struct {
	redis.UniversalClient // of the first
	key                   string
	promoted              atomic.Bool
}

func (x *successor) DialHook(next redis.DialHook) redis.DialHook { return next }

func (x *successor) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (x *successor) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if x.Exists(ctx, x.key).Val() == 1 && x.promoted.CompareAndSwap(false, true) {
			x.Do(ctx, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		}
		return err
	}
}

// The replica that confirms must be one of the master that was written to: another may have been promoted without the write.
func TestAWriteIsNotConfirmedByAnotherMastersReplica(t *testing.T) {
	t.Parallel()
	old, next := redistest.Private(t), redistest.Private(t)
	replica := redistest.Replica(t, next).Client(t)
	x := &successor{UniversalClient: old.Client(t)}
	rdb := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
		addr := old.Addr()
		if x.promoted.Load() {
			addr = next.Addr()
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	t.Cleanup(func() { rdb.Close() })
	s := open(t, rdb, store.Options{Strict: true})
	n := newTask(s)
	x.key = shard(n.ID, "t:"+string(n.ID))
	rdb.AddHook(x)
	if _, _, err := s.Create(t.Context(), n); err == nil && status(t, replica, n.ID) == "" {
		t.Error("create was confirmed by a replica that never had it")
	}
	if !x.promoted.Load() {
		t.Fatal("nobody was promoted: the test shows nothing")
	}
}
