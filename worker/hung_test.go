package worker_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

type deafness struct {
	Deaf bool `json:"deaf,omitempty"`
}

// Tools that do not look at their context are left behind, as many as there are slots; one more keeps its slot until it returns.
func TestAToolThatNeverStopsDoesNotKeepItsSlotForEver(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		started, release := make(chan struct{}), make(chan struct{})
		var book logbook
		r.start(tool("work", func(_ context.Context, _ *tasks.Attempt, in deafness) (none, error) {
			if in.Deaf {
				started <- struct{}{}
				<-release
			}
			return none{}, nil
		}), func(o *worker.Options) {
			o.Concurrency, o.Hung, o.Logger = 1, 20*time.Millisecond, slog.New(slog.NewTextHandler(&book, nil))
		})
		hang := func() {
			t.Helper()
			task := r.create("work", `{"deaf":true}`, tasks.Policy{})
			<-started
			if err := r.store.Cancel(t.Context(), task.ID); err != nil {
				t.Fatal(err)
			}
		}
		hang()
		r.untilStatus(r.create("work", `{}`, tasks.Policy{}), tasks.Completed) // the slot serves others
		if hung, left := r.metric("longhaul_tools_hung"), r.metric("longhaul_tools_left_behind_total"); hung != 1 || left != 1 {
			t.Errorf("%v tools hung, %v left behind, want 1 of each", hung, left)
		}
		hang()
		waits := r.create("work", `{}`, tasks.Policy{})
		r.eventually("the second tool is not left behind", func() bool { return book.has("keeps its slot, since") })
		if now := r.until(waits, "its state", func(*tasks.Task) bool { return true }); now.Phase != tasks.Queued {
			t.Errorf("the next task is %s, want queued: there is one slot", now.Phase)
		}
		close(release)
		r.untilStatus(waits, tasks.Completed)
		r.eventually("both have returned", func() bool { return r.metric("longhaul_tools_hung") == 0 })
	})
}

// Exclusive attempts never run beside each other, also when the first one ignores its timeout.
func TestAnExclusiveToolThatDoesNotStopIsNotTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var calls atomic.Int32
		release := make(chan struct{})
		policy := tasks.Policy{Timeout: 10 * time.Millisecond, Attempts: 3, Backoff: time.Millisecond, Exclusive: true}
		r.start(tool("deaf", func(context.Context, *tasks.Attempt, none) (none, error) {
			calls.Add(1)
			<-release
			return none{}, nil
		}, policy))
		r.untilStatus(r.create("deaf", `{}`, policy), tasks.Failed)
		close(release)
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}
