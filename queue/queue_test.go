package queue_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// patience is how long a test waits for what must happen, on a machine that does other things too.
const patience = 30 * time.Second

var queues atomic.Int64

// newQueue is a name that no other test uses: announcements reach all databases of a server.
func newQueue() string { return fmt.Sprintf("q%d", queues.Add(1)) }

func first(queue string) tasks.Delivery {
	return tasks.Delivery{Task: tasks.NewID(3), Attempt: 1, Queue: queue, Priority: tasks.Normal}
}

func enqueue(t testing.TB, q *queue.Queue, d tasks.Delivery) tasks.Delivery {
	t.Helper()
	if err := q.Enqueue(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case v := <-c:
		return v
	case <-timeout.C:
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// slots count how many are taken, and the most that ever were.
type slots struct {
	free chan struct{}
	mu   sync.Mutex
	used int
	most int
}

func newSlots(n int) *slots { return &slots{free: make(chan struct{}, n)} }

func (s *slots) Acquire(ctx context.Context) error {
	select {
	case s.free <- struct{}{}:
		s.count(1)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slots) Release() {
	s.count(-1)
	<-s.free
}

func (s *slots) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += n
	s.most = max(s.most, s.used)
}

func (s *slots) record() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *slots) inUse() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// never is a timer that no test waits for: what happens with it happens because of an announcement.
func never(time.Duration) <-chan time.Time { return nil }

// worker serves in the background. Its stop returns when Serve has.
type worker struct {
	slots *slots
	taken chan tasks.Delivery // a slot comes with each
	stop  func()
}

// serve starts a worker, and checks at its end that no slot got lost.
func serve(t testing.TB, rdb redis.UniversalClient, n int, o queue.ServeOptions) *worker {
	t.Helper()
	w := &worker{slots: newSlots(n), taken: make(chan tasks.Delivery, 1000)}
	o.Slots = w.slots
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- queue.NewServer(rdb).Serve(ctx, o, func(_ context.Context, d tasks.Delivery) { w.taken <- d })
	}()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, "end of Serve", ended); err != nil {
			t.Error(err)
		}
		if used, held := w.slots.inUse(), len(w.taken); used != held {
			t.Errorf("%d slots are taken, want those of %d deliveries in hand", used, held)
		}
	})
	t.Cleanup(w.stop)
	return w
}

// next takes what the worker was handed, and gives its slot back.
func (w *worker) next(t testing.TB) tasks.Delivery {
	t.Helper()
	d := receive(t, "delivery", w.taken)
	w.slots.Release()
	return d
}

func only(queueName string) queue.ServeOptions {
	return queue.ServeOptions{Queues: map[string]int{queueName: 1}}
}

// spy is a hook that sees every command before the pacer, and again when it is done.
type spy struct {
	done func(redis.Cmder, error)
}

func (s spy) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (s spy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		s.done(cmd, err)
		return err
	}
}

func (s spy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
