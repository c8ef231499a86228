package launch

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// A program is killed, cannot be started, and comes back: how its worker sees it is in Redis each time.
func TestAWorkerTellsHowItSeesItsServers(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		s, err := store.Open(t.Context(), redistest.Open(t, opts), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := newRelaying(t, s, "w", time.Hour) // it tells of changes alone
		other := newRelaying(t, s, "other", tellEvery)
		other.sees("up")
		up := w.sees("up")
		if up.Server != "there" || up.Name != "it" || up.Version != "7" || up.Protocol == "" || up.Reason != "" || time.Since(up.Since) > time.Minute {
			t.Errorf("%+v", up)
		}
		var result struct {
			StructuredContent struct{ PID int }
		}
		await(t, "its tools", func() bool {
			text, err := w.call()
			return err == nil && json.Unmarshal([]byte(text), &result) == nil && result.StructuredContent.PID > 1
		})

		w.sealed.Store(true)
		if err := syscall.Kill(result.StructuredContent.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		await(t, "the call to fail", func() bool { _, err := w.call(); return err != nil })
		if down := w.sees("down"); down.Reason == "" || down.Name != "it" || down.Since.Before(up.Since) {
			t.Errorf("%+v", down)
		}
		other.sees("up")
		w.sealed.Store(false)
		await(t, "a call to succeed", func() bool { _, err := w.call(); return err == nil })
		if back := w.sees("up"); back.Reason != "" {
			t.Errorf("%+v", back)
		}
		w.stop()
		if v, ok := w.view(); ok {
			t.Errorf("it has left, and sees %+v", v)
		}
	})
}

// What Redis lost is told again. What is gone from the configuration is not told any more, and a worker without servers tells nothing.
func TestAWorkerTellsOfTheServersThatItHas(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, opts *redis.UniversalOptions) {
		rdb := redistest.Open(t, opts)
		s, err := store.Open(t.Context(), rdb, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := newRelaying(t, s, "w", tellEvery)
		w.sees("up")
		if err := rdb.Del(t.Context(), "lh:{up}:on", "lh:{up}:view").Err(); err != nil {
			t.Fatal(err)
		}
		w.sees("up")
		if err := w.hub.Change(nil); err != nil {
			t.Fatal(err)
		}
		await(t, "it to say nothing", func() bool { return rdb.Exists(t.Context(), "lh:{up}:on", "lh:{up}:view").Val() == 0 })
	})
}

// A server may answer and have no tools to give: why is told as if it were down. A tool that is left out is for /ready?verbose.
func TestWhatIsSaidOfAServerWithoutTools(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]upstream.Health{
		"cannot be listed": {State: upstream.Up, Warnings: "cannot be listed"},
		"died":             {State: upstream.Down, Err: errors.New("died"), Warnings: "cannot be listed"},
		"":                 {State: upstream.Up, Tools: 1, Warnings: "one is left out"},
	} {
		if got := viewsOf([]upstream.Health{h})[0].Reason; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// However often servers come and go, Redis hears of it once a second at the most.
func TestAWorkerDoesNotTellOfEachFlap(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	s, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	began, trips := time.Now(), new(trips)
	rdb.AddHook(trips)
	w := newRelaying(t, s, "w", time.Hour)
	flap := time.NewTicker(10 * time.Millisecond)
	defer flap.Stop()
	away := []upstream.Server{{Name: "away", URL: "http://127.0.0.1:1/mcp"}, {Name: "gone", URL: "http://127.0.0.1:2/mcp"}}
	for i := range 200 {
		if err := w.hub.Change(away[:1+i%2]); err != nil { // never none: nothing would be told of that
			t.Fatal(err)
		}
		<-flap.C
	}
	w.stop()
	if n, most := trips.Load(), int64(time.Since(began)/tellPause)+3; n < 2 || n > most {
		t.Errorf("%d trips in %s", n, time.Since(began))
	}
}

// trips counts what is sent to Redis.
type trips struct{ atomic.Int64 }

func (*trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (n *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { n.Add(1); return next(ctx, cmd) }
}

func (*trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestAServerIsSeenInALine(t *testing.T) {
	t.Parallel()
	view := func(worker, state, reason string) store.View {
		return store.View{Server: "github", Worker: worker, State: state, Reason: reason}
	}
	for want, views := range map[string][]store.View{
		"github: up on 1 of 1 workers":                                                {view("a", "up", "")},
		"github: up on 1 of 3 workers; down on b: refused; starting on c":             {view("a", "up", ""), view("b", "down", "refused"), view("c", "starting", "")},
		"github: up on 0 of 5 workers; down on a; down on b: x; down on c: y; 2 more": {view("a", "down", ""), view("b", "down", "x"), view("c", "down", "y"), view("d", "down", "z"), view("e", "down", "z")},
	} {
		if got := serverLine(views); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// relaying is a worker that relays a server, as far as this is of concern here.
type relaying struct {
	t      *testing.T
	store  *store.Store
	worker string
	hub    *upstream.Hub
	reg    *tasks.Registry
	sealed atomic.Bool // the program cannot be started
	stop   func()
}

func newRelaying(t *testing.T, s *store.Store, worker string, every time.Duration) *relaying {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &relaying{t: t, store: s, worker: worker, reg: new(tasks.Registry)}
	there := upstream.Server{Name: "there", Command: []string{self}, Env: func(context.Context) ([]string, error) {
		if w.sealed.Load() {
			return nil, errors.New("the vault is sealed")
		}
		return []string{serverVariable + "=it"}, nil
	}}
	if w.hub, err = upstream.New(upstream.Options{Servers: []upstream.Server{there}, Registry: w.reg, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { w.hub.Connect(ctx); _ = w.hub.Run(ctx) })
	group.Go(func() { _ = (&teller{hub: w.hub, store: s, worker: worker, every: every}).run(ctx) })
	w.stop = func() { cancel(); group.Wait() }
	t.Cleanup(w.stop)
	return w
}

// call has the program say which process it is.
func (w *relaying) call() (string, error) {
	found, ok := w.reg.Lookup("there_pid")
	if !ok {
		return "", errors.New("no such tool")
	}
	result, err := found.Handle(w.t.Context(), tasks.NewAttempt(tasks.NewID(0), 1, nil, nil), json.RawMessage(`{}`))
	if err != nil {
		return "", err
	}
	text, err := result.Encode(found.Output)
	return string(text), err
}

// view is how the worker sees the server, as it is told.
func (w *relaying) view() (store.View, bool) {
	w.t.Helper()
	list, err := w.store.Views(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range list {
		if v.Worker == w.worker {
			return v, true
		}
	}
	return store.View{}, false
}

// sees waits until the worker says that the server is in a state.
func (w *relaying) sees(state string) (v store.View) {
	w.t.Helper()
	await(w.t, w.worker+" to see it "+state, func() bool { v, _ = w.view(); return v.State == state })
	return v
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
	}
}
