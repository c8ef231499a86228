package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Redis is frozen under load, and the keeper dies meanwhile; then Redis is killed, and starts again from its append-only file. Nothing
// that was acknowledged is lost, nothing runs twice, and no running attempt is taken from its worker.
func TestOutageUnderLoad(t *testing.T) {
	t.Parallel()
	f := rig.New(t, "--appendonly", "yes", "--appendfsync", "everysec")
	keeper := f.Server() // the first process is elected
	a, b := f.Server(), f.Server()
	f.Image(one(image.Sleep, tasks.Policy{Attempts: 1}), "-concurrency", "8")
	f.Image(one(image.Sleep, tasks.Policy{Attempts: 1}), "-concurrency", "8")
	if held := f.Redis.Client(t).Get(t.Context(), "lh:keeper").Val(); !strings.Contains(held, ":"+strconv.Itoa(keeper.PID())+":") {
		t.Fatalf("the keeper is %q, want the process %d: killing it would show nothing", held, keeper.PID())
	}
	l := start(t, a, b)
	long := through(t, f, a)
	l.awaitMore(40)

	frozen := time.Now()
	f.Redis.Freeze()
	rig.After(t, *freeze/2)
	keeper.Kill()
	for _, s := range []*rig.Server{a, b} {
		if s.Ready(t) {
			t.Errorf("%s says that it is ready while Redis is frozen", s.URL)
		}
	}
	rig.After(t, *freeze-time.Since(frozen))
	f.Redis.Thaw()
	l.awaitMore(40)
	f.Redis.Kill()
	rig.After(t, time.Second)
	f.Redis.Restart()
	a.AwaitReady()
	b.AwaitReady()
	l.awaitMore(40)

	r := l.reckon(b.Client(t), f)
	l.answered()
	t.Log(r)
	if r.lost()+r.twice > 0 || l.refused == 0 {
		t.Errorf("want nothing lost, nothing run twice, and some calls refused: %s, %d refused", r, l.refused)
	}
	for _, id := range long {
		if e := b.Client(t).Await(t, id, "completed").Echoed(t); e.Attempt != 1 || len(f.Ledger().Starts(id)) != 1 {
			t.Errorf("task %s was taken from its worker: completed by attempt %d", id, e.Attempt)
		}
	}
}

// A crash of Redis under load loses nothing, though its append-only file is synced once a second: what was acknowledged is with the kernel.
func TestKillRedis(t *testing.T) {
	t.Parallel()
	f := rig.New(t, "--appendonly", "yes", "--appendfsync", "everysec")
	s := f.Server()
	f.Image(one(image.Sleep, tasks.Policy{Attempts: 1}))
	l := start(t, s)
	for range *kills {
		l.awaitMore(100)
		f.Redis.Kill()
		f.Redis.Restart()
	}
	l.awaitMore(50)
	r := l.reckon(s.Client(t), f)
	l.answered()
	t.Logf("%d kills: %s", *kills, r)
	if r.lost()+r.twice > 0 {
		t.Errorf("want nothing lost, and nothing run twice: %s", r)
	}
}

// through are running tasks, some of which end while Redis is frozen, and the others after it was killed.
func through(t *testing.T, f *rig.Fleet, s *rig.Server) (ids []string) {
	t.Helper()
	for i := range 6 {
		ms := freeze.Milliseconds() / 2
		if i%2 == 0 {
			ms = freeze.Milliseconds() + 12_000
		}
		ids = append(ids, s.Client(t).Call(t, "sleep", rig.Object{"ms": ms}).ID)
		running(f, ids[i], 1)
	}
	return ids
}
