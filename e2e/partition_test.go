package e2e

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// One worker cannot reach Redis, everybody else can. Its attempts run again elsewhere, and what it brings back later is refused; the
// attempt of an exclusive tool has stopped before its successor starts.
func TestRedisOutOfReachOfOneWorker(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	way := redistest.NewProxy(t, f.Redis.Addr())
	c := f.Server().Client(t)
	im := image.Image{Name: "two", Tools: []image.Tool{
		tool("shared", image.Hold, tasks.Policy{Attempts: 1}),
		tool("alone", image.Hold, tasks.Policy{Attempts: 1, Exclusive: true}),
	}}
	far := f.Image(im, "-redis", "redis://"+way.Addr())
	g := newGate(t)
	shared, alone := c.Call(t, "shared", g.arguments()).ID, c.Call(t, "alone", g.arguments()).ID
	running(f, shared, 1)
	running(f, alone, 1)
	near := f.Image(im)

	way.Cut()
	again := running(f, shared, 2)
	exclusive := running(f, alone, 2)
	for _, e := range []image.Entry{again, exclusive} {
		if e.PID != near.PID() || e.Attempt != 2 {
			t.Errorf("%s went on in process %d as attempt %d, want process %d and attempt 2", e.Tool, e.PID, e.Attempt, near.PID())
		}
	}
	l := f.Ledger()
	if ends := l.Ends(alone); len(ends) != 1 || ends[0].PID != far.PID() || ends[0].AtNs > exclusive.AtNs || ends[0].Cause != tasks.ErrLost.Error() {
		t.Errorf("the exclusive attempt had not stopped when its successor started: %+v", ends)
	}
	if ends := l.Ends(shared); len(ends) != 0 {
		t.Errorf("the other attempt was stopped: %+v", ends)
	}

	g.open()
	for _, id := range []string{shared, alone} {
		if e := c.Await(t, id, "completed").Echoed(t); e.PID != near.PID() {
			t.Errorf("completed by process %d, want %d", e.PID, near.PID())
		}
	}
	f.AwaitLedger("the tool returns at the cut-off worker too", func(l rig.Ledger) bool { return len(l.Ends(shared)) == 2 })
	way.Heal()
	far.Line(`"attempt ended"`, shared, `"outcome":"refused"`)
	if e := c.Get(t, shared).Echoed(t); e.PID != near.PID() {
		t.Errorf("the late result of process %d took the place of the first", e.PID)
	}
}
