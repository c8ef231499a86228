package e2e

import (
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/redis/go-redis/v9"
)

// Redis answers, and refuses. Running attempts go on, and what they bring is written when Redis takes it; a create is told why.
func TestRefusalsAreWaitedOut(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	f.Image(one(image.Hold, tasks.Policy{Attempts: 1}))
	admin := f.Redis.Client(t).(*redis.Client).Conn() // stays logged in
	t.Cleanup(func() { admin.Close() })
	do := func(args ...any) {
		t.Helper()
		if err := admin.Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	refused := func(kind string) string {
		t.Helper()
		stats, err := admin.Info(t.Context(), "errorstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		_, count, _ := strings.Cut(stats, "errorstat_"+kind+":")
		count, _, _ = strings.Cut(count, "\r\n")
		return count
	}
	_, port, _ := strings.Cut(f.Redis.Addr(), ":")
	for _, refusal := range []struct {
		name       string
		begin, end func()
		says, kind string // to clients, and as Redis counts it
	}{
		{"full", func() { do("CONFIG", "SET", "maxmemory", "1") }, func() { do("CONFIG", "SET", "maxmemory", "0") }, "is full", "OOM"},
		{"another password", func() {
			do("CONFIG", "SET", "requirepass", "other")
			do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		}, func() { do("CONFIG", "SET", "requirepass", "") }, "password", "NOAUTH"},
		{"a replica", func() { do("REPLICAOF", "127.0.0.1", port) }, func() { do("REPLICAOF", "NO", "ONE") }, "is failing over", "READONLY"},
		{"no replica", func() { do("CONFIG", "SET", "min-replicas-to-write", "1") }, func() { do("CONFIG", "SET", "min-replicas-to-write", "0") }, "has no replica", "NOREPLICAS"},
	} {
		g := newGate(t)
		id := c.Call(t, "hold", g.arguments()).ID
		running(f, id, 1)
		refusal.begin()
		_, err := c.TryCall(t.Context(), "hold", g.arguments())
		if err == nil || !strings.Contains(err.Error(), refusal.says) || !strings.Contains(err.Error(), "try again") {
			t.Errorf("%s: a create is told %v", refusal.name, err)
		}
		g.open()
		f.AwaitLedger("the tool returns", func(l rig.Ledger) bool { return len(l.Ends(id)) == 1 })
		before := refused(refusal.kind)
		rig.Await(t, "the worker's writes are refused", func() bool { return refused(refusal.kind) != before })
		refusal.end()
		if e := c.Await(t, id, "completed").Echoed(t); e.Attempt != 1 || len(f.Ledger().Starts(id)) != 1 {
			t.Errorf("%s: completed by attempt %d, of %d", refusal.name, e.Attempt, len(f.Ledger().Starts(id)))
		}
	}
}

// Who cannot log in is told so in one line, at the start.
func TestAWrongPasswordEndsTheStart(t *testing.T) {
	t.Parallel()
	r := redistest.Private(t)
	if err := r.Client(t).ConfigSet(t.Context(), "requirepass", "right").Err(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		begin     func(testing.TB, []string, ...string) *rig.Process
		url, want string
	}{
		{rig.Solo, "redis://:hidden@" + r.Addr(), "WRONGPASS"},
		{rig.SoloWorker, "redis://" + r.Addr(), "NOAUTH"},
	} {
		p := tt.begin(t, nil, "-redis", tt.url, "-ops-addr", "off")
		if code := p.ExitCode(); code != 1 {
			t.Errorf("exited %d, want 1", code)
		}
		if said := p.Said(); strings.Count(said, "\n") != 1 || !strings.Contains(said, tt.want) || !strings.Contains(said, r.Addr()) || strings.Contains(said, "hidden") {
			t.Errorf("want one line with %s, got:\n%s", tt.want, said)
		}
	}
}
