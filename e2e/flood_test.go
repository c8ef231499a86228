package e2e

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A create either answers with a task or says what is wrong; and every task completes. It is not parallel: it wants the machine for itself.
func TestThousandConcurrentCreates(t *testing.T) {
	const n = 1000
	f := rig.New(t)
	c := f.Server().Client(t)
	f.Image(one(image.Echo, tasks.Policy{}), "-concurrency", "50")
	c.AwaitTool(t, "echo")

	begin := time.Now()
	made, errs := make([]rig.Task, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { made[i], errs[i] = c.TryCall(t.Context(), "echo", rig.Object{"n": i}) })
	}
	all.Wait()
	created := time.Since(begin)
	seen := map[string]bool{}
	for i, task := range made {
		if rpc, ok := errors.AsType[*rig.Error](errs[i]); errs[i] != nil && !(ok && rpc.Message != "") {
			t.Fatalf("a create failed without saying why: %v", errs[i])
		}
		if errs[i] == nil {
			seen[task.ID] = true
		}
	}
	for id := range seen {
		c.Await(t, id, "completed")
	}
	t.Logf("%d of %d creates succeeded in %s, all done after %s", len(seen), n, created.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
	if len(seen) < n*9/10 {
		t.Errorf("only %d of %d creates succeeded", len(seen), n)
	}
	if l := f.Ledger(); len(l) != 2*len(seen) {
		t.Errorf("%d attempts for %d tasks", len(l)/2, len(seen))
	}
}
