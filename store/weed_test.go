package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func index(owner tasks.Owner) string { return "lh:{own:" + string(owner) + "}" }

// What a creation that failed halfway, or an expiry that nobody saw, left in an owner's index goes as other tasks are forgotten.
func TestAnOwnersIndexIsWeeded(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		list := func(at time.Time) string {
			id := string(s.NewID(tasks.Local, ""))
			rdb.ZAdd(t.Context(), index(tasks.Local), redis.Z{Score: float64(at.UnixMilli()), Member: id})
			return id
		}
		open := create(t, s)
		for range 3 {
			list(time.Now().Add(-time.Hour))
		}
		written := list(time.Now().Add(time.Hour)) // its record is about to be
		want := []string{string(open.ID), written}
		for range 200 {
			forget(t, s, rdb, create(t, s))
		}
		if diff := cmp.Diff(want, rdb.ZRange(t.Context(), index(tasks.Local), 0, -1).Val()); diff != "" {
			t.Errorf("listed (-want +got):\n%s", diff)
		}
	})
}

// A keeper that slept acts on what was overdue long ago: a task that was too long open then may have begun its retention since.
func TestATaskThatIsKeptStaysListed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		overdue(t, rdb, task.ID, "ends")
		for _, broken := range []bool{true, false} {
			if m, err := s.Prune(t.Context(), task.ID); err != nil || m.Broken != broken {
				t.Fatalf("%+v %v, want broken %t", m, err, broken)
			}
		}
		if rdb.ZScore(t.Context(), index(tasks.Local), string(task.ID)).Err() != nil {
			t.Error("a task that is kept is not listed any more")
		}
	})
}

// forget ends a task and lets its retention be over.
func forget(t *testing.T, s *store.Store, rdb redis.UniversalClient, task *tasks.Task) {
	t.Helper()
	if err := s.Cancel(t.Context(), task.ID); err != nil {
		t.Fatal(err)
	}
	overdue(t, rdb, task.ID, "ends")
	if _, err := s.Prune(t.Context(), task.ID); err != nil {
		t.Fatal(err)
	}
}
