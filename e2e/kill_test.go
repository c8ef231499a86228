package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// The policy allows no failure, so a crash that was counted as one would end the task.
func TestKillWorker(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	var took []time.Duration
	for left := *kills; left > 0; {
		n := min(left, 5)
		left -= n
		took = append(took, f.Kills(a, b, n)...)
	}
	slices.Sort(took)
	t.Logf("%d kills: from kill to running again p50 %s, p95 %s, longest %s", len(took), rig.Percentile(took, 50), rig.Percentile(took, 95), took[len(took)-1])
	if p95 := rig.Percentile(took, 95); len(took) >= 20 && p95 > 20*time.Second {
		t.Errorf("the 95th percentile is %s, want 20 s at most", p95)
	}
}
