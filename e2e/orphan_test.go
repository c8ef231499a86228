package e2e

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The server's Redis user may not touch the queue, so its tasks are written but not enqueued, as if it had died in between; and then it dies.
func TestKillServerBetweenRecordAndEnqueue(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(one(image.Echo, tasks.Policy{})) // first, so that the worker is the keeper
	rdb := f.Redis.Client(t)
	if err := rdb.Do(t.Context(), "ACL", "SETUSER", "front", "on", ">secret", "~lh:*", "&*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	doomed := f.Server("-redis", "redis://front:secret@"+f.Redis.Addr())
	other := f.Server().Client(t)

	task := doomed.Client(t).Call(t, "echo", rig.Object{})
	doomed.Line("not enqueued", task.ID)
	doomed.Kill()

	if got := other.Get(t, task.ID); got.Status != "working" {
		t.Errorf("the task is %s before anybody enqueued it", got.Status)
	}
	other.Await(t, task.ID, "completed")
	waited := rig.At(f.Ledger().Starts(task.ID)[0]).Sub(task.CreatedAt)
	t.Logf("running %s after it was created", waited.Round(time.Millisecond))
	if waited > 15*time.Second {
		t.Errorf("the task waited %s for somebody to enqueue it", waited)
	}
}
