package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	fleet    = 3  // workers
	perFleet = 72 // tasks, all of which run at once
	units    = 60 // of work in each, with a checkpoint after each
)

// Every worker is replaced, one by one, while all are busy. The policy allows no failure, so a deploy that was counted as one would end a task.
func TestReplacingEveryWorkerRepeatsNothing(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	counts := one(image.Count, tasks.Policy{Attempts: 1})
	start := func() *rig.Process { return f.Image(counts, "-concurrency", "24", "-drain", "500ms") }
	var old []*rig.Process
	for range fleet {
		old = append(old, start())
	}
	var ids []string
	for range perFleet {
		ids = append(ids, a.Call(t, "count", rig.Object{"units": units, "ms": 200}).ID)
	}
	f.AwaitLedger("all tasks have got somewhere", func(l rig.Ledger) bool { return keeping(l) == perFleet })
	for _, worker := range old {
		start()
		worker.Terminate()
		if code := worker.ExitCode(); code != 0 {
			t.Errorf("a worker exited %d, want 0", code)
		}
	}
	for _, id := range ids {
		if task := b.Await(t, id, "completed"); task.Result.IsError {
			t.Errorf("%s: %s", task, task.Result.Text())
		}
	}

	ledger := f.Ledger()
	var moved []time.Duration
	done, again := 0, 0
	for _, id := range ids {
		d, r := progress(t, ledger.Of(id))
		done, again = done+d, again+r
		moved = append(moved, moves(ledger.Of(id))...)
	}
	slices.Sort(moved)
	t.Logf("%d tasks of %d units; %d attempts were moved by %d deploys; %d units were cut off before their checkpoint and done again; none after it",
		perFleet, units, len(moved), fleet, again)
	if done != perFleet*units {
		t.Errorf("%d units were done, want %d", done, perFleet*units)
	}
	if len(moved) < perFleet/2 {
		t.Fatalf("only %d attempts were moved: the test shows little", len(moved))
	}
	t.Logf("from the end of the drain to running elsewhere: p50 %s, p95 %s, longest %s", rig.Percentile(moved, 50), rig.Percentile(moved, 95), rig.Percentile(moved, 100))
	if median := rig.Percentile(moved, 50); median > 3*time.Second {
		t.Errorf("half of what was given back waited %s or longer: that is the keeper's work, not a handover", median)
	}
}

// keeping is how many tasks have a checkpoint.
func keeping(l rig.Ledger) int {
	kept := make(map[string]bool)
	for _, e := range l {
		if e.Event == image.Kept {
			kept[e.Task] = true
		}
	}
	return len(kept)
}

// progress counts a task's units that were done, and those that were done again because no checkpoint had followed. One that was done
// again after its checkpoint fails the test.
func progress(t *testing.T, l rig.Ledger) (done, again int) {
	t.Helper()
	worked, kept := make(map[int]bool), make(map[int]bool)
	for _, e := range l {
		switch {
		case e.Event == image.Kept:
			kept[e.Unit] = true
		case e.Event == image.Worked && kept[e.Unit]:
			t.Errorf("task %s: attempt %d did unit %d again, which was checkpointed", e.Task, e.Attempt, e.Unit)
		case e.Event == image.Worked && worked[e.Unit]:
			again++
		case e.Event == image.Worked:
			worked[e.Unit] = true
		}
	}
	return len(worked), again
}

// moves are how long a task's work lay idle after each drain.
func moves(l rig.Ledger) []time.Duration {
	var idle []time.Duration
	var cutOff *image.Entry
	for _, e := range l {
		switch {
		case e.Event == image.Ended && e.Cause == tasks.ErrDraining.Error():
			cutOff = &e
		case e.Event == image.Started && cutOff != nil:
			idle = append(idle, rig.At(e).Sub(rig.At(*cutOff)))
			cutOff = nil
		}
	}
	return idle
}
