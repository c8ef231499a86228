package e2e

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	f.Image(image.Image{Name: "outcomes", Tools: []image.Tool{
		tool("fail", image.Fail, tasks.Policy{}), tool("panic", image.Panic, tasks.Policy{}), tool("echo", image.Echo, tasks.Policy{}),
	}})
	t.Run("a tool's error is an answer", func(t *testing.T) {
		task := c.Await(t, c.Call(t, "fail", rig.Object{}).ID, "completed")
		if !task.Result.IsError || task.Result.Text() != "failed as it was told" {
			t.Errorf("want the tool's error as the result, got %+v", task.Result)
		}
	})
	t.Run("a panic is a failure", func(t *testing.T) {
		task := c.Await(t, c.Call(t, "panic", rig.Object{}).ID, "failed")
		if task.Error == nil || string(task.Error.Data) != `{"reason":"panic"}` {
			t.Errorf("the error does not say that the tool panicked: %v", task.Error)
		}
	})
	t.Run("and the worker goes on", func(t *testing.T) {
		task := c.Await(t, c.Call(t, "echo", rig.Object{"n": 1}).ID, "completed")
		if e := task.Echoed(t); string(e.Arguments) != `{"n":1}` || e.Attempt != 1 {
			t.Errorf("want the arguments back from the first attempt, got %+v", e)
		}
	})
}
