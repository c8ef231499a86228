package matrix

import "github.com/longhaul-mcp/longhaul/e2e/rig"

// tasker is a client of 2025-11-25 that calls tools as tasks, and waits for them by tasks/result.
type tasker struct{ *session }

func newTasker(w *wire, caps rig.Object) client {
	caps["tasks"] = rig.Object{}
	return &tasker{newSession(w, "2025-11-25", caps)}
}

// augmented is a call that became a task.
type augmented struct {
	*tasker
	id       string
	progress progress // of the task, on whatever stream
	stream   *rig.Reading
}

func (c *tasker) begin(tool string, arguments, meta rig.Object) call {
	c.t.Helper()
	x := &augmented{tasker: c, progress: c.track()}
	params := called(tool, arguments, meta, x.progress.token)
	params["task"] = rig.Object{}
	var created struct{ Task rig.Task }
	if c.ask("tools/call", params, &created); created.Task.ID == "" {
		c.t.Fatal("no task")
	}
	x.id = created.Task.ID
	x.wait()
	return x
}

func (x *augmented) wait() { x.stream = x.open(x.next("tasks/result", rig.Object{"taskId": x.id})) }

func (x *augmented) at() string { return x.stream.Host() }

func (x *augmented) moves() {
	x.t.Helper()
	if m := x.stream.Next(); !x.progress.see(x.wire, m) {
		x.t.Fatalf("no progress: %+v", m)
	}
}

func (x *augmented) handed() {} // since it began

func (x *augmented) cancel() {
	x.t.Helper()
	var task rig.Task
	if x.ask("tasks/cancel", rig.Object{"taskId": x.id}, &task); task.Status != "cancelled" {
		x.t.Errorf("got %s", task)
	}
}

func (x *augmented) drop() { x.stream.Drop() }

func (x *augmented) comeBack() {
	x.seeRest()
	x.wait()
}

// seeRest reads what came before the stream ended.
func (x *augmented) seeRest() {
	x.t.Helper()
	for m, ok := x.stream.TryNext(); ok; m, ok = x.stream.TryNext() {
		x.progress.see(x.wire, m)
	}
}

func (x *augmented) end() outcome {
	x.t.Helper()
	m := x.stream.Next()
	for x.progress.see(x.wire, m) || x.asked(m) {
		m = x.stream.Next()
	}
	o := x.outcomeOf(m)
	o.means = []string{"task"}
	x.checkStatus(o)
	return o
}

// checkStatus compares the outcome with what tasks/get says: in this revision a task whose tool answered with an error has failed.
func (x *augmented) checkStatus(o outcome) {
	x.t.Helper()
	want := "completed"
	switch {
	case o.cancelled:
		want = "cancelled"
	case o.result.IsError:
		want = "failed"
	}
	var task rig.Task
	if x.ask("tasks/get", rig.Object{"taskId": x.id}, &task); task.Status != want {
		x.t.Errorf("want %s, got %s", want, task)
	}
}
