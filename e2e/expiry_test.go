package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const weeks = 6 * 7 * 24 * time.Hour

// However long a task may stay open, and whatever it waits for, no key of it expires meanwhile.
func TestOpenTasksNeverExpire(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	open := func(name string, does image.Behaviour, p tasks.Policy) image.Tool {
		p.MaxLifetime, p.Retention = weeks, time.Second
		return tool(name, does, p)
	}
	f.Image(image.Image{Name: "open", Tools: []image.Tool{
		open("ask", image.Ask, tasks.Policy{Park: 100 * time.Millisecond}),
		open("fail", image.Fail, tasks.Policy{Attempts: 2, Backoff: time.Hour}),
		open("hold", image.Hold, tasks.Policy{}),
		open("echo", image.Echo, tasks.Policy{}),
	}}, "-concurrency", "1")
	c.AwaitTool(t, "ask")
	keyed := func(name string, more rig.Object) *rig.Client {
		return c.With(rig.Object{"dev.longhaul/idempotency-key": name}).With(more)
	}
	closed := newGate(t)
	lives := []struct {
		name, tool, status, says string
		client                   *rig.Client
	}{
		{"parked", "ask", "input_required", "waiting for an answer", keyed("parked", nil)},
		{"waits for another attempt", "fail", "working", "attempt 1 of 2 failed", keyed("retry", nil)},
		{"running", "hold", "working", "", keyed("running", nil)},
		{"queued", "echo", "working", "queued", keyed("queued", nil)},
		{"delayed", "echo", "working", "starts at", keyed("delayed", startIn(time.Hour))},
	}
	for _, life := range lives {
		task := life.client.Call(t, life.tool, closed.arguments())
		if life.name == "running" {
			running(f, task.ID, 1)
		}
		rig.Await(t, life.name, func() bool {
			task = c.Get(t, task.ID)
			return task.Status == life.status && strings.Contains(task.StatusMessage, life.says)
		})
		if task.TTLMs != nil {
			t.Errorf("%s: ttlMs is %d while the task is open", life.name, *task.TTLMs)
		}
	}
	rdb := f.Redis.Client(t)
	looked := 0
	for _, key := range rdb.Keys(t.Context(), "*").Val() {
		ttl := rdb.TTL(t.Context(), key).Val()
		switch {
		case strings.HasPrefix(key, "lh:{own:"): // the list of an owner's tasks outlives all of them
			if ttl < weeks {
				t.Errorf("%s expires in %s, before its tasks", key, ttl)
			}
		case strings.Contains(key, ":t:"), strings.Contains(key, ":idem:"), strings.HasSuffix(key, "}:due"), strings.HasSuffix(key, "}:live"), strings.HasSuffix(key, "}:ends"):
			if looked++; ttl != -1 {
				t.Errorf("%s expires in %s", key, ttl)
			}
		}
	}
	if want := 4 * len(lives); looked < want { // record, arguments, events and idempotency key, at least
		t.Errorf("only %d keys of tasks were found, want %d at least", looked, want)
	}
}

// A result stays for its tool's retention from the end on, and the client is told so; then the task is as unknown as one that never was.
func TestRetention(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	f.Image(image.Image{Name: "kept", Tools: []image.Tool{
		tool("brief", image.Sleep, tasks.Policy{Retention: 5 * time.Second}),
		tool("panic", image.Panic, tasks.Policy{Retention: 6 * time.Second}),
		tool("hold", image.Hold, tasks.Policy{Retention: 7 * time.Second}),
		tool("echo", image.Echo, tasks.Policy{Retention: time.Hour}),
		tool("usual", image.Echo, tasks.Policy{}),
	}})
	a.AwaitTool(t, "brief")
	cancelled := a.Call(t, "hold", newGate(t).arguments())
	a.Cancel(t, cancelled.ID)
	kept := []struct {
		task      rig.Task
		status    string
		retention time.Duration
	}{
		{a.Call(t, "brief", rig.Object{"ms": 1500}), "completed", 5 * time.Second},
		{a.Call(t, "panic", rig.Object{}), "failed", 6 * time.Second},
		{cancelled, "cancelled", 7 * time.Second},
		{a.Call(t, "echo", rig.Object{}), "completed", time.Hour},
		{a.Call(t, "usual", rig.Object{}), "completed", 24 * time.Hour},
	}
	until := make(map[string]time.Time)
	for _, k := range kept {
		ended := b.Await(t, k.task.ID, k.status)
		ttl := time.Duration(*ended.TTLMs) * time.Millisecond
		if lived := ended.LastUpdatedAt.Sub(ended.CreatedAt); ttl != lived+k.retention {
			t.Errorf("%s after %s: ttlMs says %s from its creation, want %s after its end", k.status, lived, ttl, k.retention)
		}
		if k.retention < time.Minute {
			until[k.task.ID] = ended.CreatedAt.Add(ttl)
		}
	}
	never := errorsOf(t, a, uuid.NewString()+"-3")
	for id, end := range until {
		rig.Await(t, "the task is forgotten", func() bool {
			_, err := b.TryGet(t.Context(), id)
			if rig.IsUnknown(err) && time.Now().Before(end) {
				t.Errorf("forgotten %s before the time that its client was told", time.Until(end))
			}
			return rig.IsUnknown(err)
		})
		if diff := cmp.Diff(never, errorsOf(t, a, id)); diff != "" {
			t.Errorf("a forgotten task does not answer as one that never was (-never +forgotten):\n%s", diff)
		}
	}
	for _, k := range kept {
		if k.retention >= time.Hour {
			a.Await(t, k.task.ID, k.status)
		}
	}
}

// errorsOf are the errors for a task that is not there, by method.
func errorsOf(t *testing.T, c *rig.Client, id string) map[string]string {
	t.Helper()
	told := make(map[string]string)
	for method, params := range map[string]rig.Object{
		"tasks/get": {"taskId": id}, "tasks/cancel": {"taskId": id}, "tasks/update": {"taskId": id, "inputResponses": rig.Object{"k": rig.Object{"action": "cancel"}}},
	} {
		var answer rig.Object
		e, ok := errors.AsType[*rig.Error](c.Do(t.Context(), method, params, &answer))
		if !ok {
			t.Fatalf("%s of a task that is not there: got %v, want an error", method, answer)
		}
		told[method] = fmt.Sprintf("%d %s %s", e.Code, e.Message, e.Data)
	}
	if want := "-32602 no such task "; told["tasks/get"] != want {
		t.Errorf("tasks/get says %q, want %q", told["tasks/get"], want)
	}
	return told
}
