package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestAQuestionThatNobodyAnswers(t *testing.T) {
	for label, c := range map[string]struct{ park time.Duration }{"while its attempt waits": {time.Hour}, "while it is parked": {time.Millisecond}} {
		t.Run(label, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				policy := tasks.Policy{Park: c.park}
				r.start(tool("deploy", func(ctx context.Context, a *tasks.Attempt, _ none) (name, error) {
					reply, err := a.Ask(ctx, "who", tasks.Form[name]("Who?").Within(300*time.Millisecond).Otherwise(name{"nobody"}))
					if err != nil {
						return name{}, err
					}
					if _, err := a.Ask(ctx, "why", tasks.Form[name]("Why?").Within(300*time.Millisecond)); !errors.Is(err, tasks.ErrUnanswered) {
						return name{}, errors.Join(err, errors.New("want ErrUnanswered"))
					}
					var n name
					return n, reply.Decode(&n)
				}, policy))
				done := r.untilStatus(r.create("deploy", `{}`, policy), tasks.Completed)
				if want := `{"content":[{"type":"text","text":"{\"name\":\"nobody\"}"}],"structuredContent":{"name":"nobody"}}`; string(done.Result) != want {
					t.Errorf("%s, want %s", done.Result, want)
				}
				if parked := done.Delivery.Attempt > 1; parked != (c.park < time.Second) {
					t.Errorf("it took %d attempts", done.Delivery.Attempt)
				}
			})
		})
	}
}

// A parked attempt is over before the next one can start, if it has to be alone.
func TestAnExclusiveAttemptIsOverBeforeItIsParked(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var running, most atomic.Int32
		leaving := make(chan struct{})
		policy := tasks.Policy{Park: 10 * time.Millisecond, Exclusive: true}
		r.start(tool("deploy", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			_, err := a.Ask(ctx, "who", tasks.Form[name]("?"))
			if errors.Is(err, tasks.ErrParked) {
				<-leaving // it clears up
			}
			return none{}, err
		}, policy))
		task := r.create("deploy", `{}`, policy)
		r.until(task, "the question", func(t *tasks.Task) bool { return t.Status == tasks.InputRequired })
		time.AfterFunc(300*time.Millisecond, func() { close(leaving) }) // long after the parking was due
		r.until(task, "parking", func(t *tasks.Task) bool { return t.Phase == tasks.Parked })
		if running.Load() != 0 {
			t.Error("parked while its tool is at work")
		}
		next, err := r.store.Answer(t.Context(), task.ID, map[string]json.RawMessage{"who": []byte(`{"action":"accept","content":{"name":"Ada"}}`)})
		if err != nil || next == nil {
			t.Fatal(next, err)
		}
		r.out.Dispatch(*next)
		r.untilStatus(task, tasks.Completed)
		if most.Load() != 1 {
			t.Errorf("%d at once, want 1", most.Load())
		}
	})
}
