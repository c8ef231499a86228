package upstream_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
	"github.com/longhaul-mcp/longhaul/worker"
)

// One call of a tool that must not run twice: a deploy in the middle, then a question that outlives its worker. The tool runs once.
func TestOneCallThroughThreeWorkers(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		f := newFleet(t, opts)
		up, url := newTaskServer(t, false, object{})
		server := upstream.Server{Name: "up", URL: url, Policy: tasks.Policy{Park: 50 * time.Millisecond}}

		stop := f.worker(server)
		task := f.create("up_long")
		f.until(task, "a word from the server", func(t *tasks.Task) bool { return t.Progress.Message == "at work" })
		stop()

		stop = f.worker(server)
		up.set("task-1", object{"status": "input_required", "inputRequests": object{"who": object{
			"method": "elicitation/create", "params": object{"message": "Who?"},
		}}})
		parked := f.until(task, "the question, without a slot", func(t *tasks.Task) bool { return t.Phase == tasks.Parked })
		stop()

		f.worker(server)
		if len(parked.Questions) != 1 {
			t.Fatalf("%+v", parked.Questions)
		}
		for _, q := range parked.Questions {
			next, err := f.store.Answer(t.Context(), task.ID, map[string]json.RawMessage{q.Key: []byte(`{"action":"accept","content":{"name":"Ada"}}`)})
			if err != nil {
				t.Fatal(err)
			}
			f.out.Dispatch(*next)
		}
		ended := f.until(task, "its end", func(t *tasks.Task) bool { return t.Status.Terminal() })
		if ended.Status != tasks.Completed || !strings.Contains(string(ended.Result), "Ada") || up.calls() != 1 || up.wasCancelled() != "" {
			t.Errorf("%+v, %d calls, cancelled %q", ended, up.calls(), up.wasCancelled())
		}
	})
}

// fleet is one Redis with what workers need.
type fleet struct {
	t       *testing.T
	opts    *redis.UniversalOptions
	store   *store.Store
	watcher *store.Watcher
	out     *keeper.Dispatcher
	policy  tasks.Policy
}

func newFleet(t *testing.T, opts *redis.UniversalOptions) *fleet {
	rdb := redis.NewUniversalClient(opts)
	t.Cleanup(func() { rdb.Close() })
	s, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q, log := queue.New(rdb), slog.New(slog.DiscardHandler)
	f := &fleet{t: t, opts: opts, store: s, watcher: s.NewWatcher(), out: keeper.NewDispatcher(s, q, log)}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = f.watcher.Run(ctx) })
	group.Go(func() { _ = keeper.New(s, q, "keeper", log).Run(ctx) })
	t.Cleanup(func() { f.out.Wait(); stop(); group.Wait() })
	return f
}

// worker starts a worker that relays a server; stop is its SIGTERM, and waits for its end.
func (f *fleet) worker(server upstream.Server) (stop func()) {
	r := start(f.t, upstream.Options{}, server)
	if tool, ok := r.reg.Lookup("up_long"); ok {
		f.policy = tool.Policy.WithDefaults("default")
	}
	stopped := f.work(r.reg)
	stop = func() { stopped(); r.stop() }
	f.t.Cleanup(stop)
	return stop
}

// work starts a worker with these tools.
func (f *fleet) work(reg *tasks.Registry) (stop func()) {
	w := worker.New(worker.Options{
		Registry: reg, Store: f.store, Watcher: f.watcher, Queue: queue.NewServer(redis.NewUniversalClient(f.opts)), Dispatcher: f.out,
		Name: "w", Logger: slog.New(slog.DiscardHandler), Drain: time.Minute, // a task of the server is left at once
	}, prometheus.NewRegistry())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	stop = func() { cancel(); <-done }
	f.t.Cleanup(stop)
	return stop
}

func (f *fleet) create(tool string) *tasks.Task {
	f.t.Helper()
	task, _, err := f.store.Create(f.t.Context(), store.NewTask{
		ID: f.store.NewID(tasks.Local, ""), Tool: tool, Owner: tasks.Local, Arguments: json.RawMessage(`{}`), Policy: f.policy,
		Capabilities: tasks.Capabilities{tasks.CanFillForms},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.out.Dispatch(task.Delivery)
	return task
}

func (f *fleet) until(task *tasks.Task, what string, ok func(*tasks.Task) bool) *tasks.Task {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	x, err := f.watcher.Watch(ctx, task.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	defer x.Close()
	var last *tasks.Task
	for {
		u, err := x.Next(ctx)
		if err != nil {
			f.t.Fatalf("waiting for %s: %v; it is %+v", what, err, last)
		}
		if last = u.Task; last != nil && ok(last) {
			return last
		}
	}
}
