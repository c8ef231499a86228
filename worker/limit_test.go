package worker_test

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

// crowd counts how many run at once.
type crowd struct {
	mu        sync.Mutex
	now, most int
	begun     []float64 // in Redis milliseconds
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now++
	c.most = max(c.most, c.now)
}

// start takes note of when an attempt started, by the clock that limits go by.
func (c *crowd) start(at float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = append(c.begun, at)
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now--
}

func (c *crowd) inside() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func permits(limit string) string { return "lh:{lim}:permits:" + limit }
func starts(limit string) string  { return "lh:{lim}:starts:" + limit }
func waiting(limit string) string { return "lh:{lim}:wait:" + limit }

// idle waits until nobody holds or wants a permit.
func (r *rig) idle(limit string) {
	r.t.Helper()
	r.eventually("all permits are free", func() bool {
		return r.rdb.Exists(r.t.Context(), permits(limit), waiting(limit)).Val() == 0
	})
}

// announced waits until the limit of a tool is known.
func (r *rig) announced(limit string) {
	r.t.Helper()
	r.eventually("the limit is announced", func() bool { return r.rdb.HExists(r.t.Context(), "lh:{lim}:limits", limit).Val() })
}

func TestConcurrencyIsBoundedOverAllWorkers(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var c crowd
		p := tasks.Policy{Concurrency: 2}
		for range 3 {
			r.start(tool("few", func(context.Context, *tasks.Attempt, none) (none, error) {
				c.enter()
				defer c.leave()
				<-time.After(20 * time.Millisecond) // others could begin
				return none{}, nil
			}, p))
		}
		r.announced("few")
		var all []*tasks.Task
		for range 20 {
			all = append(all, r.create("few", `{}`, p))
		}
		for _, task := range all {
			r.untilStatus(task, tasks.Completed)
		}
		if c.most != 2 {
			t.Errorf("%d at once, want 2", c.most)
		}
		r.idle("few")
	})
}

// What is waited for is somebody's end, so the next one begins at once. The keeper, which looks every second, is not needed.
func TestTheNextOneBeginsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		p := tasks.Policy{Concurrency: 1}
		r.start(tool("one", func(context.Context, *tasks.Attempt, none) (none, error) { return none{}, nil }, p))
		r.announced("one")
		began := time.Now()
		var all []*tasks.Task
		for range 20 {
			all = append(all, r.create("one", `{}`, p))
		}
		for _, task := range all {
			r.untilStatus(task, tasks.Completed)
		}
		if took := time.Since(began); took > 9*time.Second {
			t.Errorf("20 tasks took %s one after the other", took)
		}
	})
}

func TestARateIsKeptOverAllWorkers(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var c crowd
		p := tasks.Policy{Rate: tasks.Rate{N: 5, Per: time.Second}}
		for range 3 {
			r.start(tool("slow", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
				at, err := r.rdb.ZScore(ctx, starts("slow"), string(a.TaskID())+" "+strconv.Itoa(a.Number())).Result()
				c.start(at)
				return none{}, err
			}, p))
		}
		r.announced("slow")
		var all []*tasks.Task
		for range 20 {
			all = append(all, r.create("slow", `{}`, p))
		}
		for _, task := range all {
			r.untilStatus(task, tasks.Completed)
		}
		slices.Sort(c.begun)
		for i := range c.begun[5:] {
			if d := c.begun[i+5] - c.begun[i]; d < 1000 {
				t.Errorf("starts %d to %d took %.0f ms", i, i+5, d)
			}
		}
		t.Logf("20 starts took %.0f ms", c.begun[19]-c.begun[0])
		r.idle("slow")
	})
}

