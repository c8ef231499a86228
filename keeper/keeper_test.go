package keeper_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) { redistest.Main(m) }

type rig struct {
	t     *testing.T
	rdb   redis.UniversalClient
	store *store.Store
	queue *queue.Queue
}

func each(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) { test(t, open(t, o)) })
}

func open(t *testing.T, o *redis.UniversalOptions) *rig {
	t.Helper()
	rdb := redis.NewUniversalClient(o)
	t.Cleanup(func() { rdb.Close() })
	s, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t, rdb, s, queue.New(rdb)}
}

// keep runs a keeper until the test ends, or stop is called.
func (r *rig) keep(name string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = keeper.New(r.store, r.queue, name, slog.New(slog.DiscardHandler)).Run(ctx) })
	stop = func() { cancel(); wg.Wait() }
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) create() *tasks.Task {
	r.t.Helper()
	task, _, err := r.store.Create(r.t.Context(), store.NewTask{
		ID: r.store.NewID(tasks.Local, ""), Tool: "crawl", Owner: tasks.Local, Policy: tasks.Policy{}.WithDefaults("default"),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return task
}

func (r *rig) key(id tasks.ID, name string) string {
	return "lh:{" + strconv.Itoa(id.Shard()) + "}:" + name
}

func (r *rig) overdue(id tasks.ID, clock string) {
	r.rdb.ZAddXX(r.t.Context(), r.key(id, clock), redis.Z{Score: 1, Member: string(id)})
}

// until polls: what a keeper does is seen in Redis only.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("never: %s", what)
		}
	}
}

func (r *rig) pending(d tasks.Delivery) bool {
	state, err := r.queue.State(r.t.Context(), d)
	return err == nil && state == queue.Pending
}

func next(d tasks.Delivery) tasks.Delivery { d.Attempt++; return d }

// The front end may die between the record and the queue.
func TestATaskThatWasNeverEnqueuedIs(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		task := r.create()
		r.overdue(task.ID, "due")
		r.keep("a")
		r.until("enqueued", func() bool { return r.pending(task.Delivery) })
	})
}

// The worker may die between taking a delivery and claiming the attempt: to asynq it is active, and every enqueue conflicts.
func TestADeliveryThatWasTakenAndNeverClaimedIsRenewed(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		task := r.create()
		if err := r.queue.Enqueue(t.Context(), task.Delivery); err != nil {
			t.Fatal(err)
		}
		asynqTask := "asynq:{default}:t:" + string(task.ID) + "#1"
		r.rdb.LPop(t.Context(), "asynq:{default}:pending")
		r.rdb.HSet(t.Context(), asynqTask, "state", "active")
		r.rdb.HIncrBy(t.Context(), r.key(task.ID, "t:"+string(task.ID)), "queued", -11_000)
		r.overdue(task.ID, "due")
		r.keep("a")
		r.until("the next attempt is enqueued", func() bool { return r.pending(next(task.Delivery)) })
	})
}

// One that only waits its turn is left alone, however long it has waited.
func TestADeliveryThatWaitsItsTurnIsNotRenewed(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		task := r.create()
		if err := r.queue.Enqueue(t.Context(), task.Delivery); err != nil {
			t.Fatal(err)
		}
		r.rdb.HIncrBy(t.Context(), r.key(task.ID, "t:"+string(task.ID)), "queued", -3_600_000)
		r.overdue(task.ID, "due")
		r.keep("a")
		r.until("looked at", func() bool { return r.rdb.ZScore(t.Context(), r.key(task.ID, "due"), string(task.ID)).Val() > 1 })
		got, err := r.store.Get(t.Context(), task.ID)
		if err != nil || got.Delivery.Attempt != 1 || !r.pending(task.Delivery) {
			t.Errorf("%+v %v, want attempt 1, pending", got.Delivery, err)
		}
	})
}

func TestADeadWorkersTaskRunsAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		task := r.create()
		if _, err := r.store.Claim(t.Context(), store.Lease{Task: task.ID, Attempt: 1, Token: "a"}, "w"); err != nil {
			t.Fatal(err)
		}
		r.overdue(task.ID, "live")
		r.keep("a")
		r.until("the next attempt is enqueued", func() bool { return r.pending(next(task.Delivery)) })
		if got, err := r.store.Get(t.Context(), task.ID); err != nil || got.Failures != 0 || got.Status != tasks.Working {
			t.Errorf("%+v %v: a crash is no failure", got, err)
		}
	})
}

func TestAnEndedTaskIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		task := r.create()
		if err := r.store.Cancel(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		r.overdue(task.ID, "ends")
		r.keep("a")
		r.until("forgotten", func() bool { return r.rdb.Exists(t.Context(), r.key(task.ID, "t:"+string(task.ID))).Val() == 0 })
	})
}

func TestASecondKeeperTakesOver(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		stop := r.keep("a")
		r.until("a is the keeper", func() bool { return r.rdb.Get(t.Context(), "lh:keeper").Val() == "a" })
		r.keep("b")
		stop()
		r.until("b is the keeper", func() bool { return r.rdb.Get(t.Context(), "lh:keeper").Val() == "b" })
	})
}

// deafened loses the replies of Redis once it is told to.
type deafened struct{ deaf atomic.Bool }

func (d *deafened) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *deafened) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if d.deaf.Load() {
			err = context.DeadlineExceeded
			cmd.SetErr(err)
		}
		return err
	}
}

func (d *deafened) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A keeper whose requests arrive, but which hears nothing, must not keep the lease.
func TestADeafKeeperLetsAnotherOneKeep(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		hears, deaf := open(t, o), open(t, o)
		var d deafened
		deaf.rdb.AddHook(&d)
		deaf.keep("a")
		hears.until("a is the keeper", func() bool { return hears.rdb.Get(t.Context(), "lh:keeper").Val() == "a" })
		hears.keep("b")
		d.deaf.Store(true)
		hears.until("b is the keeper", func() bool { return hears.rdb.Get(t.Context(), "lh:keeper").Val() == "b" })
	})
}
