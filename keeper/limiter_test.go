package keeper_test

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// limited makes a task of a limited tool. Nobody dispatches it, and the keeper does not look at it by itself for long.
func (r *rig) limited(p tasks.Policy) *tasks.Task {
	r.t.Helper()
	if _, err := r.store.Announce(r.t.Context(), "", []tasks.Tool{{Name: "crawl", Policy: p}}); err != nil {
		r.t.Fatal(err)
	}
	task, _, err := r.store.Create(r.t.Context(), store.NewTask{
		ID: r.store.NewID(tasks.Local, ""), Tool: "crawl", Owner: tasks.Local, Policy: p.WithDefaults("default"),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.rdb.ZIncrBy(r.t.Context(), r.key(task.ID, "due"), 1e7, string(task.ID))
	return task
}

// admit is a dispatcher that dies then.
func (r *rig) admit(task *tasks.Task) bool {
	r.t.Helper()
	ok, _, err := r.store.Admit(r.t.Context(), task.Delivery)
	if err != nil {
		r.t.Fatal(err)
	}
	return ok
}

const permits = "lh:{lim}:permits:crawl"

// unseen lets some time pass in which nobody said that a task needs its permit.
func (r *rig) unseen(task *tasks.Task) {
	r.rdb.ZIncrBy(r.t.Context(), permits, -5500, string(task.ID))
}

// Whoever let a task in may die before it is in the queue.
func TestATaskThatWasLetInAndNeverEnqueuedIs(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		task := r.limited(tasks.Policy{Concurrency: 1})
		if !r.admit(task) {
			t.Fatal("there is room")
		}
		r.unseen(task)
		r.keep("a")
		r.until("enqueued", func() bool { return r.pending(task.Delivery) })
	})
}

// Whoever ends a task may die before its permit is passed on.
func TestAPermitOfNoUseIsPassedOn(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		p := tasks.Policy{Concurrency: 1}
		ended, gone, waits := r.limited(p), r.limited(p), r.limited(p)
		if !r.admit(ended) || r.admit(gone) || r.admit(waits) {
			t.Fatal("one of them has a permit")
		}
		for _, task := range []*tasks.Task{ended, gone} {
			if err := r.store.Cancel(t.Context(), task.ID); err != nil {
				t.Fatal(err)
			}
		}
		r.unseen(ended)
		r.keep("a")
		r.until("the one that waits is enqueued", func() bool { return r.pending(waits.Delivery) })
		if held := r.rdb.ZRange(t.Context(), permits, 0, -1).Val(); len(held) != 1 || held[0] != string(waits.ID) {
			t.Errorf("permits of %v", held)
		}
	})
}

// A permit that was lost while its attempt ran is had again with the next beat; a worker that dies takes that of an attempt with it.
func TestThePermitOfADeadAttemptIsPassedOn(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		p := tasks.Policy{Concurrency: 1}
		goesOn, waits := r.limited(p), r.limited(p)
		if err := r.store.Hold(t.Context(), "crawl", store.Lease{Task: goesOn.ID, Attempt: 1}, true); err != nil {
			t.Fatal(err)
		}
		if r.admit(waits) {
			t.Fatal("a tool that runs counts")
		}
		r.rdb.ZIncrBy(t.Context(), permits, -15_500, string(goesOn.ID)+"#1")
		r.keep("a")
		r.until("the one that waits is enqueued", func() bool { return r.pending(waits.Delivery) })
	})
}

// Nobody leaves, but time passes.
func TestATaskIsLetInWhenItsTimeComes(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		p := tasks.Policy{Rate: tasks.Rate{N: 1, Per: 2 * time.Second}}
		first, second := r.limited(p), r.limited(p)
		if !r.admit(first) || r.admit(second) {
			t.Fatal("one of them is let in")
		}
		began := time.Now() // before the start counts: however slow this machine is, it is less than what is measured
		if ok, err := r.store.Begin(t.Context(), "crawl", store.Lease{Task: first.ID, Attempt: 1}); err != nil || !ok {
			t.Fatal(ok, err)
		}
		r.keep("a")
		r.until("the second is enqueued", func() bool { return r.pending(second.Delivery) })
		if took := time.Since(began); took < 1900*time.Millisecond {
			t.Errorf("let in after %s, want 2 s", took)
		}
	})
}

// The tool that was announced last counts, at once.
func TestARaisedLimitLetsIn(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		first, second := r.limited(tasks.Policy{Concurrency: 1}), r.limited(tasks.Policy{Concurrency: 1})
		if !r.admit(first) || r.admit(second) {
			t.Fatal("one of them has a permit")
		}
		r.keep("a")
		r.until("a is the keeper", func() bool { return r.rdb.Get(t.Context(), "lh:keeper").Val() == "a" })
		if _, err := r.store.Announce(t.Context(), "", []tasks.Tool{{Name: "crawl", Policy: tasks.Policy{Concurrency: 2}}}); err != nil {
			t.Fatal(err)
		}
		r.until("the second is enqueued", func() bool { return r.pending(second.Delivery) })
	})
}