// An attempt that nobody let in, or whose permit was lost, is not run: it waits for one.
func TestNoAttemptRunsWithoutAPermit(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var c crowd
		p := tasks.Policy{Concurrency: 1}
		gate := make(chan struct{})
		r.start(tool("one", func(context.Context, *tasks.Attempt, none) (none, error) {
			c.enter()
			defer c.leave()
			<-gate
			return none{}, nil
		}, p))
		r.announced("one")
		first := r.create("one", `{}`, p)
		r.eventually("the first one runs", func() bool { return c.inside() == 1 })
		older := r.create("one", `{}`, tasks.Policy{}) // than the limit
		if err := r.queue.Enqueue(t.Context(), older.Delivery); err != nil {
			t.Log(err) // it was dispatched before
		}
		r.eventually("the older one waits", func() bool { return r.rdb.ZCard(t.Context(), waiting("one")).Val() == 1 })
		close(gate)
		r.untilStatus(first, tasks.Completed)
		if got := r.untilStatus(older, tasks.Completed); got.Failures != 0 {
			t.Errorf("%d failures", got.Failures)
		}
		if c.most != 1 {
			t.Errorf("%d at once", c.most)
		}
		r.idle("one")
	})
}

// A tool that ignores the end of its context counts until it returns: its task's next attempt waits.
func TestATimedOutToolKeepsItsPermitWhileItRuns(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var c crowd
		p := tasks.Policy{Concurrency: 1, Attempts: 2, Timeout: 50 * time.Millisecond, Backoff: 10 * time.Millisecond}
		gate := make(chan struct{})
		r.start(tool("deaf", func(context.Context, *tasks.Attempt, none) (none, error) {
			c.enter()
			defer c.leave()
			<-gate
			return none{}, nil
		}, p))
		r.announced("deaf")
		task := r.create("deaf", `{}`, p)
		r.until(task, "a failure", func(t *tasks.Task) bool { return t.Failures == 1 })
		r.eventually("the next attempt waits", func() bool {
			return r.rdb.ZScore(t.Context(), waiting("deaf"), string(task.ID)).Err() == nil
		})
		if held := r.rdb.ZRange(t.Context(), permits("deaf"), 0, -1).Val(); len(held) != 1 || held[0] != string(task.ID)+"#1" {
			t.Errorf("permits of %v, want the first attempt's", held)
		}
		ended := time.Now()
		close(gate)
		r.untilStatus(task, tasks.Completed)
		if took := time.Since(ended); took > 9*time.Second { // the keeper would see to it after 15
			t.Errorf("it had its permit for %s more", took)
		}
		if c.most != 1 {
			t.Errorf("%d at once", c.most)
		}
		r.idle("deaf")
	})
}

// The same, where the timeout ends the task: its permit is not free for others.
func TestAToolThatOutlivesItsTaskKeepsItsPermit(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		p := tasks.Policy{Concurrency: 1, Timeout: 50 * time.Millisecond}
		gate := make(chan struct{})
		r.start(tool("deaf", func(context.Context, *tasks.Attempt, none) (none, error) {
			<-gate
			return none{}, nil
		}, p))
		r.announced("deaf")
		task := r.create("deaf", `{}`, p)
		r.untilStatus(task, tasks.Failed)
		next := r.create("deaf", `{}`, p)
		r.eventually("the next task waits", func() bool { return r.rdb.ZCard(t.Context(), waiting("deaf")).Val() == 1 })
		if _, let, err := r.store.Settle(t.Context(), "deaf", task.ID); err != nil || len(let) > 0 {
			t.Errorf("let in %v, %v, while the tool runs", let, err)
		}
		ended := time.Now()
		close(gate)
		r.until(next, "its turn", func(t *tasks.Task) bool { return t.Phase != tasks.Queued })
		if took := time.Since(ended); took > 9*time.Second { // the keeper would see to it after 15
			t.Errorf("it had its permit for %s more", took)
		}
		r.idle("deaf")
	})
}

