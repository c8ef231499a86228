package matrix

import (
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// extension is a client of 2026-07-28 that declares the Tasks extension.
type extension struct{ *wire }

func newExtension(w *wire, caps rig.Object) client {
	caps["extensions"] = rig.Object{"io.modelcontextprotocol/tasks": rig.Object{}}
	w.request = modern(caps)
	return &extension{w}
}

// modern makes requests of 2026-07-28 by a client that can do what caps say.
func modern(caps rig.Object) func(int, string, rig.Object) rig.Draft {
	meta := rig.Object{"io.modelcontextprotocol/clientCapabilities": caps}
	return func(id int, method string, params rig.Object) rig.Draft { return rig.Modern(id, method, params, meta) }
}

// extended is a call that became a task at once, which a subscription tells about.
type extended struct {
	*extension
	id       string
	seen     rig.Task
	answered bool
	stream   *rig.Reading
}

func (e *extension) begin(tool string, arguments, meta rig.Object) call {
	e.t.Helper()
	x := &extended{extension: e}
	var created rig.Task
	e.ask("tools/call", rig.Object{"name": tool, "arguments": arguments, "_meta": meta}, &created)
	if created.ResultType != "task" || created.ID == "" {
		e.t.Fatalf("no task: %+v", created)
	}
	x.id = created.ID
	x.listen()
	return x
}

func (x *extended) listen() {
	x.t.Helper()
	x.stream = x.open(x.next("subscriptions/listen", rig.Object{"notifications": rig.Object{"taskIds": []string{x.id}}}))
	if m := x.stream.Next(); m.Method != "notifications/subscriptions/acknowledged" {
		x.t.Fatalf("not acknowledged: %v", m)
	}
}

// news waits for the next word about the task, which is a whole one.
func (x *extended) news() rig.Task {
	x.t.Helper()
	m := x.stream.Next()
	if m.Method != "notifications/tasks" {
		x.t.Fatalf("got %v", m)
	}
	x.seen = rig.Task{}
	x.decode(m.Params, &x.seen)
	if x.seen.ID != x.id {
		x.t.Fatalf("news of another task: %s", m.Params)
	}
	return x.seen
}

func (x *extended) get() (t rig.Task) {
	x.t.Helper()
	x.ask("tasks/get", rig.Object{"taskId": x.id}, &t)
	return t
}

func (x *extended) at() string { return x.stream.Host() }

func (x *extended) moves() {
	x.t.Helper()
	for before := x.news().StatusMessage; x.news().StatusMessage == before; {
	}
}

func (x *extended) handed() {} // since it began

func (x *extended) cancel() { x.ask("tasks/cancel", rig.Object{"taskId": x.id}, new(rig.Object)) }

func (x *extended) drop() { x.stream.Drop() }

func (x *extended) comeBack() {
	x.t.Helper()
	x.listen()
	if t := x.get(); t.Status != "working" {
		x.t.Errorf("after the stream broke: %s", t)
	}
}

func (x *extended) end() outcome {
	x.t.Helper()
	for !x.seen.Terminal() {
		if t := x.news(); t.InputRequests["name"] != nil && !x.answered {
			x.ask("tasks/update", rig.Object{"taskId": x.id, "inputResponses": rig.Object{"name": accepted}}, new(rig.Object))
			x.answered = true
		}
	}
	t := x.get()
	if t.Status != x.seen.Status {
		x.t.Errorf("the subscription said %s, tasks/get says %s", x.seen, t)
	}
	return outcome{[]string{"task"}, t.Result, t.Status == "cancelled"}
}
