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
	wait
	task string
}

func (c *tasker) begin(tool string, arguments, meta rig.Object) call {
	c.t.Helper()
	x := &augmented{wait: wait{session: c.session, progress: c.track()}} // its token is for the task's life
	params := called(tool, arguments, meta, x.progress.token)
	params["task"] = rig.Object{}
	var created struct{ Task rig.Task }
	if c.ask("tools/call", params, &created); created.Task.ID == "" {
		c.t.Fatal("no task")
	}
	x.task = created.Task.ID
	x.collect()
	return x
}

func (x *augmented) collect() {
	x.read(x.wire.next("tasks/result", rig.Object{"taskId": x.task}))
	x.id = x.last
}

func (x *augmented) handed() {} // since it began

func (x *augmented) cancel() {
	x.t.Helper()
	var task rig.Task
	if x.ask("tasks/cancel", rig.Object{"taskId": x.task}, &task); task.Status != "cancelled" {
		x.t.Errorf("got %s", task)
	}
}

func (x *augmented) comeBack() {
	x.t.Helper()
	x.rest()
	x.collect()
}

// end checks tasks/get too: in this revision a task whose tool answered with an error has failed.
func (x *augmented) end() outcome {
	x.t.Helper()
	o, status := x.answer(), "completed"
	switch {
	case o.cancelled:
		status = "cancelled"
	case o.result == nil:
		x.t.Fatal("tasks/result ended without an answer")
	case o.result.IsError:
		status = "failed"
	}
	var task rig.Task
	if x.ask("tasks/get", rig.Object{"taskId": x.task}, &task); task.Status != status {
		x.t.Errorf("want %s, but %s", status, task)
	}
	o.means = []string{"task"}
	return o
}
