package server_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// handles are the tools of the front end itself.
var handles = []string{"task_answer", "task_cancel", "task_get", "task_list", "task_wait"}

func structured(t *testing.T, m message) obj {
	t.Helper()
	v, ok := m.Result["structuredContent"].(obj)
	if !ok {
		t.Fatalf("no structured content: %+v", m)
	}
	return v
}

// watched waits until a request follows the task.
func (f *front) watched(id tasks.ID) {
	f.t.Helper()
	channel := "lh:{" + strconv.Itoa(id.Shard()) + "}:t:" + string(id)
	eventually(f.t, "somebody watches", func() bool { return f.rdb.PubSubNumSub(f.ctx, channel).Val()[channel] > 0 })
}

// manage calls a handle tool.
func (f *front) manage(tool string, args obj) message {
	f.t.Helper()
	m, _ := f.ask(modern("tools/call", obj{"name": tool, "arguments": args}, plainClient))
	return m
}

func TestACallIsHandedOut(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Hold = 30 * time.Millisecond })
	for name, d := range map[string]*draft{
		"after the server's hold":  modern("tools/call", obj{"name": "any"}, plainClient),
		"after the tool's hold":    modern("tools/call", obj{"name": "short"}, plainClient),
		"at once":                  modern("tools/call", obj{"name": "background"}, plainClient),
		"to an earlier revision":   legacy("tools/call", obj{"name": "any"}),
		"with progress on the way": modern("tools/call", obj{"name": "any"}, plainClient, token(1)),
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := f.ask(d)
			h, c := structured(t, m), f.claim()
			next, _ := h["next"].(obj)
			if h["taskId"] != string(c.Task) || h["status"] != "working" || next["tool"] != "task_wait" || m.Result["isError"] != nil {
				t.Errorf("got %+v", m)
			}
			if said := text(m.Result); !strings.Contains(said, "task_wait") || !strings.Contains(said, string(c.Task)) || len(said) > 500 {
				t.Errorf("said %q", said)
			}
			c.finish("done")
			m = f.manage("task_wait", obj{"taskId": c.Task})
			if text(m.Result) != "done" || structured(t, m)["status"] != "completed" {
				t.Errorf("task_wait: got %+v", m)
			}
		})
	}
	t.Run("never where there are no handles", func(t *testing.T) {
		f := start(t, func(o *server.Options) { o.Hold, o.NoHandles = time.Millisecond, true })
		f.play(func(c claimed) { f.watched(c.Task); c.finish("plain") })
		if m, _ := f.ask(modern("tools/call", obj{"name": "any"}, plainClient)); text(m.Result) != "plain" {
			t.Errorf("got %+v", m)
		}
		if m := f.manage("task_get", obj{"taskId": "x"}); m.code() != wire.CodeInvalidParams {
			t.Errorf("task_get: %+v", m)
		}
	})
	t.Run("at a deploy", func(t *testing.T) {
		f := start(t)
		answer := make(chan message, 1)
		go func() { m, _, _ := f.answer(legacy("tools/call", obj{"name": "any"})); answer <- m }()
		c := f.claim()
		f.watched(c.Task)
		f.Drain()
		if h := structured(t, <-answer); h["taskId"] != string(c.Task) {
			t.Errorf("got %+v", h)
		}
	})
}

func TestTaskWaitReturnsWhenSomethingHappens(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	waits := func(args obj) <-chan message {
		answer := make(chan message, 1)
		args["taskId"] = id
		go func() {
			m, _, _ := f.answer(modern("tools/call", obj{"name": "task_wait", "arguments": args}, plainClient))
			answer <- m
		}()
		return answer
	}
	if h := structured(t, <-waits(obj{"seconds": 1})); h["status"] != "working" || h["next"].(obj)["tool"] != "task_wait" {
		t.Errorf("its time is over: %+v", h)
	}
	answer := waits(obj{})
	f.watched(tasks.ID(id))
	c := f.claim()
	if h := structured(t, <-answer); h["status"] != "working" {
		t.Errorf("a worker took it: %+v", h)
	}
	answer = waits(obj{})
	f.watched(tasks.ID(id))
	c.ask("flavour")
	m := <-answer
	h := structured(t, m)
	if h["status"] != "input_required" || h["questions"].(obj)["flavour"] == nil || h["next"].(obj)["tool"] != "task_answer" || !strings.Contains(text(m.Result), "flavour?") {
		t.Errorf("it asked: %+v", m)
	}
	if m := f.manage("task_answer", obj{"taskId": id, "answers": obj{"flavor": obj{}}}); m.Result["isError"] != true || !strings.Contains(text(m.Result), `"flavor"`) {
		t.Errorf("an answer to nothing: %+v", m)
	}
	if h := structured(t, f.manage("task_answer", obj{"taskId": id, "answers": obj{"flavour": obj{"x": "vanilla"}}})); h["status"] != "working" {
		t.Errorf("answered: %+v", h)
	}
	if got := string(c.await("flavour")); got != `{"action":"accept","content":{"x":"vanilla"}}` {
		t.Errorf("the tool got %s", got)
	}
	answer = waits(obj{})
	f.watched(tasks.ID(id))
	c.end(tasks.Break, store.Outcome{Error: tasks.NewError(tasks.ReasonTimeout, "took too long")})
	if m := <-answer; m.Result["isError"] != true || !strings.Contains(text(m.Result), "took too long") {
		t.Errorf("it failed: %+v", m)
	}
}

