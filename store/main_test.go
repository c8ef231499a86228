package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// each runs a test on a real Redis and on the embedded one.
func each(t *testing.T, test func(t *testing.T, s *store.Store, rdb redis.UniversalClient)) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		rdb := redis.NewUniversalClient(o)
		t.Cleanup(func() { rdb.Close() })
		test(t, open(t, rdb, store.Options{}), rdb)
	})
}

func open(t *testing.T, rdb redis.UniversalClient, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), rdb, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t testing.TB, s *store.Store, change ...func(*store.NewTask)) *tasks.Task {
	t.Helper()
	n := store.NewTask{
		ID: s.NewID(tasks.Local, ""), Tool: "crawl", Owner: tasks.Local, Arguments: []byte(`{"url":"/"}`),
		Policy: tasks.Policy{}.WithDefaults("default"), Capabilities: tasks.Capabilities{tasks.CanFillForms},
	}
	for _, c := range change {
		c(&n)
	}
	task, _, err := s.Create(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func lease(d tasks.Delivery, token string) store.Lease {
	return store.Lease{Task: d.Task, Attempt: d.Attempt, Token: token}
}

func claim(t *testing.T, s *store.Store, d tasks.Delivery, token string) *store.Claimed {
	t.Helper()
	c, err := s.Claim(t.Context(), lease(d, token), "worker")
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return c
}

func get(t *testing.T, s *store.Store, id tasks.ID) *tasks.Task {
	t.Helper()
	task, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func watcher(t *testing.T, s *store.Store) *store.Watcher {
	t.Helper()
	w := s.NewWatcher()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx := within(t, 20*time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}
