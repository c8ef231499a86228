package rig

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Kills runs n tasks on a worker each, kills these workers with kill -9, and returns how long each task took to run again on one
// that was left. The tasks, created at one server, must complete at the other; their policy allows no failure.
func (f *Fleet) Kills(at, seen *Client, n int) []time.Duration {
	f.t.Helper()
	held := image.Image{Name: "held", Tools: []image.Tool{{
		Tool: tasks.Tool{Name: "hold", Description: "Fixture", Policy: tasks.Policy{Attempts: 1}}, Does: image.Hold,
	}}}
	var victims []*Process
	for range n {
		victims = append(victims, f.Image(held, "-concurrency", "1"))
	}
	gate := filepath.Join(f.t.TempDir(), "gate")
	byPID := make(map[int]string, n)
	for range n {
		id := at.Call(f.t, "hold", Object{"gate": gate}).ID
		l := f.AwaitLedger("the task runs", func(l Ledger) bool { return len(l.Starts(id)) == 1 })
		byPID[l.Starts(id)[0].PID] = id
	}
	heir := f.Image(held, "-concurrency", "100")

	killed := make(map[string]time.Time, n)
	for _, v := range victims {
		After(f.t, 900*time.Millisecond) // so that the kills meet heartbeats at different points
		killed[byPID[v.PID()]] = time.Now()
		v.Kill()
	}
	var took []time.Duration
	for id, at := range killed {
		again := f.AwaitLedger("the task runs again", func(l Ledger) bool { return len(l.Starts(id)) > 1 }).Starts(id)[1]
		if again.PID != heir.PID() || again.Attempt != 2 {
			f.t.Errorf("task %s went on in process %d as attempt %d, want process %d and attempt 2", id, again.PID, again.Attempt, heir.PID())
		}
		took = append(took, At(again).Sub(at))
	}
	touch(f.t, gate)
	for id := range killed {
		if e := seen.Await(f.t, id, "completed").Result; e.IsError {
			f.t.Errorf("task %s completed with an error: %s", id, e.Text())
		}
	}
	heir.Terminate()
	heir.ExitCode()
	slices.Sort(took)
	return took
}

// Percentile is the value that p of 100 do not exceed. The list must be sorted.
func Percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)].Round(time.Microsecond)
}
