package queue_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Between the script that takes a task and the handler there are ways to lose one. Each of these would end a worker of
// one slot, if the slot went with it.
func TestNoSlotIsLostWithADelivery(t *testing.T) {
	t.Parallel()
	foreign := func(t *testing.T, rdb redis.UniversalClient, name string, payload string, opts ...asynq.Option) {
		t.Helper()
		opts = append(opts, asynq.Queue(name))
		if _, err := asynq.NewClientFromRedisClient(rdb).EnqueueContext(t.Context(), asynq.NewTask("other", []byte(payload)), opts...); err != nil {
			t.Fatal(err)
		}
	}
	message := func(t *testing.T, rdb redis.UniversalClient, name, msg string) {
		t.Helper()
		d := enqueue(t, queue.New(rdb), first(name))
		if err := rdb.HSet(t.Context(), queue.Key(name, "t:"+queue.TaskID(d)), "msg", msg).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for name, bad := range map[string]func(*testing.T, redis.UniversalClient, string){
		"id without a hash": func(t *testing.T, rdb redis.UniversalClient, name string) {
			if err := rdb.LPush(t.Context(), queue.Key(name, "pending"), "ghost").Err(); err != nil {
				t.Fatal(err)
			}
		},
		"undecodable message": func(t *testing.T, rdb redis.UniversalClient, name string) {
			message(t, rdb, name, "\xff\xff garbage")
		},
		"string that is not UTF-8": func(t *testing.T, rdb redis.UniversalClient, name string) {
			message(t, rdb, name, "\x0a\x01\xff")
		},
		"empty message": func(t *testing.T, rdb redis.UniversalClient, name string) {
			message(t, rdb, name, "")
		},
		"foreign type": func(t *testing.T, rdb redis.UniversalClient, name string) {
			foreign(t, rdb, name, string(first(name).Task)+" 1")
		},
		"foreign payload": func(t *testing.T, rdb redis.UniversalClient, name string) {
			foreign(t, rdb, name, "{}")
		},
		"past deadline, given up before its handler": func(t *testing.T, rdb redis.UniversalClient, name string) {
			foreign(t, rdb, name, "{}", asynq.Deadline(time.Now().Add(-time.Hour)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
				t.Parallel()
				rdb, name := redistest.Open(t, opts), newQueue()
				for range 3 {
					bad(t, rdb, name)
				}
				// Ids without a hash look like an empty queue, and an empty queue is left alone for a while.
				now := make(chan time.Time)
				close(now)
				w := serve(t, redistest.Open(t, opts), 1, only(name).WithTimers(func(time.Duration) <-chan time.Time { return now }))
				for range 3 {
					d := enqueue(t, queue.New(rdb), first(name))
					if diff := cmp.Diff(d, w.next(t)); diff != "" {
						t.Error(diff)
					}
				}
				w.stop()
				if n := w.slots.inUse(); n != 0 {
					t.Errorf("%d slots are still taken", n)
				}
			})
		})
	}
}

// A delivery's slot is its handler's, also when the handler panics: asynq then reports a failure, which is not the one of
// a delivery that never reached a handler.
func TestAPanickingHandlerKeepsItsSlot(t *testing.T) {
	t.Parallel()
	rdb, d, s := redistest.New(t), first(newQueue()), newSlots(2)
	enqueue(t, queue.New(rdb), d)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := queue.ServeOptions{Queues: map[string]int{d.Queue: 1}, Slots: s, Logger: slog.New(slog.DiscardHandler)}
	err := queue.NewServer(rdb).Serve(ctx, o, func(context.Context, tasks.Delivery) {
		cancel()
		panic("as asked")
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.inUse(); n != 1 {
		t.Errorf("%d slots are taken, want the handler's", n)
	}
}
