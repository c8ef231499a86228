package e2e

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Three workers with many slots, two permits, and one that holds a permit is killed: its task keeps it, and nobody else has it meanwhile.
func TestConcurrencyOverAllWorkers(t *testing.T) {
	t.Parallel()
	const most, n = 2, 30
	f := rig.New(t)
	c := f.Server().Client(t)
	im := image.Image{Name: "few", Tools: []image.Tool{tool("few", image.Sleep, tasks.Policy{Concurrency: most, Rate: tasks.Rate{N: 10_000, Per: time.Hour}})}}
	workers := map[int]*rig.Process{}
	for range 3 {
		w := f.Image(im)
		workers[w.PID()] = w
	}
	c.AwaitTool(t, "few")
	var ids []string
	for range n {
		ids = append(ids, c.Call(t, "few", rig.Object{"ms": 300}).ID)
	}
	rdb := f.Redis.Client(t)
	met := named(t, keyTable(t), redistest.Census(t, rdb))
	for _, key := range []string{"lh:{lim}:limits", "lh:{lim}:permits:<tool>", "lh:{lim}:starts:<tool>", "lh:{lim}:wait:<tool>"} {
		if !met[key] {
			t.Errorf("the key table has %s, and there is none", key)
		}
	}
	killed := map[int]time.Time{}
	f.AwaitLedger("somebody is in the middle of a task", func(l rig.Ledger) bool {
		if len(l) < 10 {
			return false
		}
		last := l[len(l)-1]
		if last.Event != image.Started {
			return false
		}
		workers[last.PID].Kill()
		killed[last.PID] = time.Now()
		return true
	})
	for _, id := range ids {
		c.Await(t, id, "completed")
	}
	if peak := peak(f.Ledger(), killed); peak != most {
		t.Errorf("%d at once, want %d", peak, most)
	}
	rig.Await(t, "all permits are free", func() bool { return rdb.Exists(t.Context(), "lh:{lim}:permits:few", "lh:{lim}:wait:few").Val() == 0 })
}

// peak is how many tools ran at once at the busiest moment, where some of the processes were killed.
func peak(l rig.Ledger, killed map[int]time.Time) (peak int) {
	running := map[string]image.Entry{}
	for _, e := range l {
		for key, r := range running {
			if at, ok := killed[r.PID]; ok && rig.At(e).After(at) {
				delete(running, key)
			}
		}
		key := e.Task + " " + string(rune(e.Attempt))
		switch e.Event {
		case image.Started:
			running[key] = e
		case image.Ended:
			delete(running, key)
		}
		peak = max(peak, len(running))
	}
	return peak
}

func TestRateOverAllWorkers(t *testing.T) {
	t.Parallel()
	const most, n = 5, 20
	f := rig.New(t)
	c := f.Server().Client(t)
	im := image.Image{Name: "slow", Tools: []image.Tool{tool("slow", image.Echo, tasks.Policy{Rate: tasks.Rate{N: most, Per: time.Second}})}}
	for range 3 {
		f.Image(im)
	}
	c.AwaitTool(t, "slow")
	var ids []string
	for range n {
		ids = append(ids, c.Call(t, "slow", rig.Object{}).ID)
	}
	for _, id := range ids {
		c.Await(t, id, "completed")
	}
	var starts rig.Ledger
	for _, e := range f.Ledger() {
		if e.Event == image.Started {
			starts = append(starts, e)
		}
	}
	if len(starts) != n {
		t.Fatalf("%d starts, want %d", len(starts), n)
	}
	for i := range starts[most:] { // Redis counts a start just before it is made: on a busy machine it is made later
		if d := rig.At(starts[i+most]).Sub(rig.At(starts[i])); d < 700*time.Millisecond {
			t.Errorf("starts %d to %d took %s, want a second", i, i+most, d)
		}
	}
	t.Logf("%d starts took %s", n, rig.At(starts[n-1]).Sub(rig.At(starts[0])))
}
