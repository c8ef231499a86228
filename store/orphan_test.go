package store_test

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestATaskThatNobodyWaitsForIsAnOrphan(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		shared := func(waiter string) func(*store.NewTask) {
			return func(n *store.NewTask) {
				n.Policy.Dedupe, n.Waiter = tasks.ByArguments, waiter
				n.ID = s.NewID(n.Owner, n.Repeats())
			}
		}
		drop := func(id tasks.ID, waiter string) {
			t.Helper()
			if err := s.Abandon(t.Context(), id, waiter); err != nil {
				t.Fatal(err)
			}
		}
		orphan := func(id tasks.ID, want bool) {
			t.Helper()
			if got, err := s.Orphan(t.Context(), id); err != nil || got != want {
				t.Errorf("cancelled %t %v, want %t", got, err, want)
			}
		}
		task := create(t, s, shared("one"))
		if again := create(t, s, shared("two")); again.ID != task.ID {
			t.Fatal("the repeat has a task of its own")
		}
		orphan(task.ID, false)
		drop(task.ID, "one")
		drop(task.ID, "one") // sent again
		orphan(task.ID, false)
		drop(task.ID, "two")
		orphan(task.ID, true)
		if got := get(t, s, task.ID); got.Status != tasks.Cancelled {
			t.Errorf("status %s, want cancelled", got.Status)
		}
		orphan(task.ID, false)

		told := create(t, s, shared("one"))
		if err := s.Keep(t.Context(), told.ID); err != nil {
			t.Fatal(err)
		}
		drop(told.ID, "one")
		orphan(told.ID, false)

		known := create(t, s, func(n *store.NewTask) { n.Arguments = []byte(`{"url":"/known"}`) }, shared(""))
		create(t, s, func(n *store.NewTask) { n.Arguments = []byte(`{"url":"/known"}`) }, shared("one"))
		drop(known.ID, "one")
		orphan(known.ID, false) // its first client was told its id

		many := create(t, s, func(n *store.NewTask) { n.Arguments = []byte(`{"url":"/many"}`) }, shared("0"))
		for i := range 200 {
			create(t, s, func(n *store.NewTask) { n.Arguments = []byte(`{"url":"/many"}`) }, shared(fmt.Sprint(i)))
		}
		for i := range 200 {
			drop(many.ID, fmt.Sprint(i))
		}
		orphan(many.ID, false) // more than are counted
	})
}
