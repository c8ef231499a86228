package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestAStepRunsOnceThoughAttemptsFail(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var first, second atomic.Int32
		policy := tasks.Policy{Attempts: 3, Backoff: time.Millisecond}
		r.start(tool("order", func(ctx context.Context, a *tasks.Attempt, _ none) (name, error) {
			id, err := tasks.Step(ctx, a, "reserve", func(context.Context) (string, error) { first.Add(1); return "r-7", nil })
			if err != nil {
				return name{}, err
			}
			return tasks.Step(ctx, a, "pay", func(context.Context) (name, error) {
				if second.Add(1) < 3 {
					return name{}, errors.New("declined for now")
				}
				return name{id}, nil
			})
		}, policy))
		done := r.untilStatus(r.create("order", `{}`, policy), tasks.Completed)
		if first.Load() != 1 || second.Load() != 3 || !strings.Contains(string(done.Result), "r-7") {
			t.Errorf("reserve ran %d times, pay %d, result %s", first.Load(), second.Load(), done.Result)
		}
	})
}

func TestACheckpointIsResumedAfterADeploy(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		type cursor struct{ Page int }
		half := make(chan struct{})
		var pages atomic.Int32
		reg := tool("crawl", func(ctx context.Context, a *tasks.Attempt, _ none) (cursor, error) {
			var c cursor
			if _, err := a.Resume(ctx, &c); err != nil {
				return c, err
			}
			for ; c.Page < 10; pages.Add(1) {
				if c.Page == 5 && a.Number() == 1 {
					close(half)
					<-ctx.Done()
					return c, context.Cause(ctx)
				}
				c.Page++
				if err := a.Checkpoint(ctx, c); err != nil {
					return c, err
				}
			}
			return c, nil
		})
		stop := r.start(reg)
		task := r.create("crawl", `{}`, tasks.Policy{})
		<-half
		stop()
		r.start(reg)
		done := r.untilStatus(task, tasks.Completed)
		if pages.Load() != 10 || done.Delivery.Attempt != 2 {
			t.Errorf("%d pages in %d attempts, want 10 in 2", pages.Load(), done.Delivery.Attempt)
		}
	})
}

func TestWhatATaskRemembersIsBounded(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		large := json.RawMessage(`"` + strings.Repeat("x", 16<<20) + `"`)
		r.start(tool("hoard", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			return none{}, a.Checkpoint(ctx, large)
		}))
		done := r.untilStatus(r.create("hoard", `{}`, tasks.Policy{}), tasks.Completed)
		if !strings.Contains(string(done.Result), "the limit is 15728640") {
			t.Errorf("%s", done.Result)
		}
	})
}

// In a loop a name that stays the same would skip all work after the first item.
func TestAStepsNameIsUsedOnceInAnAttempt(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.start(tool("loop", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			for range 2 {
				if _, err := tasks.Step(ctx, a, "page", func(context.Context) (int, error) { return 1, nil }); err != nil {
					return none{}, err
				}
			}
			return none{}, nil
		}))
		done := r.untilStatus(r.create("loop", `{}`, tasks.Policy{}), tasks.Completed)
		if !strings.Contains(string(done.Result), `put the item into the name`) {
			t.Errorf("got %s", done.Result)
		}
	})
}
