package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A task that waits for anything at all is cancelled without having been started, or started again. The parked one is in TestCancelParked.
func TestCancelWaiting(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	const wait = 2 * time.Second
	f.Image(image.Image{Name: "waits", Tools: []image.Tool{
		tool("hold", image.Hold, tasks.Policy{}),
		tool("echo", image.Echo, tasks.Policy{}),
		tool("later", image.Echo, tasks.Policy{Delay: wait}),
		tool("fail", image.Fail, tasks.Policy{Attempts: 2, Backoff: wait}),
	}}, "-concurrency", "1")
	a.AwaitTool(t, "echo")

	retried := a.Call(t, "fail", rig.Object{})
	rig.Await(t, "the first attempt has failed", func() bool {
		return strings.HasPrefix(b.Get(t, retried.ID).StatusMessage, "attempt 1 of 2 failed")
	})
	g := newGate(t)
	held := a.Call(t, "hold", g.arguments())
	running(f, held.ID, 1) // in the only slot
	waiting := map[string]struct {
		task   rig.Task
		starts int
	}{
		"in the queue":        {a.Call(t, "echo", rig.Object{}), 0},
		"for its caller":      {a.With(startIn(wait)).Call(t, "echo", rig.Object{}), 0},
		"for its policy":      {a.Call(t, "later", rig.Object{}), 0},
		"for another attempt": {retried, 1},
	}
	for what, w := range waiting {
		b.Cancel(t, w.task.ID)
		if got := a.Get(t, w.task.ID); got.Status != "cancelled" {
			t.Errorf("waits %s: want it cancelled at once, but %s", what, got)
		}
		notDue(t, f, w.task.ID)
	}
	g.open()
	a.Await(t, held.ID, "completed")
	a.Await(t, a.With(startIn(2*wait)).Call(t, "echo", rig.Object{}).ID, "completed") // by now the others would have been
	for what, w := range waiting {
		if n := len(f.Ledger().Starts(w.task.ID)); n != w.starts {
			t.Errorf("waits %s: started %d times, want %d", what, n, w.starts)
		}
	}
	rdb := f.Redis.Client(t)
	rig.Await(t, "the queue has dropped all deliveries", func() bool {
		left, err := rdb.Keys(t.Context(), "asynq:*:t:*").Result()
		return err == nil && len(left) == 0
	})
}
