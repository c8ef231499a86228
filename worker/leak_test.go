package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The tasks of many owners are forgotten without a trace, on the embedded store too. e2e has the same test from outside.
func TestExpiredTasksLeaveNoKeys(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var reg tasks.Registry
		tasks.AddTool(&reg, tasks.Tool{Name: "counts"}, func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			a.Progress(ctx, 1, 2, strings.Repeat("counting ", 20))
			return tasks.Step(ctx, a, "one", func(context.Context) (none, error) { return none{}, a.Checkpoint(ctx, 1) })
		})
		tasks.AddTool(&reg, tasks.Tool{Name: "fails"}, func(context.Context, *tasks.Attempt, none) (none, error) {
			return none{}, tasks.RetryAfter(time.Millisecond, errors.New("no"))
		})
		tasks.AddTool(&reg, tasks.Tool{Name: "asks", Policy: tasks.Policy{Park: time.Millisecond}}, func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			_, err := a.Ask(ctx, "sure", tasks.Form[none]("Sure?"))
			return none{}, err
		})
		r.start(&reg)
		first := r.forget(20)
		second := r.forget(200)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("what Redis holds after 20 tasks and after 200 more (-first +second):\n%s", diff)
		}
	})
}

// forget lets n tasks of many owners live and be forgotten, and returns what Redis holds then.
func (r *rig) forget(n int) map[string]redistest.Holding {
	r.t.Helper()
	for i := range n {
		tool := []string{"counts", "fails", "asks"}[i%3]
		task := r.belonging(tasks.OwnerOf("test", strconv.Itoa(i%7)), tool, i)
		if tool == "asks" {
			r.until(task, "parked", func(t *tasks.Task) bool { return t.Phase == tasks.Parked })
		}
		switch i % 4 {
		case 0:
			r.check(r.store.Cancel(r.t.Context(), task.ID))
		default:
			next, err := r.store.Answer(r.t.Context(), task.ID, map[string]json.RawMessage{"sure": []byte(`{"action":"accept"}`)})
			r.check(err)
			if next != nil {
				r.out.Dispatch(*next)
			}
		}
	}
	return r.rest()
}

// belonging creates an owner's task, with an idempotency key, that will soon be forgotten.
func (r *rig) belonging(owner tasks.Owner, tool string, n int) *tasks.Task {
	r.t.Helper()
	task := store.NewTask{
		Tool: tool, Owner: owner, Key: tool + strconv.Itoa(n), Capabilities: tasks.Capabilities{tasks.CanFillForms},
		Policy: tasks.Policy{Attempts: 2, Retention: time.Second}.WithDefaults("default"),
	}
	task.ID = r.store.NewID(owner, task.Repeats())
	created, _, err := r.store.Create(r.t.Context(), task)
	r.check(err)
	r.out.Dispatch(created.Delivery)
	return created
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// rest is what Redis holds when no task is left.
func (r *rig) rest() map[string]redistest.Holding {
	r.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		rest, left := make(map[string]redistest.Holding), 0
		for key, h := range redistest.Census(r.t, r.rdb) {
			switch {
			case perTask.MatchString(key):
				left++
			case !passing.MatchString(key):
				rest[key] = h
			}
		}
		if left == 0 {
			return rest
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("%d keys of tasks are left: %v", left, redistest.Census(r.t, r.rdb))
		}
	}
}

var (
	perTask = regexp.MustCompile(`:(t|idem):|:(due|live|ends|pending|active|lease)$|^lh:\{own:`)
	passing = regexp.MustCompile(`^asynq:workers:\{|:processed:`) // asynq's: there while it hands something over; one a day
)
