package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func announceLimit(t *testing.T, s *store.Store, started string, p tasks.Policy) string {
	t.Helper()
	started, err := s.Announce(t.Context(), started, []tasks.Tool{{Name: "crawl", Policy: p}})
	if err != nil {
		t.Fatal(err)
	}
	return started
}

func limitedTask(t *testing.T, s *store.Store, p tasks.Priority) *tasks.Task {
	t.Helper()
	return create(t, s, func(n *store.NewTask) { n.Policy.Concurrency, n.Policy.Priority = 1, p })
}

func TestALimitedTaskSaysWhatItMayWaitFor(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		often := tasks.Rate{N: 3, Per: 10 * time.Second}
		for words, p := range map[string]tasks.Policy{
			"queued":                            {},
			"queued (at most 1 at once)":        {Concurrency: 1},
			"queued (at most 3/10s)":            {Rate: often},
			"queued (at most 2 at once, 3/10s)": {Concurrency: 2, Rate: often},
		} {
			task := create(t, s, func(n *store.NewTask) { n.Policy.Concurrency, n.Policy.Rate = p.Concurrency, p.Rate })
			if got, err := s.Get(t.Context(), task.ID); err != nil || task.Message != words || got.Message != words {
				t.Errorf("%q, then %v, %v, want %q", task.Message, got, err, words)
			}
			later := create(t, s, func(n *store.NewTask) {
				n.Policy.Concurrency, n.Policy.Rate, n.Start = p.Concurrency, p.Rate, time.Now().Add(time.Hour)
			})
			overdue(t, rdb, later.ID, "due")
			if _, err := s.Look(t.Context(), later.ID); err != nil || get(t, s, later.ID).Message != words {
				t.Errorf("one whose time has come: %q, %v, want %q", get(t, s, later.ID).Message, err, words)
			}
		}
	})
}

func admit(t *testing.T, s *store.Store, d tasks.Delivery) (ok bool, others []tasks.ID) {
	t.Helper()
	ok, others, err := s.Admit(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return ok, others
}

// meanwhile does something each time a key's score has been read.
type meanwhile func()

func (m meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }
func (m meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (m meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "zscore" {
			m()
		}
		return err
	}
}

// A parked task's permit is about to be taken back when its answer comes.
func TestAPermitThatIsNeededAgainIsNotTakenBack(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		announceLimit(t, s, "", tasks.Policy{Concurrency: 1})
		task := limitedTask(t, s, tasks.Normal)
		admit(t, s, task.Delivery)
		c := claim(t, s, task.Delivery, "a")
		if _, err := s.Release(t.Context(), c.Lease, store.Release{Phase: tasks.Parked}); err != nil {
			t.Fatal(err)
		}
		const permits = "lh:{lim}:permits:crawl"
		rdb.ZIncrBy(t.Context(), permits, -10, string(task.ID))
		again := task.Delivery
		again.Attempt = 2
		rdb.AddHook(meanwhile(func() { admit(t, s, again) }))
		if waiting, let, err := s.Settle(t.Context(), "crawl", task.ID); waiting != nil || len(let) > 0 || err != nil {
			t.Fatal(waiting, let, err)
		}
		if rdb.ZCard(t.Context(), permits).Val() != 1 {
			t.Error("the permit was taken back")
		}
	})
}

// Those that wait come in the order of their coming, those of high priority as if they had come ten minutes before.
func TestWhoWaitsComesInOrder(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		announceLimit(t, s, "", tasks.Policy{Concurrency: 1})
		first := limitedTask(t, s, tasks.Normal)
		low, normal, late, high := limitedTask(t, s, tasks.Low), limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.High)
		for _, task := range []*tasks.Task{first, low, normal, late, high} {
			if ok, others := admit(t, s, task.Delivery); ok != (task == first) || len(others) > 0 {
				t.Fatal(ok, others)
			}
		}
		for task, want := range map[*tasks.Task]int{first: 0, high: 1, low: 4} { // first has its permit
			if place, err := s.Waits(t.Context(), "crawl", task.ID); place != want || err != nil {
				t.Errorf("place %d, %v; want %d", place, err, want)
			}
		}
		rdb.ZIncrBy(t.Context(), "lh:{lim}:wait:crawl", -2, string(normal.ID)) // it came first, if only by so much
		rdb.ZIncrBy(t.Context(), "lh:{lim}:wait:crawl", -1, string(late.ID))
		admit(t, s, normal.Delivery) // who asks again keeps its place
		rdb.ZIncrBy(t.Context(), "lh:{lim}:wait:crawl", -21*60_000, string(low.ID))
		for i, want := range []*tasks.Task{low, high, normal, late} { // low had waited for 21 minutes
			if place, err := s.Waits(t.Context(), "crawl", want.ID); place != 1 || err != nil {
				t.Errorf("place %d of number %d, %v", place, i, err)
			}
			if err := s.Cancel(t.Context(), first.ID); err != nil {
				t.Fatal(err)
			}
			_, let, err := s.Settle(t.Context(), "crawl", first.ID)
			if err != nil || len(let) != 1 || let[0] != want.ID {
				t.Fatalf("let in %v, %v; want number %d", let, err, i)
			}
			first = want
		}
	})
}

