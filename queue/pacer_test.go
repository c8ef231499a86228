package queue_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// timers are asked for by a pacer and go off when a test says so.
type timers struct {
	asked chan time.Duration
	fire  chan time.Time
}

func newTimers() *timers {
	return &timers{asked: make(chan time.Duration, 1000), fire: make(chan time.Time)}
}

func (ts *timers) after(d time.Duration) <-chan time.Time {
	ts.asked <- d
	return ts.fire
}

// near says whether a timer's duration is d, give or take its jitter.
func near(got, d time.Duration) bool { return got >= d*9/10 && got <= d*11/10 }

// counter counts the dequeue scripts that reached Redis and were answered.
func counter(rdb redis.UniversalClient) *atomic.Int64 {
	var n atomic.Int64
	rdb.AddHook(spy{done: func(cmd redis.Cmder, err error) {
		if queue.IsDequeue(cmd) && !redis.HasErrorPrefix(err, "NOSCRIPT") {
			n.Add(1)
		}
	}})
	return &n
}

// When the pacer asks for its fallback timer, a whole round has found nothing, and asynq's only asking goroutine stands
// still: between one timer and the next, there is one round, and only for a reason.
func TestAnIdleWorkerAsksNothing(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		serving, rdb, name := redistest.Open(t, opts), redistest.Open(t, opts), newQueue()
		asked := counter(serving)
		ts := newTimers()
		var rounds atomic.Int64
		w := serve(t, serving, 1, only(name).WithTimers(func(d time.Duration) <-chan time.Time {
			if n, got := rounds.Add(1), asked.Load(); got != 4*n || !near(d, 5*time.Second) {
				t.Errorf("idle for %s after %d rounds of 4 queues and %d questions", d, n, got)
			}
			return ts.after(d)
		}))
		receive(t, "first idling", ts.asked)
		for range 5 {
			ts.fire <- time.Time{}
			receive(t, "idling after the timer went off", ts.asked)
		}
		for range 5 {
			if err := rdb.Publish(t.Context(), "lh:wake:"+name, "").Err(); err != nil {
				t.Fatal(err)
			}
			receive(t, "idling after an announcement", ts.asked)
		}
		w.stop()
		if n := rounds.Load(); n > 12 { // the subscription's confirmation is a reason too
			t.Errorf("%d rounds, want 1, 5 for the timer, 5 for announcements and 1 for the subscription", n)
		}
	})
}

// A queue that Redis refuses to answer for is not asked again at once, and ever more rarely.
func TestErrorsArePacedMoreAndMoreSlowly(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		serving, rdb, name := redistest.Open(t, opts), redistest.Open(t, opts), newQueue()
		pending := []string{}
		for _, n := range queue.Names(name) {
			pending = append(pending, queue.Key(n, "pending"))
			if err := rdb.Set(t.Context(), queue.Key(n, "pending"), "not a list", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		asked := counter(serving)
		ts := newTimers()
		w := serve(t, serving, 1, only(name).WithTimers(ts.after))
		steps := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
		for i, want := range steps {
			if d := receive(t, "pause", ts.asked); !near(d, want) {
				t.Errorf("pause %d is %s, want about %s", i+1, d, want)
			}
			if got := asked.Load(); got != int64(i) { // the one that failed last is not answered yet: the pause is a part of it
				t.Errorf("asked %d times before pause %d, want %d", got, i+1, i)
			}
			if i == len(steps)-1 {
				for _, k := range pending {
					if err := rdb.Del(t.Context(), k).Err(); err != nil {
						t.Fatal(err)
					}
				}
				enqueue(t, queue.New(rdb), first(name))
			}
			ts.fire <- time.Time{}
		}
		w.next(t)
	})
}

// What is enqueued while a worker is about to become idle must be announced to it in time: no timer helps here.
func TestNoAnnouncementIsLost(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		t.Parallel()
		q, name := queue.New(redistest.Open(t, opts)), newQueue()
		w := serve(t, redistest.Open(t, opts), 4, only(name).WithTimers(never))
		var g errgroup.Group
		picked := make(chan struct{})
		for range 4 {
			g.Go(func() error {
				for i := range 100 {
					d := first(name)
					d.Priority = []tasks.Priority{tasks.High, tasks.Normal, tasks.Low}[i%3]
					d.Attempt += i % 2
					if err := q.Enqueue(t.Context(), d); err != nil {
						return err
					}
					<-picked // the next is enqueued when the worker has just nothing left, or almost
				}
				return nil
			})
		}
		for range 400 {
			w.next(t)
			picked <- struct{}{}
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// What was announced while the connection was lost is found when it is there again.
func TestAReconnectIsAnAnnouncement(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	rdb, name := server.Client(t), newQueue()
	ts := newTimers()
	w := serve(t, server.Client(t), 1, only(name).WithTimers(ts.after))
	receive(t, "fallback timer", ts.asked)
	d := first(name)
	if _, err := asynq.NewClientFromRedisClient(rdb).EnqueueContext(t.Context(), // without an announcement
		asynq.NewTask("attempt", []byte(string(d.Task)+" 1")), asynq.Queue(name)); err != nil {
		t.Fatal(err)
	}
	if err := rdb.Do(t.Context(), "client", "kill", "type", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	if got := w.next(t); got != d {
		t.Errorf("got %v, want %v", got, d)
	}
}