func TestHandleToolsManageTasks(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	if h := structured(t, f.manage("task_get", obj{"taskId": id})); h["status"] != "working" || h["tool"] != "any" {
		t.Errorf("task_get: %+v", h)
	}
	list := structured(t, f.manage("task_list", obj{}))["tasks"].([]any)
	if len(list) != 1 || list[0].(obj)["taskId"] != id {
		t.Errorf("task_list: %+v", list)
	}
	if h := structured(t, f.manage("task_cancel", obj{"taskId": id})); h["status"] != "cancelled" {
		t.Errorf("task_cancel: %+v", h)
	}
	for name, args := range map[string]obj{"task_get": {"taskId": "nonsense"}, "task_wait": {}, "task_list": {"cursor": "x"}, "task_cancel": {"taskId": 1}} {
		if m := f.manage(name, args); m.Result["isError"] != true || text(m.Result) == "" {
			t.Errorf("%s %v: %+v", name, args, m)
		}
	}
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	if m := stranger.manage("task_get", obj{"taskId": id}); m.Result["isError"] != true || !strings.Contains(text(m.Result), "no task") {
		t.Errorf("another caller's: %+v", m)
	}
	if m := stranger.manage("task_list", obj{}); m.code() != wire.CodeInvalidParams {
		t.Errorf("a stranger's list: %+v", m)
	}
}

func TestAQuestionThatTheClientCannotAnswerComesWithTheHandle(t *testing.T) {
	t.Parallel()
	f := start(t)
	unable := func(d *draft) { d.meta()[wire.MetaCapabilities] = obj{} }
	for name, d := range map[string]*draft{
		"2026-07-28": modern("tools/call", obj{"name": "asks"}, unable),
		"2025-11-25": legacy("tools/call", obj{"name": "asks"}),
	} {
		t.Run(name, func(t *testing.T) {
			f.play(func(c claimed) { c.ask("name"); c.await("name"); c.finish("hello") })
			m, _ := f.ask(d)
			h := structured(t, m)
			if h["status"] != "input_required" || !strings.Contains(text(m.Result), "name?") {
				t.Fatalf("got %+v", m)
			}
			f.manage("task_answer", obj{"taskId": h["taskId"], "answers": obj{"name": obj{"action": "decline"}}})
			if m = f.manage("task_wait", obj{"taskId": h["taskId"]}); text(m.Result) != "hello" {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func TestHandleToolsAreListedForClientsWithoutTasks(t *testing.T) {
	t.Parallel()
	f := start(t)
	listed := func(d *draft) (names []string, schemas map[string]obj) {
		t.Helper()
		m, _ := f.ask(d)
		schemas = map[string]obj{}
		for _, v := range m.Result["tools"].([]any) {
			name := v.(obj)["name"].(string)
			names = append(names, name)
			schemas[name], _ = v.(obj)["outputSchema"].(obj)
		}
		return names, schemas
	}
	for name, c := range map[string]struct {
		draft *draft
		want  bool
	}{
		"2026-07-28 with tasks":    {modern("tools/list", nil), false},
		"2026-07-28 without tasks": {modern("tools/list", nil, plainClient), true},
		"2025-11-25":               {legacy("tools/list", nil), true},
	} {
		names, schemas := listed(c.draft)
		if !slices.IsSorted(names) {
			t.Errorf("%s: %v is not sorted", name, names)
		}
		for _, tool := range handles {
			if slices.Contains(names, tool) != c.want {
				t.Errorf("%s: %s listed %t, want %t", name, tool, !c.want, c.want)
			}
		}
		if _, either := schemas["short"]["anyOf"]; either != c.want {
			t.Errorf("%s: output schema %v", name, schemas["short"])
		}
	}
	// what a handle tool answers is what its schema says
	_, schemas := listed(legacy("tools/list", nil))
	id := f.task()
	for tool, args := range map[string]obj{"task_get": {"taskId": id}, "task_list": {}, "task_cancel": {"taskId": id}} {
		schema, err := tasks.CompileSchema(raw(mustJSON(schemas[tool])))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := json.Marshal(structured(t, f.manage(tool, args)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", tool, err)
		}
	}
}