// Of two processes with different limits the one that started last counts, also if it has none.
func TestTheLimitThatWasAnnouncedLastCounts(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		limit := func() string { return rdb.HGet(t.Context(), "lh:{lim}:limits", "crawl").Val() }
		old := announceLimit(t, s, "", tasks.Policy{})
		if got := limit(); got != "" {
			t.Errorf("a tool without limit: %q", got)
		}
		old = announceLimit(t, s, old, tasks.Policy{Concurrency: 3})
		if got := limit(); got != old+" 3 0 0" {
			t.Errorf("limit %q", got)
		}
		later := announceLimit(t, s, "9"+old, tasks.Policy{})
		announceLimit(t, s, old, tasks.Policy{Concurrency: 3})
		if got := limit(); got != later+" 0 0 0" {
			t.Errorf("limit %q, want none", got)
		}
	})
}

// What runs counts again when it is heard of. What was let in and has not started is not started.
func TestAFailoverForgetsPermits(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		announceLimit(t, s, "", tasks.Policy{Concurrency: 2})
		runs, waits, next := limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal)
		for _, task := range []*tasks.Task{runs, waits} {
			if ok, _ := admit(t, s, task.Delivery); !ok {
				t.Fatal("there is room for two")
			}
		}
		rdb.Del(t.Context(), "lh:{lim}:permits:crawl")
		if ok, err := s.Begin(t.Context(), "crawl", lease(waits.Delivery, "b")); ok || err != nil {
			t.Errorf("without a permit: %t, %v", ok, err)
		}
		for range 2 {
			if err := s.Hold(t.Context(), "crawl", lease(runs.Delivery, "a"), false); err != nil {
				t.Fatal(err)
			}
		}
		if ok, _ := admit(t, s, waits.Delivery); !ok {
			t.Error("one runs, so there is room for another")
		}
		if ok, _ := admit(t, s, next.Delivery); ok {
			t.Error("that is all")
		}
	})
}

func begin(t *testing.T, s *store.Store, task *tasks.Task, attempt int) {
	t.Helper()
	if ok, err := s.Begin(t.Context(), "crawl", store.Lease{Task: task.ID, Attempt: attempt}); !ok || err != nil {
		t.Fatalf("attempt %d may not start: %v", attempt, err)
	}
}

// A start is one however often a crash repeats it. One with another permit is another.
func TestWhatCountsAsAStart(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		announceLimit(t, s, "", tasks.Policy{Rate: tasks.Rate{N: 3, Per: time.Hour}})
		a, b, c := limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal)
		admit(t, s, a.Delivery)
		begin(t, s, a, 1)
		begin(t, s, a, 2) // after a crash
		again := lease(a.Delivery, "a")
		again.Attempt = 2
		if err := s.Hold(t.Context(), "crawl", again, true); err != nil { // it is to be tried again, later
			t.Fatal(err)
		}
		if ok, _ := admit(t, s, a.Delivery); !ok {
			t.Fatal("there was one start of three")
		}
		begin(t, s, a, 3)
		if ok, _ := admit(t, s, b.Delivery); !ok {
			t.Error("there were two starts of three")
		}
		begin(t, s, b, 1)
		if ok, _ := admit(t, s, c.Delivery); ok {
			t.Error("there were three starts of three")
		}
	})
}

// A task has a permit while it waits in the queue or runs, and not while it waits for its time or for an answer, nor once it is forgotten.
func TestWhoNeedsAPermit(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		announceLimit(t, s, "", tasks.Policy{Concurrency: 1})
		for what, c := range map[string]struct {
			release      *store.Release
			held, queued bool
		}{
			"queued":  {&store.Release{Phase: tasks.Queued}, true, true},
			"running": {nil, true, false},
			"delayed": {&store.Release{Phase: tasks.Delayed, Delay: time.Hour}, false, false},
			"parked":  {&store.Release{Phase: tasks.Parked}, false, false},
		} {
			task := limitedTask(t, s, tasks.Normal)
			admit(t, s, task.Delivery)
			claimed := claim(t, s, task.Delivery, "a")
			if c.release != nil {
				if _, err := s.Release(t.Context(), claimed.Lease, *c.release); err != nil {
					t.Fatal(err)
				}
			}
			waiting, _, err := s.Settle(t.Context(), "crawl", task.ID)
			if held := rdb.ZCard(t.Context(), "lh:{lim}:permits:crawl").Val() == 1; err != nil || held != c.held || (waiting != nil) != c.queued {
				t.Errorf("%s: it has its permit: %v, is to be enqueued: %v, %v", what, held, waiting, err)
			}
			rdb.Del(t.Context(), "lh:{lim}:permits:crawl")
		}
		gone, next := s.NewID(tasks.Local, ""), limitedTask(t, s, tasks.Normal)
		admit(t, s, tasks.Delivery{Task: gone, Attempt: 1, Limit: "crawl"})
		if ok, _ := admit(t, s, next.Delivery); ok {
			t.Fatal("there is room for one")
		}
		if _, let, err := s.Settle(t.Context(), "crawl", gone); err != nil || len(let) != 1 || let[0] != next.ID {
			t.Errorf("a task that is forgotten: let in %v, %v", let, err)
		}
	})
}

