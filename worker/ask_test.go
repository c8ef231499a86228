package worker_test

import (
	"context"
	"errors"
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
