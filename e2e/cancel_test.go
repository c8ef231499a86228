package e2e

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestCancelRunning(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	f.Image(one(image.Hold, tasks.Policy{}), "-concurrency", "1")
	task := a.Call(t, "hold", newGate(t).arguments())
	running(f, task.ID, 1)
	g := newGate(t)
	g.open()
	next := a.Call(t, "hold", g.arguments()) // waits for the only slot

	told := time.Now()
	b.Cancel(t, task.ID)
	if got := a.Get(t, task.ID); got.Status != "cancelled" {
		t.Errorf("want it cancelled at once, but %s", got)
	}
	freed := rig.At(running(f, next.ID, 1)).Sub(told)
	t.Logf("the slot was taken again %s after the cancel", freed.Round(time.Millisecond))
	if freed > 3*time.Second {
		t.Errorf("the slot was free after %s", freed)
	}
	if ends := f.Ledger().Ends(task.ID); len(ends) != 1 || ends[0].Cause != tasks.ErrCancelled.Error() {
		t.Errorf("the tool was not told why it should stop: %+v", ends)
	}
	a.Await(t, next.ID, "completed")
	if got := b.Get(t, task.ID); got.Status != "cancelled" || got.Result != nil {
		t.Errorf("want it to stay cancelled, but %s", got)
	}
}
