package queue_test

import (
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func wantPosition(t *testing.T, q *queue.Queue, d tasks.Delivery, want int) {
	t.Helper()
	if got, err := q.Position(t.Context(), d); err != nil || got != want {
		t.Errorf("position %d (%v), want %d", got, err, want)
	}
}

func TestPositionCountsThoseBefore(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		rdb := redistest.Open(t, opts)
		q, name := queue.New(rdb), newQueue()
		waiting := make([]tasks.Delivery, 3)
		for i := range waiting {
			waiting[i] = enqueue(t, q, first(name))
		}
		urgent := first(name)
		urgent.Priority = tasks.High
		enqueue(t, q, urgent)
		for i, d := range waiting {
			wantPosition(t, q, d, i+1)
		}
		wantPosition(t, q, urgent, 1)

		die(t, rdb, name)
		wantPosition(t, q, waiting[0], 0)
		wantPosition(t, q, waiting[2], 2)
		wantPosition(t, q, first(newQueue()), 0)
	})
}

func TestPositionLooksNoFartherThanItMay(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		rdb := redistest.Open(t, opts)
		q, name := queue.New(rdb), newQueue()
		ahead := make([]any, 999)
		for i := range ahead {
			ahead[i] = strconv.Itoa(i)
		}
		if err := rdb.LPush(t.Context(), queue.Key(name, "pending"), ahead...).Err(); err != nil {
			t.Fatal(err)
		}
		last, beyond := enqueue(t, q, first(name)), enqueue(t, q, first(name))
		wantPosition(t, q, last, 1000)
		wantPosition(t, q, beyond, 0)
	})
}
