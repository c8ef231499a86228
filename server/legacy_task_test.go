package server_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

const (
	related   = "io.modelcontextprotocol/related-task"
	immediate = "io.modelcontextprotocol/model-immediate-response"
)

// augmented is a call of 2025-11-25 that asks for a task.
func augmented(tool string, params ...obj) obj {
	p := obj{"name": tool, "task": obj{}}
	for _, more := range params {
		for k, v := range more {
			p[k] = v
		}
	}
	return p
}

// legacyTask creates a task as a client of 2025-11-25 does that has no session.
func (f *front) legacyTask(params ...obj) string {
	f.t.Helper()
	return f.becomes(legacy("tools/call", augmented("any", params...)))
}

// becomes makes a call that becomes a task.
func (f *front) becomes(d *draft) string {
	f.t.Helper()
	m, _ := f.ask(d)
	task, _ := m.Result["task"].(obj)
	id, ok := task["taskId"].(string)
	if !ok {
		f.t.Fatalf("no task: %+v", m)
	}
	return id
}

func isRelated(o obj, id string) bool {
	meta, _ := o["_meta"].(obj)
	task, _ := meta[related].(obj)
	return task["taskId"] == id
}

func TestALegacyTaskFromCallToResult(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	m, r := a.ask(legacy("tools/call", augmented("any", obj{"task": obj{"ttl": 60000}})))
	task, _ := m.Result["task"].(obj)
	id, _ := task["taskId"].(string)
	meta, _ := m.Result["_meta"].(obj)
	if hint, _ := meta[immediate].(string); hint == "" || r.streamed() || m.Result["taskId"] != nil || m.Result["resultType"] != nil {
		t.Fatalf("got %+v", m)
	}
	_, bounded := task["ttl"]
	if task["status"] != "working" || !bounded || task["ttl"] != nil || task["pollInterval"] == nil || task["createdAt"] == nil || task["lastUpdatedAt"] == nil {
		t.Errorf("got %v", task)
	}
	c := a.claim()
	if m, _ := b.ask(legacy("tasks/get", obj{"taskId": id})); m.Result["taskId"] != id || m.Result["status"] != "working" || m.Result["ttlMs"] != nil {
		t.Errorf("tasks/get: %+v", m)
	}
	answer := b.asking(legacy("tasks/result", obj{"taskId": id}))
	c.finish("done")
	if m := <-answer; text(m.Result) != "done" || !isRelated(m.Result, id) || m.Result["resultType"] != nil {
		t.Errorf("tasks/result: %+v", m)
	}
	m, _ = a.ask(legacy("tasks/get", obj{"taskId": id}))
	if ttl, _ := m.Result["ttl"].(float64); m.Result["status"] != "completed" || ttl < 60000 || ttl > 60000+float64(patience/time.Millisecond) {
		t.Errorf("tasks/get: %+v", m)
	}
	if m, _ := a.ask(legacy("tasks/result", obj{"taskId": id})); text(m.Result) != "done" || !isRelated(m.Result, id) {
		t.Errorf("tasks/result again: %+v", m)
	}
}

func TestHowLegacyTasksEnd(t *testing.T) {
	t.Parallel()
	f := start(t)
	mishap, err := tasks.Failure(errors.New("no such site")).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		end    func(c claimed)
		status string
		code   int
	}{
		"completed":        {func(c claimed) { c.finish("done") }, "completed", 0},
		"the tool's error": {func(c claimed) { c.end(tasks.Finish, store.Outcome{Result: mishap}) }, "failed", 0},
		"the engine's": {func(c claimed) {
			c.end(tasks.Break, store.Outcome{Error: tasks.NewError(tasks.ReasonTimeout, "took too long")})
		}, "failed", -32603},
		"the client's will": {func(c claimed) { c.check(f.store.Cancel(f.ctx, c.Task)) }, "cancelled", wire.CodeCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			id := f.legacyTask()
			c.end(f.claim())
			m, _ := f.ask(legacy("tasks/get", obj{"taskId": id}))
			if m.Result["status"] != c.status || c.status != "completed" && m.Result["statusMessage"] == nil {
				t.Errorf("tasks/get: %+v", m)
			}
			if said, _ := m.Result["statusMessage"].(string); name == "the tool's error" && !strings.Contains(said, "no such site") {
				t.Errorf("tasks/get says %q", said)
			}
			m, r := f.ask(legacy("tasks/result", obj{"taskId": id}))
			if m.code() != c.code || r.status != http.StatusOK || c.code == 0 && !isRelated(m.Result, id) {
				t.Errorf("tasks/result: %d %+v", r.status, m)
			}
			if name == "the tool's error" && m.Result["isError"] != true {
				t.Errorf("tasks/result: %+v", m)
			}
			if m, _ := f.ask(legacy("tasks/cancel", obj{"taskId": id})); m.code() != wire.CodeInvalidParams {
				t.Errorf("tasks/cancel: %+v", m)
			}
		})
	}
}

