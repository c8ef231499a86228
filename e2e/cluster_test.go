package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A master of a Redis Cluster is killed under load, and its replica takes over: the tasks of its shards go on as those of all others.
func TestClusterFailover(t *testing.T) {
	t.Parallel()
	c := redistest.ClusterOf(t, 3, 1, "--appendonly", "yes", "--cluster-node-timeout", "2000")
	f := rig.On(t, "redis-cluster://"+strings.Join(c.Options().Addrs, ","))
	a, b := f.Server(), f.Server()
	f.Image(one(image.Sleep, tasks.Policy{Attempts: 1}), "-concurrency", "20")
	f.Image(one(image.Sleep, tasks.Policy{Attempts: 1}), "-concurrency", "20")
	var long []string // of most shards
	for range 24 {
		long = append(long, a.Client(t).Call(t, "sleep", rig.Object{"ms": 15_000}).ID)
	}
	f.AwaitLedger("the long ones run", func(l rig.Ledger) bool { return len(l) == len(long) })
	l := start(t, a, b)
	l.awaitMore(100)

	l.fell = time.Now()
	c.Masters[0].Kill()
	c.Replicas[0].AwaitRole("master")
	promoted := time.Since(l.fell)
	rig.Await(t, "creates in all shards", func() bool { return creates(t, a.Client(t), 50) })
	t.Logf("promoted after %s, creates in all shards after %s", promoted.Round(100*time.Millisecond), time.Since(l.fell).Round(100*time.Millisecond))
	c.Masters[0].Restart()
	c.Masters[0].AwaitRole("slave")
	l.awaitMore(50)

	r := l.reckon(b.Client(t), f)
	l.answered()
	t.Log(r)
	for _, id := range long {
		b.Client(t).Await(t, id, "completed")
	}
	if late := pickup(t, b.Client(t)); late > 4*time.Second { // an idle worker that is not woken looks after 5 s
		t.Errorf("after the failover a task is done %s after its create: its worker is not woken", late)
	}
}

// creates reports whether so many creates in a row are acknowledged.
func creates(t *testing.T, c *rig.Client, n int) bool {
	t.Helper()
	for range n {
		if _, err := c.TryCall(t.Context(), "sleep", rig.Object{"ms": 1}); err != nil {
			return false
		}
	}
	return true
}

// pickup is how long a task takes that has nothing to do: the best of some.
func pickup(t *testing.T, c *rig.Client) time.Duration {
	t.Helper()
	best := time.Hour
	for range 5 {
		began := time.Now()
		c.Await(t, c.Call(t, "sleep", rig.Object{"ms": 1}).ID, "completed")
		best = min(best, time.Since(began))
	}
	return best
}
