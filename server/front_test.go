package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// front is a front end on a store of its own. The test is its worker: it takes deliveries and plays the tool.
type front struct {
	reports atomic.Int64 // of all attempts: each report has a number of its own
	*server.Server
	t          testing.TB
	http       *httptest.Server
	store      *store.Store
	watcher    *store.Watcher
	rdb        redis.UniversalClient
	deliveries chan tasks.Delivery
	serving    atomic.Int64
	position   atomic.Int64
	ctx        context.Context // of what the test plays
	playing    sync.WaitGroup
}

// ServeHTTP counts the requests that are being served.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.serving.Add(1)
	defer f.serving.Add(-1)
	f.Server.ServeHTTP(w, r)
}

// Dispatch makes the front its own queue.
func (f *front) Dispatch(d tasks.Delivery) { f.deliveries <- d }

// Settle has nothing to do: no worker is behind this front end.
func (f *front) Settle(string, tasks.ID) {}

// Position is what the test says of any task that waits; 0: that nobody can know.
func (f *front) Position(context.Context, tasks.Delivery) (int, error) {
	if n := f.position.Load(); n > 0 {
		return int(n), nil
	}
	return 0, errors.New("no queue can be seen")
}

func start(t *testing.T, change ...func(*server.Options)) *front {
	t.Helper()
	return startOn(t, redistest.Options(t), change...)
}

func startOn(t testing.TB, opts *redis.UniversalOptions, change ...func(*server.Options)) *front {
	t.Helper()
	rdb := redistest.Open(t, opts)
	st, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Announce(t.Context(), "", catalogue); err != nil {
		t.Fatal(err)
	}
	return replica(t, rdb, st, change...)
}

// replica is one more front end on a store.
func replica(t testing.TB, rdb redis.UniversalClient, st *store.Store, change ...func(*server.Options)) *front {
	t.Helper()
	f := &front{t: t, store: st, watcher: st.NewWatcher(), rdb: rdb, deliveries: make(chan tasks.Delivery, 2000)}
	o := server.Options{
		Store: st, Watcher: f.watcher, Dispatcher: f, Anonymous: server.Local, Version: "1.2.3",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if f.Server, err = server.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- f.watcher.Run(ctx) }()
	go func() { ended <- f.Run(ctx) }()
	f.http = httptest.NewServer(f)
	f.ctx = context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		f.playing.Wait()
		f.http.CloseClientConnections()
		cancel()
		f.http.Close()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	})
	f.awaitReady()
	return f
}

// pair are two front ends on one store: what one began the other can go on with.
func pair(t *testing.T, change ...func(*server.Options)) (a, b *front) {
	t.Helper()
	a = start(t, change...)
	return a, replica(t, a.rdb, a.store, change...)
}

func (f *front) awaitReady() {
	f.t.Helper()
	eventually(f.t, "ready", func() bool {
		w := httptest.NewRecorder()
		f.Ready(w, httptest.NewRequest("GET", "/ready", nil))
		return w.Code == http.StatusOK
	})
}

func (f *front) send(ctx context.Context, d *draft) *response {
	f.t.Helper()
	r, err := f.try(ctx, d)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *front) try(ctx context.Context, d *draft) (*response, error) {
	body := []byte(d.text)
	if d.text == "" {
		body, _ = json.Marshal(d.body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.http.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = d.header
	res, err := f.http.Client().Do(req)
	if err != nil {
		return nil, err
	}
	return newResponse(f.t, res), nil
}

// ask sends a request and reads its final answer.
func (f *front) ask(d *draft) (message, *response) {
	f.t.Helper()
	m, r, err := f.answer(d)
	if err != nil {
		f.t.Fatal(err)
	}
	return m, r
}

// asking is ask on the side.
func (f *front) asking(d *draft) <-chan message {
	answer := make(chan message, 1)
	f.playing.Go(func() {
		m, _, err := f.answer(d)
		if err != nil {
			f.t.Error(err)
		}
		answer <- m
	})
	return answer
}

// answer is ask for any goroutine.
func (f *front) answer(d *draft) (m message, r *response, err error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	if r, err = f.try(ctx, d); err != nil {
		return m, r, err
	}
	defer r.body.Close()
	for {
		if m, err = r.read(); err != nil || m.Method == "" {
			return m, r, err
		}
	}
}

// soon ends with the test's patience.
func (f *front) soon() context.Context {
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	f.t.Cleanup(cancel)
	return ctx
}

// do sends a request without a body.
func (f *front) do(method string, header http.Header) *response {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.soon(), method, f.http.URL, http.NoBody)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header = header
	res, err := f.http.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { res.Body.Close() })
	return newResponse(f.t, res)
}

// task creates a task through the door.
func (f *front) task(change ...func(*draft)) string {
	f.t.Helper()
	m, _ := f.ask(modern("tools/call", obj{"name": "any"}, change...))
	id, ok := m.Result["taskId"].(string)
	if !ok {
		f.t.Fatalf("no task: %+v", m)
	}
	return id
}

func (f *front) get(id string) obj {
	f.t.Helper()
	m, _ := f.ask(modern("tasks/get", obj{"taskId": id}))
	if m.Error != nil {
		f.t.Fatalf("tasks/get: %+v", m.Error)
	}
	return m.Result
}

func (f *front) awaitStatus(id string, want tasks.Status) {
	f.t.Helper()
	eventually(f.t, "status "+string(want), func() bool { return f.get(id)["status"] == string(want) })
}
