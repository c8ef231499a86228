package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestServeHandsOverWhatWasEnqueued(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		checkHandedOver(t, opts)
	})
}

func TestServeOnACluster(t *testing.T) {
	t.Parallel()
	checkHandedOver(t, redistest.Cluster(t))
}

func checkHandedOver(t *testing.T, opts *redis.UniversalOptions) {
	t.Helper()
	q := queue.New(redistest.Open(t, opts))
	one, two := newQueue(), newQueue()
	w := serve(t, redistest.Open(t, opts), 2, queue.ServeOptions{Queues: map[string]int{one: 1, two: 3}}.WithTimers(never))
	var want, got []tasks.Delivery
	for _, name := range []string{one, two} {
		for _, d := range []tasks.Delivery{
			{Attempt: 1, Priority: tasks.High}, {Attempt: 1, Priority: tasks.Normal}, {Attempt: 1, Priority: tasks.Low}, {Attempt: 2, Priority: tasks.Normal},
		} {
			d.Task, d.Queue = tasks.NewID(15), name
			want = append(want, enqueue(t, q, d))
		}
	}
	for range want {
		got = append(got, w.next(t))
	}
	byTask := cmpopts.SortSlices(func(a, b tasks.Delivery) bool { return a.Task < b.Task })
	if diff := cmp.Diff(want, got, byTask); diff != "" {
		t.Error("deliveries (-want +got):", diff)
	}
}

// A taker died, or never heard that it had taken it: asynq puts the delivery aside when its lease has expired.
func TestAsynqForgetsDeliveriesThatItsTakersLost(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q := queue.New(rdb)
	d := enqueue(t, q, first(newQueue()))
	die(t, rdb, d.Queue)
	expired := redis.Z{Score: float64(time.Now().Add(-time.Minute).Unix()), Member: queue.TaskID(d)}
	if err := rdb.ZAddXX(t.Context(), queue.Key(d.Queue, "lease"), expired).Err(); err != nil {
		t.Fatal(err)
	}
	w := serve(t, rdb, 1, only(d.Queue).WithAside(100*time.Millisecond))
	if diff := cmp.Diff(d, w.next(t)); diff != "" {
		t.Error("what came back (-want +got):", diff)
	}
	eventually(t, "asynq forgets the delivery", func() bool {
		s, err := q.State(t.Context(), d)
		return err == nil && s == queue.Absent
	})
}

func TestHandlersContextOutlivesServe(t *testing.T) {
	t.Parallel()
	rdb, d := redistest.New(t), first(newQueue())
	enqueue(t, queue.New(rdb), d)
	ctx, cancel := context.WithCancel(t.Context())
	var handed context.Context
	s := newSlots(1)
	o := queue.ServeOptions{Queues: map[string]int{d.Queue: 1}, Slots: s}
	if err := queue.NewServer(rdb).Serve(ctx, o, func(ctx context.Context, _ tasks.Delivery) {
		handed = ctx
		cancel() // Serve must wait for this handler, although it has ended
		s.Release()
	}); err != nil {
		t.Fatal(err)
	}
	if handed == nil || handed.Err() != nil || handed.Done() != nil {
		t.Error("the handler's context ends with Serve")
	}
	if n := s.inUse(); n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
}

// One that has returned can serve again: other queues, with slots that are as many as before.
func TestServeAgain(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		q, server, s := queue.New(redistest.Open(t, opts)), queue.NewServer(redistest.Open(t, opts)), newSlots(1)
		for range 3 {
			d := enqueue(t, q, first(newQueue()))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var got tasks.Delivery
			if err := server.Serve(ctx, queue.ServeOptions{Queues: map[string]int{d.Queue: 1}, Slots: s}, func(_ context.Context, d tasks.Delivery) {
				got = d
				s.Release()
				cancel()
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, got); diff != "" {
				t.Error(diff)
			}
			if n := s.inUse(); n != 0 {
				t.Errorf("%d slots are still taken", n)
			}
		}
	})
}

// asynq enqueues at the tail. Recovered work must not wait behind the backlog a second time.
func TestSecondAttemptsOvertakeTheBacklog(t *testing.T) {
	t.Parallel()
	opts := redistest.Options(t)
	q, name := queue.New(redistest.Open(t, opts)), newQueue()
	for range 100 {
		d := first(name)
		d.Priority = tasks.High
		enqueue(t, q, d)
	}
	again := first(name)
	again.Attempt = 2
	enqueue(t, q, again)
	w := serve(t, redistest.Open(t, opts), 1, only(name))
	var order []int
	for range 10 { // one try in fifty takes from the backlog instead
		order = append(order, w.next(t).Attempt)
	}
	if !slices.Contains(order, 2) {
		t.Errorf("the first ten attempts were %v", order)
	}
}

