package store_test

import (
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func listed(t *testing.T, s *store.Store, size int) (ids []tasks.ID, pages int) {
	t.Helper()
	at, more := store.Place{}, true
	for more {
		var list []*tasks.Task
		var err error
		if list, at, more, err = s.List(t.Context(), tasks.Local, at, size); err != nil {
			t.Fatal(err)
		}
		if len(list) > size {
			t.Fatalf("%d tasks in a page of %d", len(list), size)
		}
		for _, task := range list {
			ids = append(ids, task.ID)
		}
		if at, err = store.ParsePlace(at.String()); err != nil && more {
			t.Fatal(err)
		}
		pages++
	}
	return ids, pages
}

func TestAnOwnersTasksAreListedLatestFirst(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		index := "lh:{own:" + string(tasks.Local) + "}"
		if got, _ := listed(t, s, 3); len(got) != 0 {
			t.Fatalf("got %v before there was any", got)
		}
		var want []tasks.ID
		for i := range 12 {
			task := create(t, s)
			rdb.ZAdd(t.Context(), index, redis.Z{Score: float64(1000 + i/5), Member: string(task.ID)}) // five in a millisecond
			want = append(want, task.ID)
		}
		for from := 0; from < len(want); from += 5 {
			slices.Sort(want[from:min(from+5, len(want))])
		}
		slices.Reverse(want)
		forgotten := want[4]
		rdb.Del(t.Context(), shard(forgotten, "t:"+string(forgotten)))
		want = slices.Delete(want, 4, 5)
		for _, size := range []int{1, 2, 3, 5, 11, 12, 100} {
			got, pages := listed(t, s, size)
			if !slices.Equal(got, want) {
				t.Errorf("in pages of %d: got %v, want %v", size, got, want)
			}
			if size == 100 && pages != 1 {
				t.Errorf("%d pages", pages)
			}
		}
	})
}

func TestAListSaysWhyATaskFailed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		task := create(t, s)
		c := claim(t, s, task.Delivery, "a")
		if err := s.Apply(t.Context(), task.ID, tasks.Break, c.Lease, store.Outcome{Error: tasks.NewError(tasks.ReasonTimeout, "took too long")}); err != nil {
			t.Fatal(err)
		}
		create(t, s, func(n *store.NewTask) { n.Owner = "other"; n.ID = s.NewID(n.Owner, "") })
		list, _, more, err := s.List(t.Context(), tasks.Local, store.Place{}, 10)
		if err != nil || more || len(list) != 1 || list[0].StatusMessage() != "took too long" {
			t.Errorf("got %+v, %t, %v", list, more, err)
		}
	})
}
