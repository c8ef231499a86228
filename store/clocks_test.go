package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func shard(id tasks.ID, name string) string { return "lh:{" + strconv.Itoa(id.Shard()) + "}:" + name }

func overdue(t *testing.T, rdb redis.UniversalClient, id tasks.ID, clock string) {
	t.Helper()
	if err := rdb.ZAddXX(t.Context(), shard(id, clock), redis.Z{Score: 1, Member: string(id)}).Err(); err != nil {
		t.Fatal(err)
	}
}

func tick(t *testing.T, s *store.Store) {
	t.Helper()
	if _, err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// After an outage, however it was noticed and whoever is the keeper now, workers that could not beat are left alone for a while.
func TestNobodyIsReapedAfterAGapInTheTicks(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		claim(t, s, task.Delivery, "a")
		overdue(t, rdb, task.ID, "live")
		now := rdb.Time(t.Context()).Val().UnixMilli()
		last := func(ms int64) {
			rdb.Set(t.Context(), shard(task.ID, "tick"), strconv.FormatInt(ms, 10)+" 0", 0)
		}
		for name, ms := range map[string]int64{"outage": now - 40_000, "clock that went back": now + 60_000} {
			last(ms)
			if m, err := s.Reap(t.Context(), task.ID); err != nil || m != (store.Moved{}) {
				t.Errorf("%s: a keeper that slept through it reaped: %+v %v", name, m, err)
			}
			tick(t, s) // a fresh keeper sees the gap
			if m, err := s.Reap(t.Context(), task.ID); err != nil || m != (store.Moved{}) {
				t.Errorf("%s: a fresh keeper reaped: %+v %v", name, m, err)
			}
		}
		last(now)
		tick(t, s)
		if m, err := s.Reap(t.Context(), task.ID); err != nil || m.Next == nil || m.Next.Attempt != 2 {
			t.Errorf("without a gap: %+v %v, want attempt 2", m, err)
		}
	})
}

func TestTicksFindWhatIsOverdue(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		waits, runs, ended := create(t, s), create(t, s), create(t, s)
		claim(t, s, runs.Delivery, "a")
		if err := s.Cancel(t.Context(), ended.ID); err != nil {
			t.Fatal(err)
		}
		all, err := s.Tick(t.Context())
		if err != nil || len(all) != s.Shards() {
			t.Fatal(len(all), err)
		}
		for _, o := range all {
			if !o.Empty() {
				t.Errorf("nothing is overdue yet: %+v", o)
			}
		}
		overdue(t, rdb, waits.ID, "due")
		overdue(t, rdb, runs.ID, "live")
		overdue(t, rdb, ended.ID, "ends")
		var got store.Overdue
		all, err = s.Tick(t.Context())
		for _, o := range all {
			got.Due, got.Live, got.Ends = append(got.Due, o.Due...), append(got.Live, o.Live...), append(got.Ends, o.Ends...)
		}
		if err != nil || len(got.Due) != 1 || got.Due[0] != waits.ID || len(got.Live) != 1 || got.Live[0] != runs.ID || len(got.Ends) != 1 || got.Ends[0] != ended.ID {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestThreeCrashesAreOneFailure(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		d := task.Delivery
		for crash := 1; crash <= 3; crash++ {
			claim(t, s, d, "a")
			overdue(t, rdb, task.ID, "live")
			tick(t, s)
			m, err := s.Reap(t.Context(), task.ID)
			if err != nil || m.Broken != (crash == 3) {
				t.Fatalf("crash %d: %+v %v", crash, m, err)
			}
			if m.Next != nil {
				d = *m.Next
			}
		}
		got := get(t, s, task.ID)
		if got.Status != tasks.Failed || got.Error == nil || string(got.Error.Data) != `{"reason":"crashed"}` {
			t.Errorf("%+v %+v", got, got.Error)
		}
	})
}

func TestRenewWaitsUntilTheQueueHasHadItsTime(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		if m, err := s.Renew(t.Context(), task.Delivery); err != nil || m.Next != nil {
			t.Errorf("just created: %+v %v", m, err)
		}
		rdb.HIncrBy(t.Context(), shard(task.ID, "t:"+string(task.ID)), "queued", -11_000)
		m, err := s.Renew(t.Context(), task.Delivery)
		if err != nil || m.Next == nil || m.Next.Attempt != 2 {
			t.Fatalf("%+v %v, want attempt 2", m, err)
		}
		if m, err := s.Renew(t.Context(), task.Delivery); err != nil || m.Next != nil {
			t.Errorf("the old delivery again: %+v %v", m, err)
		}
	})
}