func TestNeverMoreDeliveriesThanSlots(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		q, name := queue.New(redistest.Open(t, opts)), newQueue()
		for range 20 {
			enqueue(t, q, first(name))
		}
		w := serve(t, redistest.Open(t, opts), 3, only(name))
		eventually(t, "all slots are taken", func() bool { return len(w.taken) == 3 })
		for range 20 {
			w.next(t)
		}
		if most := w.slots.record(); most > 3 {
			t.Errorf("%d slots were taken at once", most)
		}
	})
}

// A Redis that stops answering makes asynq ask again and again, lose replies, and give up what its handlers do. None of
// this may start more than there are slots for.
func TestNeverMoreDeliveriesThanSlotsWhileRedisIsFrozen(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	q, name := queue.New(server.Client(t)), newQueue()
	opts := server.Options()
	opts.ReadTimeout = 200 * time.Millisecond
	serving := redistest.Open(t, opts)
	refused := make(chan struct{}, 100)
	serving.AddHook(spy{done: func(cmd redis.Cmder, err error) {
		if queue.IsDequeue(cmd) && err != nil && !errors.Is(err, redis.Nil) && !redis.HasErrorPrefix(err, "NOSCRIPT") {
			refused <- struct{}{}
		}
	}})
	for range 2 {
		enqueue(t, q, first(name))
	}
	at := make(chan time.Time)
	close(at) // no pauses
	w := serve(t, serving, 3, only(name).WithTimers(func(time.Duration) <-chan time.Time { return at }))
	eventually(t, "two slots are taken by deliveries, one by the next", func() bool { return len(w.taken) == 2 && w.slots.inUse() == 3 })
	for range 40 {
		enqueue(t, q, first(name))
	}
	eventually(t, "all slots are taken", func() bool { return len(w.taken) == 3 })
	server.Freeze()
	w.next(t) // the slot is free, and the next Dequeue fails
	for range 5 {
		receive(t, "failing Dequeue", refused)
	}
	server.Thaw()
	eventually(t, "all slots are taken again", func() bool { return len(w.taken) == 3 })
	for { // a Dequeue whose reply was lost took its task all the same: the keeper's business
		stats, err := q.Stats(t.Context(), name)
		if err == nil && stats.Pending == 0 {
			break
		}
		w.next(t)
	}
	if most := w.slots.record(); most > 3 {
		t.Errorf("%d slots were taken at once", most)
	}
}

func TestServeWaitsForARedisThatIsAway(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	server.Stop()
	name := newQueue()
	w := serve(t, server.Client(t), 1, only(name))
	server.Restart()
	d := enqueue(t, queue.New(server.Client(t)), first(name))
	if diff := cmp.Diff(d, w.next(t)); diff != "" {
		t.Error(diff)
	}
}

func TestServeRefusesToBegin(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for name, o := range map[string]queue.ServeOptions{
		"without queues":         {Slots: newSlots(1)},
		"without slots":          {Queues: map[string]int{"q": 1}},
		"with a sibling's name":  {Queues: map[string]int{"q.low": 1}, Slots: newSlots(1)},
		"with a negative weight": {Queues: map[string]int{"q": -1}, Slots: newSlots(1)},
		"with a huge weight":     {Queues: map[string]int{"q": 101}, Slots: newSlots(1)},
	} {
		if err := queue.NewServer(rdb).Serve(t.Context(), o, nil); err == nil {
			t.Error(name, "it served")
		}
	}
}

func TestServeEndsPromptly(t *testing.T) {
	t.Parallel()
	for _, free := range []int{0, 1} { // held by a full worker, held by empty queues
		t.Run(fmt.Sprintf("with %d free slots", free), func(t *testing.T) {
			t.Parallel()
			opts := redistest.Options(t)
			q, name := queue.New(redistest.Open(t, opts)), newQueue()
			w := serve(t, redistest.Open(t, opts), 1+free, only(name).WithTimers(never))
			enqueue(t, q, first(name))
			eventually(t, "the delivery arrives", func() bool { return len(w.taken) == 1 })
			began := time.Now()
			w.stop()
			if took := time.Since(began); took > 5*time.Second { // milliseconds, on an idle machine
				t.Errorf("it took %s", took)
			}
		})
	}
}
