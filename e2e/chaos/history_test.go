package chaos

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// The first worker was killed with two attempts running; the second, which was given the same process id, has two of its own.
func TestAProcessIDThatIsUsedAgainIsAnotherProcess(t *testing.T) {
	t.Parallel()
	h := &History{
		Slots: 2,
		Ledger: rig.Ledger{
			line(1, 101, "a", "long", 1, image.Started), line(1, 101, "b", "long", 1, image.Started),
			line(9, 101, "c", "long", 1, image.Started), line(9, 101, "d", "long", 1, image.Started),
		},
		Lives:  []Life{{PID: 101, Began: at(0), Ended: at(5), Killed: true}, {PID: 101, Began: at(8)}},
		Faults: []Injury{{Fault: Fault{Kind: StopWorker}, PID: 101, Began: at(10), Mended: at(11)}},
	}
	h.tellApart()
	var v verdict
	if withinSlots(h, &v); len(v.broken) > 0 || h.peak() != 2 {
		t.Errorf("%q, %d at once, want 2", v.broken, h.peak())
	}
	if h.Faults[0].PID != h.Ledger[3].PID || h.Ledger[0].PID == h.Ledger[3].PID {
		t.Error("the second process is what was stopped")
	}
}
