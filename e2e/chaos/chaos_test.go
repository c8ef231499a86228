package chaos

import (
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

var (
	length = flag.Duration("chaos", 10*time.Second, "for how long TestChaos breaks things")
	seed   = flag.Uint64("seed", 0, "what TestChaos's plan follows from; 0: any")
)

// toxiproxy leaves a goroutine behind where a connection ended while something delayed was under way.
const leftBehind = "github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"

func TestMain(m *testing.M) { rig.Main(m, goleak.IgnoreAnyFunction(leftBehind)) }

const (
	// patience is how long what is under way may take to end once nothing is broken any more: after an outage nobody is reaped for 30 s.
	patience = 3 * time.Minute
	enough   = 20 // samples
)

func TestChaos(t *testing.T) {
	plan := NewPlan(pick(), *length)
	t.Logf("seed %d", plan.Seed)
	s := newStage(t)
	doors := s.doors()
	for _, door := range doors {
		for _, f := range fixtures {
			door.AwaitTool(t, f.name)
		}
	}

	d := &driver{stage: s, begun: time.Now(), draining: make(map[*Injury]*part)}
	ctx, stop := context.WithTimeout(t.Context(), plan.Length+patience)
	defer stop()
	clients, working := play(ctx, plan, doors)
	d.drive(plan.Faults, plan.Length)
	h := d.await(clients, working)
	for _, in := range d.injuries {
		h.Faults = append(h.Faults, *in)
	}

	h.tellApart()
	verdicts, r := judge(h), recovery(h)
	t.Log(report(plan, h, verdicts, r))
	for i, v := range verdicts {
		if len(v.broken) > 0 {
			t.Errorf("broken: %s", invariants[i].name)
		}
	}
	quick(t, "a kill", r.Killed, quickKill)
	quick(t, "a drain", r.Drained, quickDrain)
}

// quick fails the test if the 95th percentile is too long, where there are enough samples for one that says something.
func quick(t *testing.T, after string, sorted []Sample, limit time.Duration) {
	t.Helper()
	if len(sorted) < enough {
		return
	}
	if p95 := percentile(sorted, 95); p95 > limit {
		t.Errorf("after %s 95 of 100 tasks run again within %s, want %s", after, p95, limit)
	}
}

func pick() uint64 {
	if *seed != 0 {
		return *seed
	}
	return uint64(rand.Uint32()) + 1
}

// play has every client make its call when its time comes. The channel is closed when all have seen the end of theirs.
func play(ctx context.Context, plan Plan, doors []*rig.Client) ([]*Client, <-chan struct{}) {
	var clients []*Client
	var working sync.WaitGroup
	for _, call := range plan.Calls {
		c := &Client{Call: call, doors: doors}
		clients = append(clients, c)
		working.Go(func() {
			if pause(ctx, call.At) == nil {
				c.run(ctx)
			}
		})
	}
	done := make(chan struct{})
	go func() { working.Wait(); close(done) }()
	return clients, done
}

// await waits until all has ended, and looks at everything.
func (d *driver) await(clients []*Client, working <-chan struct{}) *History {
	for done := false; !done; {
		d.watch()
		select {
		case <-working:
			done = true
		default:
			rig.After(d.t, tendEvery)
		}
	}
	var ids []string
	for _, c := range clients {
		ids = append(ids, c.IDs...)
	}
	h := d.settle(patience, func(id string) bool { return slices.Contains(ids, id) })
	for _, c := range clients {
		if c.ID() == "" {
			continue
		}
		if err := c.look(d.t.Context()); err != nil {
			d.t.Errorf("task %s cannot be read, though nothing is broken any more: %v", c.ID(), err)
		}
	}
	h.Clients = clients
	return h
}
