package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

type greeting struct {
	Text string `json:"text"`
}

type name struct {
	Name string `json:"name"`
}

func TestAToolsAnswerIsTheTasksResult(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.start(tool("greet", func(_ context.Context, _ *tasks.Attempt, in name) (greeting, error) {
			return greeting{"hello " + in.Name}, nil
		}))
		task := r.untilStatus(r.create("greet", `{"name":"Ada"}`, tasks.Policy{}), tasks.Completed)
		want := `{"content":[{"type":"text","text":"{\"text\":\"hello Ada\"}"}],"structuredContent":{"text":"hello Ada"}}`
		if string(task.Result) != want {
			t.Errorf("result %s, want %s", task.Result, want)
		}
	})
}

func TestHowAttemptsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		policy tasks.Policy
		fn     func(ctx context.Context) error
		status tasks.Status
		says   string // in the result, or in the error
		calls  int32
	}{
		"an error is an answer for the model": {
			fn: func(context.Context) error { return errors.New("no such site") }, status: tasks.Completed, says: "no such site", calls: 1,
		},
		"an error is tried again while attempts last": {
			policy: tasks.Policy{Attempts: 3, Backoff: time.Millisecond},
			fn:     func(context.Context) error { return errors.New("no such site") }, status: tasks.Completed, says: `"isError":true`, calls: 3,
		},
		"a permanent error is not": {
			policy: tasks.Policy{Attempts: 3, Backoff: time.Millisecond},
			fn:     func(context.Context) error { return tasks.Permanent(errors.New("gone")) }, status: tasks.Completed, says: "gone", calls: 1,
		},
		"nor is one of a tool that must not run again": {
			policy: tasks.Policy{Attempts: 3, Rerun: tasks.No},
			fn:     func(context.Context) error { return errors.New("gone") }, status: tasks.Completed, says: "gone", calls: 1,
		},
		"an error of the protocol fails the task": {
			fn: func(context.Context) error {
				return tasks.Permanent(fmt.Errorf("there: %w", &tasks.Error{Code: -32021, Message: "no sampling", Data: []byte(`{"x":1}`)}))
			}, status: tasks.Failed, says: `-32021 no sampling {"x":1}`, calls: 1,
		},
		"a panic fails the task": {
			fn: func(context.Context) error { panic("boom") }, status: tasks.Failed, says: "boom", calls: 1,
		},
		"so does a tool that ends its goroutine": {
			fn: func(context.Context) error { runtime.Goexit(); return nil }, status: tasks.Failed, says: "without returning", calls: 1,
		},
		"so does a timeout": {
			policy: tasks.Policy{Timeout: 30 * time.Millisecond},
			fn:     func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }, status: tasks.Failed, says: "timeout of 30ms", calls: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				var calls atomic.Int32
				r.start(tool("try", func(ctx context.Context, _ *tasks.Attempt, _ none) (*tasks.Result, error) {
					calls.Add(1)
					return nil, c.fn(ctx)
				}, c.policy))
				task := r.untilStatus(r.create("try", `{}`, c.policy), c.status)
				said := string(task.Result)
				if task.Error != nil {
					said = fmt.Sprint(task.Error.Code, " ", task.Error.Message, " ", string(task.Error.Data))
				}
				if !strings.Contains(said, c.says) || calls.Load() != c.calls {
					t.Errorf("%d calls, said %s; want %d and %q", calls.Load(), said, c.calls, c.says)
				}
			})
		})
	}
}

func TestAResultThatBreaksThePromiseFails(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		reg := new(tasks.Registry)
		reg.Add(tasks.Tool{Name: "liar", OutputSchema: []byte(`{"type":"object","required":["n"]}`)},
			func(context.Context, *tasks.Attempt, json.RawMessage) (*tasks.Result, error) {
				return &tasks.Result{Structured: map[string]any{"m": 1}}, nil
			})
		r.start(reg)
		task := r.untilStatus(r.create("liar", `{}`, tasks.Policy{}), tasks.Failed)
		if string(task.Error.Data) != `{"reason":"result"}` {
			t.Errorf("%+v", task.Error)
		}
	})
}

func TestWhatAToolSaysOfRetryingCounts(t *testing.T) {
	for name, c := range map[string]struct {
		err   func(ctx context.Context) error
		calls int32
	}{
		"permanent beats a timeout": {func(ctx context.Context) error { <-ctx.Done(); return tasks.Permanent(context.Cause(ctx)) }, 1},
		"permanent beats a pause": {func(context.Context) error {
			return tasks.RetryAfter(time.Millisecond, tasks.Permanent(errors.New("gone")))
		}, 1},
		"a pause in the past": {func(context.Context) error { return tasks.RetryAfter(math.MinInt64, errors.New("busy")) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				var calls atomic.Int32
				policy := tasks.Policy{Attempts: 3, Backoff: time.Hour, Timeout: 50 * time.Millisecond}
				r.start(tool("try", func(ctx context.Context, _ *tasks.Attempt, _ none) (none, error) {
					calls.Add(1)
					return none{}, c.err(ctx)
				}, policy))
				task := r.create("try", `{}`, policy)
				r.until(task, "its end", func(t *tasks.Task) bool { return t.Status.Terminal() })
				if calls.Load() != c.calls {
					t.Errorf("%d calls, want %d", calls.Load(), c.calls)
				}
			})
		})
	}
}
