package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

func TestCancelStopsTheTool(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		started, ended := make(chan struct{}), make(chan error, 1)
		r.start(tool("wait", func(ctx context.Context, _ *tasks.Attempt, _ none) (none, error) {
			close(started)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return none{}, context.Cause(ctx)
		}), func(o *worker.Options) { o.Concurrency = 1 })
		task := r.create("wait", `{}`, tasks.Policy{})
		<-started
		if err := r.store.Cancel(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, tasks.ErrCancelled) {
			t.Errorf("the tool's context ended with %v, want ErrCancelled", err)
		}
		r.untilStatus(task, tasks.Cancelled)
	})
}

func TestAWorkerGivesBackWhatItCannotRun(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var log, closer logbook
		other := tool("other", func(context.Context, *tasks.Attempt, none) (none, error) { return none{}, nil })
		r.start(other, func(o *worker.Options) {
			o.Logger = slog.New(slog.NewMultiHandler(slog.NewTextHandler(&log, nil), slog.NewTextHandler(&closer, &slog.HandlerOptions{Level: slog.LevelDebug})))
		})
		task := r.create("crawl", `{}`, tasks.Policy{})
		waiting := r.until(task, "a worker that has it", func(t *tasks.Task) bool { return t.Phase == tasks.Delayed })
		if got := waiting.StatusMessage(); got != "waiting for a worker that has crawl" {
			t.Errorf("status message %q", got)
		}
		r.eventually("a line for those who look closer", func() bool { return closer.has(`outcome="given back"`) })
		if log.has("given back") {
			t.Error("the log has a line of each try")
		}
		r.start(tool("crawl", func(context.Context, *tasks.Attempt, none) (none, error) { return none{}, nil }))
		if done := r.untilStatus(task, tasks.Completed); done.Failures != 0 {
			t.Errorf("%d failures: giving back is none", done.Failures)
		}
	})
}

func TestADeployMovesRunningTasks(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		started := make(chan int, 2)
		reg := tool("long", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			started <- a.Number()
			if a.Number() == 1 {
				<-a.Draining() // told first
				<-ctx.Done()   // cut off later
				return none{}, context.Cause(ctx)
			}
			return none{}, nil
		})
		stop := r.start(reg)
		task := r.create("long", `{}`, tasks.Policy{})
		<-started
		r.start(reg)
		stop()
		if n := <-started; n != 2 {
			t.Errorf("attempt %d, want 2", n)
		}
		if done := r.untilStatus(task, tasks.Completed); done.Failures != 0 {
			t.Errorf("%d failures: a deploy is none", done.Failures)
		}
	})
}

// A drained worker may give its attempt back and never hear that it did: then it does not know that the next one is to be enqueued.
func TestADrainWhoseReplyIsLost(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		never := store.Options{Look: time.Hour, Liveness: time.Hour}
		r := newRig(t, o, never)
		drained := new(deafened)
		started := make(chan int, 2)
		reg := tool("long", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			started <- a.Number()
			if a.Number() == 1 {
				<-ctx.Done()
				drained.deaf.Store(true)
			}
			return none{}, context.Cause(ctx)
		})
		stop := r.start(reg, func(w *worker.Options) { w.Store = drained.store(t, o, never) })
		task := r.create("long", `{}`, tasks.Policy{})
		<-started
		r.start(reg)
		stopped := make(chan struct{})
		go func() { defer close(stopped); stop() }()
		r.untilStatus(task, tasks.Completed)
		if len(started) != 1 || <-started != 2 {
			t.Error("want one more attempt, the second")
		}
		drained.deaf.Store(false)
		<-stopped
	})
}

