package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestEnqueueOfTheSameAttemptConflicts(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		q := queue.New(redistest.Open(t, opts))
		d := enqueue(t, q, first(newQueue()))
		if err := q.Enqueue(t.Context(), d); !errors.Is(err, queue.ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
		d.Attempt++
		enqueue(t, q, d)
	})
}

func TestEnqueueRefusesWhatItCouldNotTellApart(t *testing.T) {
	t.Parallel()
	q := queue.New(redistest.New(t))
	for name, d := range map[string]tasks.Delivery{
		"no attempt":            {Task: tasks.NewID(0), Queue: "q"},
		"no queue":              {Task: tasks.NewID(0), Attempt: 1},
		"queue named a sibling": {Task: tasks.NewID(0), Attempt: 1, Queue: "q.again"},
	} {
		if err := q.Enqueue(t.Context(), d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEnqueueIsAnnouncedOnConflictToo(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q, name := queue.New(rdb), newQueue()
	sub := rdb.Subscribe(t.Context(), "lh:wake:"+name)
	defer sub.Close()
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := enqueue(t, q, first(name))
	if err := q.Enqueue(t.Context(), d); !errors.Is(err, queue.ErrConflict) {
		t.Fatalf("got %v, want ErrConflict", err)
	}
	heard := sub.Channel()
	receive(t, "announcement", heard)
	receive(t, "announcement of the conflict", heard)
}

func TestEnqueueLeavesNothingToTheDefaultsOfAsynq(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	d := enqueue(t, queue.New(rdb), first(newQueue()))
	info, err := asynq.NewInspectorFromRedisClient(rdb).GetTaskInfo(d.Queue, queue.TaskID(d))
	if err != nil {
		t.Fatal(err)
	}
	if info.MaxRetry != 1000 || info.Timeout != 30*24*time.Hour || !info.Deadline.IsZero() || info.Retention != 0 {
		t.Errorf("got retries %d, timeout %s, deadline %s, retention %s", info.MaxRetry, info.Timeout, info.Deadline, info.Retention)
	}
	if want := string(d.Task) + " 1"; string(info.Payload) != want {
		t.Errorf("payload is %q, want %q", info.Payload, want)
	}
}
