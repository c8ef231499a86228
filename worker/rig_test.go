package worker_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// rig is one Redis with a keeper, a watcher and any number of workers.
type rig struct {
	t       *testing.T
	opts    *redis.UniversalOptions
	rdb     redis.UniversalClient
	store   *store.Store
	watcher *store.Watcher
	queue   *queue.Queue
	out     *keeper.Dispatcher
	blobs   *blob.Store
	dir     string               // where these are
	metrics *prometheus.Registry // of the last worker
}

func newRig(t *testing.T, opts *redis.UniversalOptions, o store.Options) *rig {
	t.Helper()
	rdb := redis.NewUniversalClient(opts)
	t.Cleanup(func() { rdb.Close() })
	s, err := store.Open(t.Context(), rdb, o)
	if err != nil {
		t.Fatal(err)
	}
	q := queue.New(rdb)
	dir := filepath.Join(t.TempDir(), "blobs")
	b, err := blob.Open(t.Context(), "file://"+dir+"?create=true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	k := keeper.New(s, q, "keeper", quiet())
	k.Deleting(b)
	r := &rig{blobs: b, dir: dir, t: t, opts: opts, rdb: rdb, store: s, watcher: s.NewWatcher(), queue: q, out: keeper.NewDispatcher(s, q, quiet())}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.watcher.Run(ctx) })
	wg.Go(func() { _ = k.Run(ctx) })
	t.Cleanup(func() { r.out.Wait(); stop(); wg.Wait() })
	return r
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start runs a worker with the given tools; stop is its SIGTERM, and waits for its end.
func (r *rig) start(reg *tasks.Registry, change ...func(*worker.Options)) (stop func()) {
	r.t.Helper()
	if err := reg.Err(); err != nil {
		r.t.Fatal(err)
	}
	serve := redis.NewUniversalClient(r.opts)
	o := worker.Options{
		Registry: reg, Store: r.store, Watcher: r.watcher, Queue: queue.NewServer(serve), Dispatcher: r.out, Name: "w", Logger: quiet(),
		Drain: 10 * time.Millisecond,
	}
	for _, c := range change {
		c(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	r.metrics = prometheus.NewRegistry()
	w := worker.New(o, r.metrics)
	go func() { defer close(done); _ = w.Run(ctx) }()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) create(tool string, args string, p tasks.Policy) *tasks.Task {
	r.t.Helper()
	task, _, err := r.store.Create(r.t.Context(), store.NewTask{
		ID: r.store.NewID(tasks.Local, ""), Tool: tool, Owner: tasks.Local, Arguments: json.RawMessage(args),
		Policy: p.WithDefaults("default"), Capabilities: tasks.Capabilities{tasks.CanFillForms},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.out.Dispatch(task.Delivery)
	return task
}

// enough is how long a test waits before it gives up: results of megabytes take their time beside other tests.
const enough = 2 * time.Minute

// until waits for a task to be as wanted.
func (r *rig) until(task *tasks.Task, what string, ok func(*tasks.Task) bool) *tasks.Task {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), enough)
	defer cancel()
	x, err := r.watcher.Watch(ctx, task.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	defer x.Close()
	var last *tasks.Task
	for {
		u, err := x.Next(ctx)
		if err != nil {
			r.t.Fatalf("waiting for %s: %v; it is %+v", what, err, last)
		}
		if last = u.Task; last != nil && ok(last) {
			return last
		}
	}
}

func (r *rig) untilStatus(task *tasks.Task, s tasks.Status) *tasks.Task {
	r.t.Helper()
	return r.until(task, string(s), func(t *tasks.Task) bool { return t.Status == s })
}

// eventually waits for what no watch tells.
func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(enough); !ok(); <-tick.C {
		if time.Now().After(end) {
			r.t.Fatalf("waiting for %s in vain", what)
		}
	}
}

// logbook keeps what a worker logs.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) has(words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), words)
}

// metric is the sum of a metric of the last worker.
func (r *rig) metric(name string) (sum float64) {
	r.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

type none struct{}

func tool[In, Out any](name string, fn func(context.Context, *tasks.Attempt, In) (Out, error), p ...tasks.Policy) *tasks.Registry {
	reg := new(tasks.Registry)
	t := tasks.Tool{Name: name, Description: name}
	if len(p) > 0 {
		t.Policy = p[0]
	}
	tasks.AddTool(reg, t, fn)
	return reg
}

// each runs a test on a real Redis and on the embedded one.
func each(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) { test(t, newRig(t, o, store.Options{})) })
}
