package chaos

import (
	"slices"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func took(samples []Sample) (list []time.Duration) {
	for _, s := range samples {
		list = append(list, s.Took)
	}
	return list
}

func TestRecoveryIsMeasuredFromTheKill(t *testing.T) {
	t.Parallel()
	h := sound()
	if r := recovery(h); !slices.Equal(took(r.Killed), []time.Duration{16 * time.Second, 16 * time.Second}) || r.Outage != nil || r.Lost != 0 {
		t.Errorf("%+v, want twice 16 s", r)
	}
	if r := recovery(h); !slices.Equal(took(r.Heard), []time.Duration{time.Second}) {
		t.Errorf("%+v: the end of task a was heard of after 1 s", r)
	}
	h.Faults = []Injury{{Fault: Fault{Kind: FreezeRedis}, Began: at(-50), Mended: at(-39)}}
	if r := recovery(h); r.Killed != nil || len(r.Outage) != 2 {
		t.Errorf("%+v: 44 s after an outage, want it aside", r)
	}
	h.Faults[0].Mended = at(-41)
	if r := recovery(h); len(r.Killed) != 2 {
		t.Errorf("%+v: 46 s after an outage, want it counted", r)
	}
	h.Ledger = h.Ledger[:10]
	if r := recovery(h); len(r.Killed) != 2 || r.Lost != 0 {
		t.Errorf("%+v: the next workers claimed, and were killed before their tools started", r)
	}
	h.Records = nil
	if r := recovery(h); r.Killed != nil || r.Lost != 2 {
		t.Errorf("%+v: nothing ran again", r)
	}
}

// An attempt that was another's already when its worker was killed says nothing about the kill.
func TestAKillOfWhatWasTakenAwayIsNoMeasure(t *testing.T) {
	t.Parallel()
	h := sound()
	h.Lives[0].Ended = at(30)
	if r := recovery(h); r.Killed != nil || r.Lost != 0 {
		t.Errorf("%+v, want nothing", r)
	}
}

func TestRecoveryIsMeasuredFromTheRelease(t *testing.T) {
	t.Parallel()
	h := sound()
	h.Records = append(h.Records, &Record{ID: "d", Tool: "long", Events: events("1 claim 1", "3 release 1", "4 claim 2", "9 end 2")})
	drained := line(3, 103, "d", "long", 1, image.Ended)
	drained.Cause = tasks.ErrDraining.Error()
	h.Ledger = append(h.Ledger, line(1, 103, "d", "long", 1, image.Started), drained, line(4, 102, "d", "long", 2, image.Started))
	if r := recovery(h); !slices.Equal(took(r.Drained), []time.Duration{time.Second}) {
		t.Errorf("%+v, want 1 s", r)
	}
	h.Faults = []Injury{{Fault: Fault{Kind: KillRedis}, Began: at(2), Mended: at(2)}}
	if r := recovery(h); r.Drained != nil || len(r.Retired) != 1 {
		t.Errorf("%+v, want it aside", r)
	}
}
