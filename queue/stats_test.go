package queue_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestStatsCountAllPrioritiesAndAttempts(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		rdb := redistest.Open(t, opts)
		q, name := queue.New(rdb), newQueue()
		for _, p := range []tasks.Priority{tasks.High, tasks.Normal, "", tasks.Low} {
			d := first(name)
			d.Priority = p
			enqueue(t, q, d)
			d.Attempt = 2
			enqueue(t, q, d)
		}
		die(t, rdb, name+".again")
		got, err := q.Stats(t.Context(), name)
		if want := (queue.Stats{Pending: 7, Active: 1}); err != nil || got != want {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	})
}
