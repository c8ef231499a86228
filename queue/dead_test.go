package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

// A worker that is killed stays on asynq's lists of those who serve, until another one begins.
func TestTheDeadAreForgotten(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		rdb, name := redistest.Open(t, opts), newQueue()
		dead, alive := "dead-"+name, "alive-"+name
		lists := []string{"asynq:servers", "asynq:workers"}
		for _, list := range lists {
			for member, until := range map[string]time.Duration{dead: -time.Minute, alive: time.Hour} {
				if err := rdb.ZAdd(t.Context(), list, redis.Z{Score: float64(time.Now().Add(until).Unix()), Member: member}).Err(); err != nil {
					t.Fatal(err)
				}
			}
		}
		serve(t, redistest.Open(t, opts), 1, only(name))
		eventually(t, "the dead are forgotten", func() bool {
			for _, list := range lists {
				if err := rdb.ZScore(t.Context(), list, dead).Err(); !errors.Is(err, redis.Nil) {
					return false
				}
			}
			return true
		})
		for _, list := range lists {
			if err := rdb.ZScore(t.Context(), list, alive).Err(); err != nil {
				t.Errorf("%s: one that is alive: %v", list, err)
			}
			rdb.ZRem(t.Context(), list, alive)
		}
	})
}
