package e2e

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The policy allows no failure, so a deploy that was counted as one would end the task.
func TestTerminateWorker(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	im := one(image.Hold, tasks.Policy{Attempts: 1})
	worker := f.Image(im, "-drain", "1s")
	g := newGate(t)
	task := c.Call(t, "hold", g.arguments())
	running(f, task.ID, 1)
	heir := f.Image(im)

	told := time.Now()
	worker.Terminate()
	second := running(f, task.ID, 2)
	if code := worker.ExitCode(); code != 0 {
		t.Errorf("the worker exited %d, want 0", code)
	}
	took := rig.At(second).Sub(told)
	t.Logf("running elsewhere %s after SIGTERM, of which 1 s was the drain", took.Round(time.Millisecond))
	if took < time.Second || took > 5*time.Second || second.PID != heir.PID() {
		t.Errorf("went on after %s in process %d, want it right after the drain in process %d", took, second.PID, heir.PID())
	}
	if ends := f.Ledger().Ends(task.ID); len(ends) != 1 || ends[0].Cause != tasks.ErrDraining.Error() {
		t.Errorf("the tool was not told why it should stop: %+v", ends)
	}
	g.open()
	if e := c.Await(t, task.ID, "completed").Echoed(t); e.Attempt != 2 {
		t.Errorf("completed by attempt %d, want 2", e.Attempt)
	}
}

func TestTerminateWorkerLetsToolsFinish(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	worker := f.Image(one(image.Hold, tasks.Policy{}))
	g := newGate(t)
	task := c.Call(t, "hold", g.arguments())
	running(f, task.ID, 1)
	worker.Terminate()
	later := c.Call(t, "hold", g.arguments())
	g.open()
	if code := worker.ExitCode(); code != 0 {
		t.Errorf("the worker exited %d, want 0", code)
	}
	if e := c.Get(t, task.ID); e.Status != "completed" {
		t.Errorf("want it completed within the drain, but %s", e)
	}
	if n := len(f.Ledger().Starts(later.ID)); n != 0 {
		t.Errorf("a draining worker took a task")
	}
}

// Whoever stops a worker waits for its drain and fifteen seconds, whatever Redis does: orchestrators kill what takes longer.
func TestTerminateWorkerWithoutRedis(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	worker := f.Image(one(image.Hold, tasks.Policy{}), "-drain", "1s")
	g := newGate(t)
	task := c.Call(t, "hold", g.arguments())
	running(f, task.ID, 1)
	f.Redis.Freeze()
	defer f.Redis.Thaw()
	g.open() // what comes of it cannot be written
	told := time.Now()
	worker.Terminate()
	if code := worker.ExitCode(); code != 1 {
		t.Errorf("the worker exited %d, want 1: a result was not written", code)
	}
	took := time.Since(told)
	t.Logf("ended %s after SIGTERM", took.Round(time.Millisecond))
	if took > 20*time.Second { // 16 s are promised
		t.Errorf("stopping took %s", took)
	}
	worker.Line("attempts did not end")
}
