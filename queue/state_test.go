package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func wantState(t *testing.T, q *queue.Queue, d tasks.Delivery, want queue.State) {
	t.Helper()
	if got, err := q.State(t.Context(), d); err != nil || got != want {
		t.Errorf("delivery is %s (%v), want %s", got, err, want)
	}
}

// die takes a delivery as asynq's script does, and does nothing with it.
func die(t *testing.T, rdb redis.UniversalClient, name string) {
	t.Helper()
	id, err := rdb.RPopLPush(t.Context(), queue.Key(name, "pending"), queue.Key(name, "active")).Result()
	if err != nil {
		t.Fatal(err)
	}
	task := queue.Key(name, "t:"+id)
	rdb.HSet(t.Context(), task, "state", "active")
	rdb.HDel(t.Context(), task, "pending_since")
	rdb.ZAdd(t.Context(), queue.Key(name, "lease"), redis.Z{Score: float64(time.Now().Add(30 * time.Second).Unix()), Member: id})
}

func TestStateOfADeliveryThroughItsLife(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		q, d := queue.New(redistest.Open(t, opts)), first(newQueue())
		wantState(t, q, d, queue.Absent)
		enqueue(t, q, d)
		wantState(t, q, d, queue.Pending)
		serve(t, redistest.Open(t, opts), 1, only(d.Queue)).next(t)
		eventually(t, "asynq forgets the delivery", func() bool {
			s, err := q.State(t.Context(), d)
			return err == nil && s == queue.Absent
		})
	})
}

// The taker died between its Dequeue and its claim: every enqueue of this attempt conflicts until asynq's recoverer
// finds it, a minute or two later. A higher attempt does not.
func TestStateIsActiveWhenTheTakerDied(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		rdb := redistest.Open(t, opts)
		q := queue.New(rdb)
		d := enqueue(t, q, first(newQueue()))
		die(t, rdb, d.Queue)
		if err := q.Enqueue(t.Context(), d); !errors.Is(err, queue.ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
		wantState(t, q, d, queue.Active)

		d.Attempt++
		enqueue(t, q, d)
		got := serve(t, redistest.Open(t, opts), 1, only(d.Queue)).next(t)
		if diff := cmp.Diff(d, got); diff != "" {
			t.Error("the renewed attempt (-want +got):", diff)
		}
	})
}

func TestStateIsOtherForWhatWillNotBeTaken(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*testing.T, redis.UniversalClient, tasks.Delivery) error{
		"orphan: in no list, conflicts for ever": func(t *testing.T, rdb redis.UniversalClient, d tasks.Delivery) error {
			die(t, rdb, d.Queue)
			return rdb.Del(t.Context(), queue.Key(d.Queue, "lease"), queue.Key(d.Queue, "active")).Err()
		},
		"without its message": func(t *testing.T, rdb redis.UniversalClient, d tasks.Delivery) error {
			return rdb.HDel(t.Context(), queue.Key(d.Queue, "t:"+queue.TaskID(d)), "msg").Err()
		},
		"without its hash": func(t *testing.T, rdb redis.UniversalClient, d tasks.Delivery) error {
			die(t, rdb, d.Queue)
			return rdb.Del(t.Context(), queue.Key(d.Queue, "t:"+queue.TaskID(d))).Err()
		},
		"archived": func(_ *testing.T, rdb redis.UniversalClient, d tasks.Delivery) error {
			return asynq.NewInspectorFromRedisClient(rdb).ArchiveTask(d.Queue, queue.TaskID(d))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			q := queue.New(rdb)
			d := enqueue(t, q, first(newQueue()))
			if err := spoil(t, rdb, d); err != nil {
				t.Fatal(err)
			}
			wantState(t, q, d, queue.Other)
		})
	}
}
