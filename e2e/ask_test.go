package e2e

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestAskAndAnswer(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	f.Image(one(image.Ask, tasks.Policy{}))
	task := a.Call(t, "ask", rig.Object{})
	if asked := b.Await(t, task.ID, "input_required"); asked.InputRequests["name"] == nil {
		t.Fatalf("the question is not there: %v", asked.InputRequests)
	}
	a.Answer(t, task.ID, "name", rig.Object{"name": "Ada"})
	if got := b.Await(t, task.ID, "completed").Result.Text(); got != "hello Ada" {
		t.Errorf("got %q", got)
	}
	if n := len(f.Ledger().Starts(task.ID)); n != 1 {
		t.Errorf("%d attempts, want 1: the question was not parked", n)
	}
}

// A question that is not answered soon gives its slot back, and survives all workers.
func TestParkedQuestionOutlivesWorkers(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	im := image.Image{Name: "asks", Tools: []image.Tool{
		tool("ask", image.Ask, tasks.Policy{Park: time.Second}), tool("echo", image.Echo, tasks.Policy{}),
	}}
	first := f.Image(im, "-concurrency", "1")
	task := a.Call(t, "ask", rig.Object{})
	b.Await(t, task.ID, "input_required")
	f.AwaitLedger("the question is parked", func(l rig.Ledger) bool {
		ends := l.Ends(task.ID)
		return len(ends) == 1 && ends[0].Cause == tasks.ErrParked.Error()
	})
	a.Await(t, a.Call(t, "echo", rig.Object{}).ID, "completed") // in the only slot
	first.Terminate()
	if code := first.ExitCode(); code != 0 {
		t.Errorf("the worker exited %d, want 0", code)
	}
	if got := b.Get(t, task.ID); got.Status != "input_required" || got.InputRequests["name"] == nil {
		t.Fatalf("want the question to be open still, but %s", got)
	}

	second := f.Image(im)
	a.Answer(t, task.ID, "name", rig.Object{"name": "Ada"})
	if got := b.Await(t, task.ID, "completed").Result.Text(); got != "hello Ada" {
		t.Errorf("got %q", got)
	}
	if again := running(f, task.ID, 2); again.PID != second.PID() || again.Attempt != 2 {
		t.Errorf("resumed in process %d as attempt %d, want process %d and attempt 2", again.PID, again.Attempt, second.PID())
	}
}
