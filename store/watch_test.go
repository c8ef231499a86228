package store_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestAWatchShowsTheSnapshotAndEverythingAfterIt(t *testing.T) {
	t.Parallel()
	rdb := redistest.Private(t).Client(t) // its connections are killed
	s := open(t, rdb, store.Options{})
	w := watcher(t, s)
	ctx := within(t, 20*time.Second)
	task := create(t, s)
	x, err := w.Watch(ctx, task.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	until := func(what string, ok func(store.Update) bool) {
		t.Helper()
		for {
			u, err := x.Next(ctx)
			if err != nil {
				t.Fatalf("waiting for %s: %v", what, err)
			}
			if ok(u) {
				return
			}
		}
	}
	until("the snapshot", func(u store.Update) bool { return u.Task.Status == tasks.Working })
	c := claim(t, s, task.Delivery, "a")
	if _, err := s.Report(ctx, c.Lease, 1, &tasks.Progress{Done: 1, Total: 2}, []store.Log{{Level: "info", Message: "hello"}}); err != nil {
		t.Fatal(err)
	}
	logged := false
	until("progress and log", func(u store.Update) bool {
		logged = logged || len(u.Logs) == 1 && u.Logs[0].Message == "hello"
		return logged && u.Task.Progress.Done == 1
	})
	// the connection dies, and the end is written while nobody listens
	if err := rdb.Do(ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	until("the end", func(u store.Update) bool { return u.Task.Status == tasks.Completed })
}

// A failover takes seq back: a watch that only took higher numbers would never show the end.
func TestAWatchSurvivesASeqThatWentBack(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		w := watcher(t, s)
		ctx := within(t, 20*time.Second)
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		for n := range 5 {
			if _, err := s.Report(ctx, c.Lease, n+1, &tasks.Progress{Done: 1}, nil); err != nil {
				t.Fatal(err)
			}
		}
		x, err := w.Watch(ctx, task.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if u, err := x.Next(ctx); err != nil || u.Task.Seq != 6 {
			t.Fatal(u, err)
		}
		rdb.HSet(ctx, shard(task.ID, "t:"+string(task.ID)), "seq", 1)
		if err := s.Apply(ctx, task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
		x.Resync() // as a reconnect, or the next check, does
		if u, err := x.Next(ctx); err != nil || u.Task.Status != tasks.Completed {
			t.Errorf("%+v %v, want completed", u.Task, err)
		}
	})
}
