package server_test

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestAPolicyDelaysItsTasks(t *testing.T) {
	t.Parallel()
	f := start(t)
	later := tasks.Tool{Name: "later", Description: "Waits first", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{Delay: time.Hour}}
	if _, err := f.store.Announce(t.Context(), "", []tasks.Tool{later}); err != nil {
		t.Fatal(err)
	}
	call := func(change ...func(*draft)) obj {
		t.Helper()
		var m message
		eventually(t, "later is listed", func() bool {
			m, _ = f.ask(modern("tools/call", obj{"name": "later"}, change...))
			return m.Error == nil
		})
		return m.Result
	}
	starts := func(task obj) time.Duration {
		t.Helper()
		message, _ := task["statusMessage"].(string)
		at, err := time.Parse("starts at "+time.RFC3339, message)
		if err != nil {
			t.Fatalf("the status message does not say when it starts: %v", err)
		}
		return time.Until(at)
	}

	delayed := call()
	if in := starts(delayed); in < 59*time.Minute || in > time.Hour {
		t.Errorf("starts in %s, want an hour", in)
	}
	sooner := call(withMeta(wire.MetaStart, time.Now().Add(time.Minute).Format(time.RFC3339)))
	if in := starts(sooner); in > time.Minute {
		t.Errorf("starts in %s, though the caller said in a minute", in)
	}
	if n := len(f.deliveries); n != 0 {
		t.Errorf("%d deliveries before their time", n)
	}
	id := delayed["taskId"].(string)
	if m, _ := f.ask(modern("tasks/cancel", obj{"taskId": id})); m.Error != nil {
		t.Fatalf("%+v", m.Error)
	}
	if got := f.get(id)["status"]; got != "cancelled" {
		t.Errorf("%v, want cancelled before it started", got)
	}
	call(withMeta(wire.MetaStart, "2001-01-01T00:00:00Z"))
	f.claim() // the caller's time has come: at once
}

// How far off a start is, the server's own clock says.
func TestAStartIsReckonedByTheServersClock(t *testing.T) {
	t.Parallel()
	const month = 30 * 24 * time.Hour // what a task may stay open
	now := time.Now()
	f := start(t)
	later := replica(t, f.rdb, f.store, func(o *server.Options) { o.Now = func() time.Time { return now.Add(month) } })
	call := modern("tools/call", obj{"name": "any", "arguments": obj{}}, withMeta(wire.MetaStart, now.Add(month+24*time.Hour).Format(time.RFC3339)))
	if m, _ := f.ask(call); m.Error == nil {
		t.Error("accepted a start that is later than a task may stay open")
	}
	if m, _ := later.ask(call); m.Error != nil {
		t.Errorf("refused what starts in a day: %+v", m.Error)
	}
}
