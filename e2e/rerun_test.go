package e2e

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A tool that must not run twice is started once, whatever becomes of its worker.
func TestRerunNo(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	im := one(image.Hold, tasks.Policy{Rerun: tasks.No, Attempts: 3})
	faults := []struct {
		name   string
		strike func(w *rig.Process)
		after  func(w *rig.Process)
	}{
		{"crash", (*rig.Process).Kill, nil},
		{"drain", (*rig.Process).Terminate, nil},
		{"lost", (*rig.Process).Freeze, (*rig.Process).Thaw},
	}
	workers := make(map[int]*rig.Process)
	g := newGate(t)
	var ids []string
	for range faults {
		w := f.Image(im, "-concurrency", "1", "-drain", "500ms")
		workers[w.PID()] = w
		ids = append(ids, c.Call(t, "hold", g.arguments()).ID)
	}
	var struck []*rig.Process
	for _, id := range ids {
		struck = append(struck, workers[running(f, id, 1).PID])
	}
	f.Image(im) // where a second attempt could run
	for i, fault := range faults {
		fault.strike(struck[i])
	}
	for i, fault := range faults {
		task := c.Await(t, ids[i], "failed")
		if task.Error == nil || string(task.Error.Data) != `{"reason":"rerun"}` {
			t.Errorf("%s: want it to fail because it must not run again, but %s", fault.name, task)
		}
		if fault.after != nil {
			fault.after(struck[i])
			f.AwaitLedger(fault.name+": the tool hears of it", func(l rig.Ledger) bool { return len(l.Ends(ids[i])) == 1 })
		}
	}
	c.Await(t, c.Call(t, "hold", openGate(t).arguments()).ID, "completed")
	for i, fault := range faults {
		if n := len(f.Ledger().Starts(ids[i])); n != 1 {
			t.Errorf("%s: started %d times, want once", fault.name, n)
		}
		if task := c.Get(t, ids[i]); task.Status != "failed" {
			t.Errorf("%s: want it to stay failed, but %s", fault.name, task)
		}
	}
}

// Nor is it started again for an answer, which it waits for in its slot, or for a failure of its own.
func TestRerunNoWithoutAFault(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	once := tasks.Policy{Rerun: tasks.No, Attempts: 3, Backoff: 10 * time.Millisecond, Park: 100 * time.Millisecond, Timeout: 5 * time.Second}
	w := f.Image(image.Image{Name: "once", Tools: []image.Tool{
		tool("ask", image.Ask, once), tool("fail", image.Fail, once), tool("panic", image.Panic, once), tool("sleep", image.Sleep, once),
	}}, "-ops-addr", "127.0.0.1:0")
	starts := func(task rig.Task) {
		t.Helper()
		if n := len(f.Ledger().Starts(task.ID)); n != 1 {
			t.Errorf("started %d times, want once: %s", n, task)
		}
	}

	asks := c.Call(t, "ask", rig.Object{})
	c.Await(t, asks.ID, "input_required")
	rig.After(t, 10*once.Park)
	if n := busy([]*rig.Process{w}); n != 1 {
		t.Errorf("%d slots are taken, want the one in which the question waits", n)
	}
	c.Answer(t, asks.ID, "name", rig.Object{"name": "Ada"})
	asks = c.Await(t, asks.ID, "completed")
	if got := asks.Result.Text(); got != "hello Ada" {
		t.Errorf("got %q", got)
	}
	starts(asks)

	for _, end := range []struct {
		tool, status, reason string
	}{{"fail", "completed", ""}, {"panic", "failed", `{"reason":"panic"}`}, {"sleep", "failed", `{"reason":"timeout"}`}} {
		task := c.Await(t, c.Call(t, end.tool, rig.Object{"ms": 60_000}).ID, end.status)
		if end.reason != "" && string(task.Error.Data) != end.reason {
			t.Errorf("%s: want %s, got %s", task, end.reason, task.Error.Data)
		}
		starts(task)
	}
}
