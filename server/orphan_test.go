package server_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/server"
)

// abandoned is a task whose only call was dropped a moment ago: its grace has begun.
func (f *front) abandoned() claimed {
	f.t.Helper()
	c := f.leave(modern("tools/call", obj{"name": "any"}, plainClient))
	key := "lh:{" + strconv.Itoa(c.Task.Shard()) + "}:t:" + string(c.Task)
	eventually(f.t, "no call waits", func() bool {
		for _, field := range f.rdb.HKeys(f.ctx, key).Val() {
			if strings.HasPrefix(field, "h:") {
				return false
			}
		}
		return true
	})
	return c
}

func TestAClientThatNamesATaskCanComeBack(t *testing.T) {
	t.Parallel()
	f := start(t)
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	ask := func(d func(id string) *draft) func(id string) {
		return func(id string) { f.ask(d(id)) }
	}
	tool := func(name string, args obj) func(id string) {
		return func(id string) { args["taskId"] = id; f.manage(name, args) }
	}
	stream := func(d func(id string) *draft) func(id string) {
		return func(id string) {
			ctx, leave := context.WithCancel(f.soon())
			defer leave()
			r := f.send(ctx, d(id))
			defer r.body.Close()
			r.next()
		}
	}
	for name, c := range map[string]struct {
		visit  func(id string)
		orphan bool
	}{
		"nobody":              {func(string) {}, true},
		"a list":              {func(string) { f.ask(legacy("tasks/list", nil)) }, true},
		"a stranger":          {func(id string) { stranger.ask(modern("tasks/get", obj{"taskId": id})) }, true},
		"tasks/get":           {ask(func(id string) *draft { return modern("tasks/get", obj{"taskId": id}) }), false},
		"tasks/update":        {ask(func(id string) *draft { return modern("tasks/update", obj{"taskId": id, "inputResponses": obj{}}) }), false},
		"listen":              {stream(listenTo), false},
		"tasks/get, earlier":  {ask(func(id string) *draft { return legacy("tasks/get", obj{"taskId": id}) }), false},
		"task_get":            {tool("task_get", obj{}), false},
		"task_wait":           {tool("task_wait", obj{"seconds": 1}), false},
		"task_answer, to nil": {tool("task_answer", obj{"answers": obj{}}), false},
	} {
		t.Run(name, func(t *testing.T) {
			task := f.abandoned()
			c.visit(string(task.Task))
			if cancelled, err := f.store.Orphan(t.Context(), task.Task); cancelled != c.orphan || err != nil {
				t.Errorf("cancelled %t, %v, want %t", cancelled, err, c.orphan)
			}
		})
	}
	t.Run("tasks/result", func(t *testing.T) {
		task := f.abandoned()
		ctx, leave := context.WithCancel(f.soon())
		defer leave()
		f.await(ctx, f.initialize("2025-11-25", obj{}), string(task.Task))
		f.followers(string(task.Task), 1)
		if cancelled, err := f.store.Orphan(t.Context(), task.Task); cancelled || err != nil {
			t.Errorf("cancelled %t, %v", cancelled, err)
		}
	})
}

func listenTo(id string) *draft {
	return modern("subscriptions/listen", obj{"notifications": obj{"taskIds": []string{id}}})
}

// counter counts the scripts that are run outside of pipelines.
type counter struct{ scripts atomic.Int64 }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			c.scripts.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func TestReadingATaskWritesOnceAndOnlyWhereItMayBecomeAnOrphan(t *testing.T) {
	t.Parallel()
	f := start(t)
	var c counter
	f.rdb.AddHook(&c)
	reads := func(what, id string, want int64) {
		t.Helper()
		before := c.scripts.Load()
		f.get(id)
		if got := c.scripts.Load() - before; got != want {
			t.Errorf("%s: %d writes, want %d", what, got, want)
		}
	}
	id := f.task()
	f.claim()
	reads("a client's own task", id, 0)
	dropped := f.abandoned()
	reads("a task of a dropped call", string(dropped.Task), 1)
	reads("once more", string(dropped.Task), 0)
	ended := f.abandoned()
	ended.finish("done")
	reads("one that has ended", string(ended.Task), 0)
}