func TestCancellingALegacyTask(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", obj{})
	d := x.request("tools/call", augmented("any"))
	id := f.becomes(d)
	f.claim()
	f.send(f.soon(), x.notice("notifications/cancelled", obj{"requestId": d.body["id"]})).body.Close()
	if m, _ := f.ask(x.request("tasks/get", obj{"taskId": id})); m.Result["status"] != "working" {
		t.Errorf("only tasks/cancel counts: got %+v", m)
	}
	if m, _ := f.ask(x.request("tasks/cancel", obj{"taskId": id})); m.Result["taskId"] != id || m.Result["status"] != "cancelled" {
		t.Errorf("got %+v", m)
	}
}

func TestCallsThatCannotBecomeLegacyTasks(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		params obj
		code   int
	}{
		"forbidden":           {augmented("held"), wire.CodeMethodNotFound},
		"required, without":   {obj{"name": "required"}, wire.CodeMethodNotFound},
		"unknown tool":        {augmented("nothing"), wire.CodeInvalidParams},
		"arguments":           {augmented("crawl", obj{"arguments": obj{"url": 1}}), wire.CodeInvalidParams},
		"task is no object":   {augmented("any", obj{"task": true}), wire.CodeInvalidParams},
		"ttl is no number":    {augmented("any", obj{"task": obj{"ttl": "1"}}), wire.CodeInvalidParams},
		"ttl is negative":     {augmented("any", obj{"task": obj{"ttl": -1}}), wire.CodeInvalidParams},
		"required, with":      {augmented("required"), 0},
		"ttl beyond all time": {augmented("any", obj{"task": obj{"ttl": 1e300}}), 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, r := f.ask(legacy("tools/call", c.params))
			if m.code() != c.code || r.status != http.StatusOK || c.code == 0 && m.Result["task"] == nil {
				t.Errorf("got %d %+v", r.status, m)
			}
		})
	}
}

func TestATTLIsKeptWithinBounds(t *testing.T) {
	t.Parallel()
	f := start(t)
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		task obj
		want time.Duration // from the end on
	}{
		"left out":      {obj{}, day},
		"zero":          {obj{"ttl": 0}, day},
		"null":          {obj{"ttl": nil}, day},
		"too short":     {obj{"ttl": 1}, 10 * time.Second},
		"a minute":      {obj{"ttl": 60_000}, time.Minute},
		"a fraction":    {obj{"ttl": 60_000.5}, time.Minute},
		"too long":      {obj{"ttl": 10 * day.Milliseconds()}, day},
		"for ever":      {obj{"ttl": 1e300}, day},
		"and a pretext": {obj{"ttl": 60_000, "pollInterval": 1, "taskId": "mine"}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			id := f.legacyTask(obj{"task": c.task})
			f.claim().finish("done")
			m, _ := f.ask(legacy("tasks/get", obj{"taskId": id}))
			ttl, _ := m.Result["ttl"].(float64)
			if got := time.Duration(ttl) * time.Millisecond; got < c.want || got > c.want+patience {
				t.Errorf("ttl %s, want %s", got, c.want)
			}
		})
	}
}

func TestATaskThatIsNotTheCallersIsUnknown(t *testing.T) {
	t.Parallel()
	f := start(t)
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	theirs := stranger.legacyTask()
	for _, method := range []string{"tasks/get", "tasks/result", "tasks/cancel"} {
		for name, params := range map[string]obj{
			"foreign": {"taskId": theirs}, "unknown": {"taskId": "6ba7b814-9dad-41d1-80b4-00c04fd430c8-1"},
			"malformed": {"taskId": "x"}, "missing": {}, "a number": {"taskId": 1},
		} {
			if m, r := f.ask(legacy(method, params)); m.code() != wire.CodeInvalidParams || m.Error.Message != "no such task" || r.status != 200 {
				t.Errorf("%s %s: got %d %+v", method, name, r.status, m)
			}
		}
	}
	if m, _ := stranger.ask(legacy("tasks/get", obj{"taskId": theirs})); m.Result["taskId"] != theirs {
		t.Errorf("whose it is: got %+v", m)
	}
}

func TestLegacyTasksAreListedToTheirOwner(t *testing.T) {
	t.Parallel()
	f := start(t)
	nobody := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	nobody.legacyTask()
	var want []string
	for range 53 {
		want = append(want, f.legacyTask())
	}
	page := func(params obj) (ids []string, next any) {
		t.Helper()
		m, _ := f.ask(legacy("tasks/list", params))
		list, _ := m.Result["tasks"].([]any)
		for _, task := range list {
			ids = append(ids, task.(obj)["taskId"].(string))
		}
		return ids, m.Result["nextCursor"]
	}
	first, next := page(nil)
	if len(first) != 50 || next == nil {
		t.Fatalf("%d tasks, then %v", len(first), next)
	}
	rest, end := page(obj{"cursor": next})
	got := slices.Concat(first, rest)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || end != nil {
		t.Errorf("got %d tasks, then %v", len(got), end)
	}
	for _, cursor := range []any{"x", 1, "MSB4"} {
		if m, _ := f.ask(legacy("tasks/list", obj{"cursor": cursor})); m.code() != wire.CodeInvalidParams {
			t.Errorf("cursor %v: got %+v", cursor, m)
		}
	}
	if m, _ := nobody.ask(legacy("tasks/list", nil)); m.code() != wire.CodeMethodNotFound {
		t.Errorf("nobody: got %+v", m)
	}
}