// What nobody spoke of for a while is asked about, once in that while. An attempt that goes on without its task cannot be asked: it is
// believed as long as a worker is.
func TestPermitsThatNobodySpeaksOf(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		const permits = "lh:{lim}:permits:crawl"
		announceLimit(t, s, "", tasks.Policy{Concurrency: 10})
		rdb.Del(t.Context(), "lh:{lim}:limits") // a failover
		fresh, one, other := limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal)
		for _, task := range []*tasks.Task{fresh, one, other} {
			admit(t, s, task.Delivery)
		}
		for _, task := range []*tasks.Task{one, other} {
			rdb.ZIncrBy(t.Context(), permits, -5500, string(task.ID))
		}
		for attempt, ago := range map[int]float64{1: 10_000, 2: 16_000} {
			own := store.Lease{Task: fresh.ID, Attempt: attempt}
			if err := s.Hold(t.Context(), "crawl", own, true); err != nil {
				t.Fatal(err)
			}
			rdb.ZIncrBy(t.Context(), permits, -ago, fmt.Sprintf("%s#%d", fresh.ID, attempt))
		}
		admit(t, s, fresh.Delivery)
		for round, want := range []int{2, 0} {
			limits, err := s.TickLimits(t.Context())
			if err != nil || len(limits) != 1 || len(limits[0].Unsure) != want {
				t.Fatalf("round %d: %+v, %v; want to ask about %d", round, limits, err, want)
			}
		}
		got := rdb.ZRange(t.Context(), permits, 0, -1).Val()
		want := []string{string(fresh.ID), string(one.ID), string(other.ID), string(fresh.ID) + "#1"}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// The next start is waited for where there is somebody to start, and room for it.
func TestWhenTheNextStartMayBe(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		wait := func() time.Duration {
			t.Helper()
			limits, err := s.TickLimits(t.Context())
			if err != nil || len(limits) != 1 {
				t.Fatal(limits, err)
			}
			return limits[0].Wait
		}
		rate := tasks.Rate{N: 1, Per: time.Hour}
		started := announceLimit(t, s, "", tasks.Policy{Rate: rate})
		first, second := limitedTask(t, s, tasks.Normal), limitedTask(t, s, tasks.Normal)
		admit(t, s, first.Delivery)
		admit(t, s, second.Delivery)
		if got := wait(); got >= 0 {
			t.Errorf("the first one has not started: %s", got)
		}
		begin(t, s, first, 1)
		if got := wait(); got > time.Hour+time.Millisecond || got < 50*time.Minute {
			t.Errorf("the first one has started: %s", got)
		}
		announceLimit(t, s, started, tasks.Policy{Rate: rate, Concurrency: 1})
		if got := wait(); got >= 0 {
			t.Errorf("the first one has the only place: %s", got)
		}
		announceLimit(t, s, started, tasks.Policy{Rate: tasks.Rate{N: 2, Per: time.Hour}})
		wait() // the second one is let in
		begin(t, s, second, 1)
		if got := wait(); got >= 0 {
			t.Errorf("nobody waits: %s", got)
		}
	})
}

// A process announces the limits of all its tools.
func TestTheLimitsOfSeveralTools(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		_, err := s.Announce(t.Context(), "", []tasks.Tool{{Name: "a", Policy: tasks.Policy{Concurrency: 1}}, {Name: "b"}, {Name: "c", Policy: tasks.Policy{Concurrency: 3}}})
		if err != nil {
			t.Fatal(err)
		}
		got := rdb.HGetAll(t.Context(), "lh:{lim}:limits").Val()
		if len(got) != 2 || !strings.HasSuffix(got["a"], " 1 0 0") || !strings.HasSuffix(got["c"], " 3 0 0") {
			t.Errorf("limits %q", got)
		}
	})
}

// A script keeps Redis for so many tasks at once, and no longer.
func TestManyAreLetInBitByBit(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		announceLimit(t, s, "", tasks.Policy{Concurrency: 1000})
		for i := range 150 {
			rdb.ZAdd(t.Context(), "lh:{lim}:wait:crawl", redis.Z{Score: float64(i), Member: string(s.NewID(tasks.Local, ""))})
		}
		for _, want := range []int{100, 50, 0} {
			limits, err := s.TickLimits(t.Context())
			if err != nil || len(limits) != 1 || len(limits[0].Let) != want {
				t.Fatalf("%+v, %v; want to let in %d", limits, err, want)
			}
		}
	})
}
