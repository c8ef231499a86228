package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

const (
	clients = 8
	pace    = 100 * time.Millisecond // of one client: a create, and a look at one of its tasks
)

// load is clients that create short tasks, and ask after them, while something breaks. They give up nothing: what is refused is
// counted, and the next call is made at its time.
type load struct {
	t    *testing.T
	stop context.CancelFunc
	all  sync.WaitGroup

	mu      sync.Mutex
	created []string                   // tasks whose create was acknowledged
	acked   []time.Time                // when, by create
	fell    time.Time                  // when Redis did
	told    map[string]json.RawMessage // results that a client was told, by task
	refused int                        // calls that were answered with advice
	unknown []string                   // tasks of creates that were refused: they may be there
	took    []time.Duration            // by the refused calls
	wrong   []error                    // answers that a client can do nothing with
}

// start has the clients share the servers.
func start(t *testing.T, servers ...*rig.Server) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, stop: cancel, told: make(map[string]json.RawMessage)}
	for i := range clients {
		c := servers[i%len(servers)].Client(t)
		c.AwaitTool(t, "sleep")
		l.all.Go(func() { l.keepOn(ctx, c) })
	}
	t.Cleanup(l.end)
	return l
}

// end stops the clients, and waits for them.
func (l *load) end() {
	l.stop()
	l.all.Wait()
}

func (l *load) keepOn(ctx context.Context, c *rig.Client) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var open []string
	for ctx.Err() == nil {
		if id := l.create(ctx, c); id != "" {
			open = append(open, id)
		}
		if len(open) > 0 && l.ask(ctx, c, open[0]) {
			open = open[1:]
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (l *load) create(ctx context.Context, c *rig.Client) string {
	began := time.Now()
	task, err := c.TryCall(ctx, "sleep", rig.Object{"ms": 20})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.count(ctx, began, err)
		return ""
	}
	l.created, l.acked = append(l.created, task.ID), append(l.acked, time.Now())
	return task.ID
}

// ask reports whether there is no reason to ask again.
func (l *load) ask(ctx context.Context, c *rig.Client, id string) bool {
	began := time.Now()
	task, err := c.TryGet(ctx, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if rig.IsUnknown(err) {
		return true // a failover may do that: the reckoning has it
	}
	if err != nil {
		l.count(ctx, began, err)
		return false
	}
	if task.Terminal() && task.Result != nil {
		l.told[id] = task.Result.StructuredContent
	}
	return task.Terminal()
}

// count keeps a refusal. A client can act on it if it says when to come back.
func (l *load) count(ctx context.Context, began time.Time, err error) {
	if ctx.Err() != nil {
		return // cut off by the end of the load
	}
	l.took = append(l.took, time.Since(began))
	var advice struct {
		RetryAfterMs int
		TaskID       string
	}
	rpc, ok := errors.AsType[*rig.Error](err)
	if !ok || !rig.IsBusy(err) || json.Unmarshal(rpc.Data, &advice) != nil || advice.RetryAfterMs == 0 {
		l.wrong = append(l.wrong, err)
		return
	}
	l.refused++
	if advice.TaskID != "" {
		l.unknown = append(l.unknown, advice.TaskID)
	}
}

// awaitMore waits until so many more creates were acknowledged.
func (l *load) awaitMore(n int) {
	l.t.Helper()
	before := l.size()
	rig.Await(l.t, "creates are acknowledged", func() bool { return l.size() >= before+n })
}

func (l *load) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.created)
}

// answered checks that each refused call got its answer, soon and with advice.
func (l *load) answered() {
	l.t.Helper()
	if len(l.wrong) > 0 {
		l.t.Errorf("%d calls got no advice, the first: %v", len(l.wrong), l.wrong[0])
	}
	if len(l.took) == 0 {
		return
	}
	slices.Sort(l.took)
	l.t.Logf("%d calls were refused, with advice: p50 after %s, p99 %s, the last %s", l.refused,
		rig.Percentile(l.took, 50), rig.Percentile(l.took, 99), l.took[len(l.took)-1].Round(time.Millisecond))
	if p99 := rig.Percentile(l.took, 99); p99 > 4*time.Second { // 2 s by the clock of the server
		l.t.Errorf("a refusal took %s", p99)
	}
}

// reckoning is what became of a load, once nothing moves any more.
type reckoning struct {
	created, absent int           // acknowledged creates, and those of them that are unknown now
	told, takenBack int           // results that a client was told, and those of them that are unknown, open or others now
	twice           int           // tasks that ran twice to completion
	first, last     time.Duration // after the fall: when absent tasks were acknowledged
}

// String is the reckoning for people.
func (r reckoning) String() string {
	when := ""
	if r.last != 0 {
		when = fmt.Sprintf(" (acknowledged %s to %s after the fall)", r.first.Round(time.Millisecond), r.last.Round(time.Millisecond))
	}
	return fmt.Sprintf("of %d acknowledged creates %d are lost%s; of %d results that were told %d are lost; %d tasks ran twice to completion",
		r.created, r.absent, when, r.told, r.takenBack, r.twice)
}

func (r *reckoning) lose(acked, fell time.Time) {
	if r.absent++; fell.IsZero() {
		return
	}
	if r.last = acked.Sub(fell); r.absent == 1 {
		r.first = r.last
	}
}

// lost is what was promised to a client and is not there.
func (r reckoning) lost() int { return r.absent + r.takenBack }

// reckon waits for the tasks that there are, and counts those that there are not.
func (l *load) reckon(c *rig.Client, f *rig.Fleet) reckoning {
	l.t.Helper()
	l.end()
	r := reckoning{created: len(l.created), told: len(l.told)}
	for i, id := range l.created {
		result := l.outcome(c, id)
		if result == nil {
			r.lose(l.acked[i], l.fell)
		}
		if told, ok := l.told[id]; ok && string(told) != string(result) {
			r.takenBack++
		}
	}
	for _, id := range l.unknown {
		_ = l.outcome(c, id) // it may run: then it is over when the ledger is read
	}
	for _, n := range completions(f.Ledger()) {
		if n > 1 {
			r.twice++
		}
	}
	return r
}

// outcome waits for a task's result: nil if the task is unknown.
func (l *load) outcome(c *rig.Client, id string) (result json.RawMessage) {
	l.t.Helper()
	rig.Await(l.t, "task "+id+" ends", func() bool {
		task, err := c.TryGet(l.t.Context(), id)
		if err != nil || !task.Terminal() {
			return rig.IsUnknown(err)
		}
		if task.Status != "completed" || task.Result == nil {
			l.t.Errorf("want it completed, but %s", task)
			return true
		}
		result = task.Result.StructuredContent
		return true
	})
	return result
}

// completions are how often each task's tool ran to its end, rather than being stopped.
func completions(l rig.Ledger) map[string]int {
	n := make(map[string]int)
	for _, e := range l {
		if e.Event == image.Ended && e.Cause == "" {
			n[e.Task]++
		}
	}
	return n
}
