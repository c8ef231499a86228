package e2e

import (
	"testing"

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