func TestLooksAtAWaitingTaskGetRarer(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		task := create(t, s)
		want := []time.Duration{5, 10, 20, 40, 80, 160, 320, 600, 600}
		for i, seconds := range want {
			overdue(t, rdb, task.ID, "due")
			if m, err := s.Look(t.Context(), task.ID); err != nil || m.Next == nil {
				t.Fatal(m, err)
			}
			at := time.UnixMilli(int64(rdb.ZScore(t.Context(), shard(task.ID, "due"), string(task.ID)).Val()))
			now := rdb.Time(t.Context()).Val()
			if d := at.Sub(now); d > seconds*time.Second || d < seconds*time.Second-3*time.Second {
				t.Errorf("look %d: the next one in %s, want %d s", i, d, seconds)
			}
		}
	})
}

func TestNothingIsLeftOfAForgottenTask(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		tick(t, s)
		before := rdb.DBSize(t.Context()).Val()
		task := create(t, s, func(n *store.NewTask) { n.Key = "k"; n.ID = s.NewID(n.Owner, "k") })
		c := claim(t, s, task.Delivery, "a")
		if _, err := s.Report(t.Context(), c.Lease, 1, &tasks.Progress{Done: 1, Message: string(make([]byte, 100))}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Question(t.Context(), c.Lease, tasks.Question{Key: "k", Request: tasks.Roots()}, true); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(t.Context(), task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
		overdue(t, rdb, task.ID, "ends")
		if _, err := s.Prune(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		if after := rdb.DBSize(t.Context()).Val(); after != before {
			t.Errorf("%d keys, want the %d from before: %v", after, before, rdb.Keys(t.Context(), "*").Val())
		}
		if _, err := s.Get(t.Context(), task.ID); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("get: %v, want ErrNotFound", err)
		}
	})
}

func TestOneProcessIsTheKeeper(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		elect := func(process string, want bool) {
			t.Helper()
			if ok, err := s.Elect(t.Context(), process, time.Minute); err != nil || ok != want {
				t.Errorf("%s elected: %t %v, want %t", process, ok, err, want)
			}
		}
		elect("a", true)
		elect("b", false)
		elect("a", true)
		if err := s.Resign(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		elect("b", false)
		if err := s.Resign(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		elect("b", true)
	})
}

// Many workers on few tasks at once: one claim of an attempt wins, and one end of a task.
func TestConcurrentWorkersAgree(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		for range 10 {
			task := create(t, s)
			var claims, ends atomic.Int32
			var wg sync.WaitGroup
			for w := range 8 {
				wg.Go(func() {
					l := lease(task.Delivery, strconv.Itoa(w))
					if _, err := s.Claim(t.Context(), l, l.Token); err == nil {
						claims.Add(1)
					}
					if err := s.Apply(t.Context(), task.ID, tasks.Finish, l, store.Outcome{Result: []byte(l.Token)}); err == nil {
						ends.Add(1)
					}
				})
			}
			wg.Wait()
			if claims.Load() != 1 || ends.Load() != 1 {
				t.Errorf("%d claims and %d ends, want one each", claims.Load(), ends.Load())
			}
		}
	})
}

func TestEverythingWorksOnACluster(t *testing.T) {
	t.Parallel()
	o := redistest.Cluster(t)
	rdb := redis.NewUniversalClient(o)
	t.Cleanup(func() { rdb.Close() })
	s := open(t, rdb, store.Options{})
	w := watcher(t, s)
	ctx := within(t, 30*time.Second)
	for range 32 { // all nodes get some
		task := create(t, s)
		x, err := w.Watch(ctx, task.ID)
		if err != nil {
			t.Fatal(err)
		}
		c := claim(t, s, task.Delivery, "a")
		if err := s.Apply(ctx, task.ID, tasks.Finish, c.Lease, store.Outcome{Result: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
		for ended := false; !ended; {
			u, err := x.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			ended = u.Task.Status == tasks.Completed
		}
		x.Close()
	}
	tick(t, s)
}
