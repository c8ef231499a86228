package e2e

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Some tools end while Redis is frozen, others run through it.
func TestFreezeRedis(t *testing.T) {
	t.Parallel()
	const slots = 3
	f := rig.New(t)
	c := f.Server().Client(t)
	f.Image(one(image.Sleep, tasks.Policy{}), "-concurrency", "3")
	var ids []string
	for i := range 3 * slots {
		ms := freeze.Milliseconds() / 2
		if i%2 == 0 {
			ms = freeze.Milliseconds() + 3000
		}
		ids = append(ids, c.Call(t, "sleep", rig.Object{"ms": ms}).ID)
	}
	f.AwaitLedger("all slots are taken", func(l rig.Ledger) bool { return len(l) == slots })
	f.Redis.Freeze()
	rig.After(t, *freeze)
	f.Redis.Thaw()
	for _, id := range ids {
		c.Await(t, id, "completed")
	}
	l := f.Ledger()
	t.Logf("%d tools ran at once at most, %d attempts for %d tasks", l.Peak(), len(l)/2, len(ids))
	if l.Peak() > slots {
		t.Errorf("%d tools ran at once in %d slots", l.Peak(), slots)
	}
	if len(l) != 2*len(ids) {
		t.Errorf("%d attempts for %d tasks: the outage cost somebody the attempt", len(l)/2, len(ids))
	}
}