func TestLegacyTasksAreOf20251125Alone(t *testing.T) {
	t.Parallel()
	f := start(t)
	nobody := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	offered := func(f *front, version string) obj {
		t.Helper()
		m, _ := f.ask(hello(version, obj{}))
		caps, _ := m.Result["capabilities"].(obj)
		can, _ := caps["tasks"].(obj)
		return can
	}
	can := offered(f, "2025-11-25")
	requests, _ := can["requests"].(obj)
	calls, _ := requests["tools"].(obj)
	if can["list"] == nil || can["cancel"] == nil || calls["call"] == nil {
		t.Errorf("got %v", can)
	}
	if can := offered(nobody, "2025-11-25"); can["list"] != nil || can["cancel"] == nil {
		t.Errorf("nobody: got %v", can)
	}
	if can := offered(f, "2025-06-18"); can != nil {
		t.Errorf("2025-06-18: got %v", can)
	}
	support := func(d *draft) map[string]any {
		t.Helper()
		m, _ := f.ask(d)
		got := map[string]any{}
		for _, tool := range m.Result["tools"].([]any) {
			if execution, ok := tool.(obj)["execution"].(obj); ok {
				got[tool.(obj)["name"].(string)] = execution["taskSupport"]
			}
		}
		return got
	}
	if got := support(legacy("tools/list", nil)); got["any"] != "optional" || got["held"] != "forbidden" || got["required"] != "required" || got["background"] != "optional" {
		t.Errorf("got %v", got)
	}
	earlier := func(method string, params obj) *draft {
		d := legacy(method, params)
		d.header.Set(wire.HeaderVersion, "2025-06-18")
		return d
	}
	for _, d := range []*draft{earlier("tools/list", nil), modern("tools/list", nil)} {
		if got := support(d); len(got) != 0 {
			t.Errorf("%v: got %v", d.header, got)
		}
	}
	for _, method := range []string{"tasks/get", "tasks/result", "tasks/list", "tasks/cancel"} {
		if m, _ := f.ask(earlier(method, obj{"taskId": "x"})); m.code() != wire.CodeMethodNotFound {
			t.Errorf("%s on 2025-06-18: got %+v", method, m)
		}
	}
	for _, method := range []string{"tasks/result", "tasks/list"} {
		if m, r := f.ask(modern(method, obj{"taskId": "x"})); m.code() != wire.CodeMethodNotFound || r.status != 404 {
			t.Errorf("%s on 2026-07-28: got %d %+v", method, r.status, m)
		}
	}
	f.play(func(c claimed) { c.finish("plain") })
	if m, _ := f.ask(earlier("tools/call", augmented("any"))); text(m.Result) != "plain" {
		t.Errorf("on 2025-06-18 task means nothing: got %+v", m)
	}
}

func TestProgressOfALegacyTaskRisesFromStreamToStream(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	id := a.legacyTask(obj{"_meta": obj{"progressToken": "p"}})
	c := a.claim()
	last := -1.0
	watch := func(f *front, words string) {
		t.Helper()
		r := f.send(f.soon(), legacy("tasks/result", obj{"taskId": id}))
		defer r.body.Close()
		for {
			m := r.next()
			value, _ := m.Params["progress"].(float64)
			if m.Method != "notifications/progress" || m.Params["progressToken"] != "p" || !isRelated(m.Params, id) {
				t.Fatalf("got %+v", m)
			}
			if value <= last {
				t.Fatalf("%v after %v", value, last)
			}
			if total, ok := m.Params["total"].(float64); ok && (total < value || total > 101) {
				t.Errorf("%v of %v", value, total)
			}
			last = value
			if m.Params["message"] == words {
				return
			}
		}
	}
	for _, step := range []struct {
		done  float64
		words string
	}{{50, "half"}, {50, "still half"}, {10, "started again"}, {60, "further"}, {100, "nearly"}} {
		c.progress(step.done, 100, step.words)
		watch(a, step.words)
		watch(b, step.words) // nothing happened meanwhile
	}
	if last < 100 || last > 100.1 {
		t.Errorf("progress ended at %v", last)
	}
}

func TestASilentResultPingsWithProgress(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Ping = 10 * time.Millisecond })
	id := f.legacyTask(obj{"_meta": obj{"progressToken": 1}})
	r := f.send(f.soon(), legacy("tasks/result", obj{"taskId": id}))
	defer r.body.Close()
	last := -1.0
	for range 5 {
		m := r.next()
		if value, _ := m.Params["progress"].(float64); value <= last {
			t.Fatalf("%v after %v", value, last)
		} else {
			last = value
		}
	}
	if r.pings == 0 {
		t.Error("no ping")
	}
	f.Drain()
	for {
		if m := r.next(); m.Method == "" {
			if m.code() != wire.CodeUnavailable {
				t.Errorf("at a deploy: got %+v", m)
			}
			return
		}
	}
}