// A task that waits for an answer needs no permit, and asks for one when it goes on.
func TestAParkedTaskHasNoPermit(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var c crowd
		p := tasks.Policy{Concurrency: 1, Park: 10 * time.Millisecond}
		r.start(tool("asks", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			c.enter()
			defer c.leave()
			_, err := a.Ask(ctx, "sure", tasks.Form[name]("sure?"))
			return none{}, err
		}, p))
		r.announced("asks")
		one, other := r.create("asks", `{}`, p), r.create("asks", `{}`, p)
		for _, task := range []*tasks.Task{one, other} {
			r.until(task, "parked", func(t *tasks.Task) bool { return t.Phase == tasks.Parked })
		}
		r.idle("asks")
		for _, task := range []*tasks.Task{one, other} {
			next, err := r.store.Answer(t.Context(), task.ID, map[string]json.RawMessage{"sure": []byte(`{"action":"accept","content":{"name":"Ada"}}`)})
			if err != nil {
				t.Fatal(err)
			}
			r.out.Dispatch(*next)
		}
		for _, task := range []*tasks.Task{one, other} {
			r.untilStatus(task, tasks.Completed)
		}
		if c.most != 1 {
			t.Errorf("%d at once", c.most)
		}
		r.idle("asks")
	})
}

// gateCount counts what is asked about permits.
type gateCount struct{ n atomic.Int64 }

func (c *gateCount) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *gateCount) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		for _, arg := range cmd.Args() {
			if key, ok := arg.(string); ok && strings.HasPrefix(key, "lh:{lim}:permits:") {
				c.n.Add(1)
			}
		}
		return next(ctx, cmd)
	}
}

func (c *gateCount) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// What has no limit costs no command.
func TestUnlimitedTasksAskForNoPermit(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var c gateCount
		r.rdb.AddHook(&c)
		for i, p := range []tasks.Policy{{}, {Concurrency: 1}} { // in this order: the keeper asks about limits that there are
			name := []string{"free", "bound"}[i]
			r.start(tool(name, func(context.Context, *tasks.Attempt, none) (none, error) { return none{}, nil }, p), func(o *worker.Options) {
				o.DefaultQueue = name
			})
			before := c.n.Load()
			p.Queue = name
			r.untilStatus(r.create(name, `{}`, p), tasks.Completed)
			if asks := c.n.Load() > before; asks != p.Limited() {
				t.Errorf("%s: asked %d times", name, c.n.Load()-before)
			}
		}
	})
}

// A permit that a failover forgot is had again with the next beat: the task's while its tool runs, the attempt's own while that outlives its task.
func TestAPermitThatWasForgottenIsHeldAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		p := tasks.Policy{Concurrency: 1}
		gate := make(chan struct{})
		for name, timeout := range map[string]time.Duration{"runs": time.Hour, "outlives": 50 * time.Millisecond} {
			p := p
			p.Timeout = timeout
			r.start(tool(name, func(context.Context, *tasks.Attempt, none) (none, error) {
				<-gate
				return none{}, nil
			}, p), func(o *worker.Options) { o.DefaultQueue = name })
			r.announced(name)
		}
		runs := r.create("runs", `{}`, tasks.Policy{Concurrency: 1, Queue: "runs"})
		outlives := r.create("outlives", `{}`, tasks.Policy{Concurrency: 1, Queue: "outlives", Timeout: 50 * time.Millisecond})
		r.until(runs, "it runs", func(t *tasks.Task) bool { return t.Phase == tasks.Running })
		r.untilStatus(outlives, tasks.Failed)
		for name, holder := range map[string]string{"runs": string(runs.ID), "outlives": string(outlives.ID) + "#1"} {
			held := func() bool { return r.rdb.ZScore(t.Context(), permits(name), holder).Err() == nil }
			r.eventually(name+" has its permit", held)
			r.rdb.Del(t.Context(), permits(name))
			r.eventually(name+" has its permit again", held)
			if n := r.rdb.ZCard(t.Context(), permits(name)).Val(); n != 1 {
				t.Errorf("%s: %d permits", name, n)
			}
		}
		close(gate)
		r.untilStatus(runs, tasks.Completed)
		r.idle("runs")
		r.idle("outlives")
	})
}
