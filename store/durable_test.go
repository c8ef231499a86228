package store_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestStrictWritesAreOnAReplica(t *testing.T) {
	t.Parallel()
	master := redistest.Private(t)
	s := open(t, master.Client(t), store.Options{Strict: true})
	n := store.NewTask{ID: s.NewID(tasks.Local, ""), Tool: "t", Owner: tasks.Local, Policy: tasks.Policy{}.WithDefaults("q")}
	if _, _, err := s.Create(t.Context(), n); !errors.Is(err, store.ErrNotReplicated) || !store.Unavailable(err) {
		t.Errorf("create without a replica: %v, want ErrNotReplicated, as unavailable", err)
	}
	host, port, err := net.SplitHostPort(master.Addr())
	if err != nil {
		t.Fatal(err)
	}
	replica := redistest.Private(t, "--replicaof", host+" "+port)
	copied := replica.Client(t)
	ctx := within(t, 20*time.Second)
	for ctx.Err() == nil { // until it is connected, writes are refused
		if _, _, err = s.Create(ctx, n); err == nil {
			break
		}
	}
	task := get(t, s, n.ID)
	c := claim(t, s, task.Delivery, "a")
	if err := s.Apply(ctx, task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if got := copied.HGet(ctx, shard(task.ID, "t:"+string(task.ID)), "status").Val(); got != string(tasks.Completed) {
		t.Errorf("on the replica the task is %q when finish has returned", got)
	}
}