func TestAQuestionIsAskedParkedAndAnswered(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		policy := tasks.Policy{Park: 50 * time.Millisecond}
		reg := tool("deploy", func(ctx context.Context, a *tasks.Attempt, _ none) (name, error) {
			reply, err := a.Ask(ctx, "who", tasks.Form[name]("Who are you?"))
			if err != nil {
				return name{}, err
			}
			var n name
			return n, reply.Decode(&n)
		}, policy)
		r.start(reg, func(o *worker.Options) { o.Concurrency = 1 })
		task := r.create("deploy", `{}`, policy)
		parked := r.until(task, "parking", func(t *tasks.Task) bool { return t.Phase == tasks.Parked })
		if parked.Status != tasks.InputRequired || len(parked.Questions) != 1 || parked.StatusMessage() != "waiting for an answer" {
			t.Errorf("%+v", parked)
		}
		next, err := r.store.Answer(t.Context(), task.ID, map[string]json.RawMessage{"who": []byte(`{"action":"accept","content":{"name":"Ada"}}`)})
		if err != nil || next == nil {
			t.Fatal(next, err)
		}
		r.out.Dispatch(*next)
		done := r.untilStatus(task, tasks.Completed)
		if done.Failures != 0 || !json.Valid(done.Result) {
			t.Errorf("%+v", done)
		}
	})
}

func TestAnAnswerReachesAnAttemptThatWaits(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.start(tool("deploy", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			one, err := a.Ask(ctx, "one", tasks.Form[name]("?"))
			if err != nil || !one.Accepted() {
				return none{}, errors.Join(err, errors.New("declined"))
			}
			if _, err := a.Ask(ctx, "two", tasks.Visit("?", "https://example.com", "x")); !errors.Is(err, tasks.ErrCannotAsk) {
				return none{}, errors.New("a client that cannot visit was asked to")
			}
			return none{}, nil
		}))
		task := r.create("deploy", `{}`, tasks.Policy{})
		r.until(task, "the question", func(t *tasks.Task) bool { return t.Status == tasks.InputRequired })
		if next, err := r.store.Answer(t.Context(), task.ID, map[string]json.RawMessage{"one": []byte(`{"action":"accept"}`)}); err != nil || next != nil {
			t.Fatal(next, err)
		}
		if done := r.untilStatus(task, tasks.Completed); done.Delivery.Attempt != 1 {
			t.Errorf("attempt %d, want the first", done.Delivery.Attempt)
		}
	})
}

// The work of hours must not be lost because Redis is away in the minute when it ends.
func TestAResultOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	r := newRig(t, server.Options(), store.Options{})
	started, finish := make(chan struct{}), make(chan struct{})
	calls := 0
	r.start(tool("long", func(context.Context, *tasks.Attempt, none) (none, error) {
		calls++
		close(started)
		<-finish
		return none{}, nil
	}))
	task := r.create("long", `{}`, tasks.Policy{})
	<-started
	server.Freeze()
	close(finish)
	time.AfterFunc(7*time.Second, server.Thaw)
	r.untilStatus(task, tasks.Completed)
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// Another worker may be given the task once this one's liveness has run out: an exclusive tool has stopped by then.
func TestAnExclusiveAttemptStopsItselfInTime(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	r := newRig(t, server.Options(), store.Options{Liveness: 9 * time.Second})
	started, ended := make(chan struct{}), make(chan error, 1)
	policy := tasks.Policy{Exclusive: true}
	r.start(tool("alone", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
		if a.Number() == 1 {
			close(started)
			<-ctx.Done()
			ended <- context.Cause(ctx)
		}
		return none{}, context.Cause(ctx)
	}, policy))
	r.create("alone", `{}`, policy)
	<-started
	server.Freeze()
	frozen := time.Now()
	if err := <-ended; !errors.Is(err, tasks.ErrLost) || time.Since(frozen) > r.store.Liveness() {
		t.Errorf("ended with %v after %s, want ErrLost before its liveness of %s ran out", err, time.Since(frozen), r.store.Liveness())
	}
	server.Thaw()
}

// A tool that does not look at its context keeps its slot, but not its task.
func TestATimeoutIsWrittenThoughTheToolDoesNotStop(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		release := make(chan struct{})
		policy := tasks.Policy{Timeout: 10 * time.Millisecond}
		r.start(tool("deaf", func(context.Context, *tasks.Attempt, none) (none, error) {
			<-release
			return none{}, nil
		}, policy))
		task := r.create("deaf", `{}`, policy)
		failed := r.untilStatus(task, tasks.Failed)
		close(release)
		if string(failed.Error.Data) != `{"reason":"timeout"}` {
			t.Errorf("%+v", failed.Error)
		}
	})
}
