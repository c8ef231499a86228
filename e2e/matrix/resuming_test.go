package matrix

import "github.com/longhaul-mcp/longhaul/e2e/rig"

// resuming is a client before 2026-07-28 without tasks: its call stays open, and a stream that broke is resumed after its last event.
type resuming struct{ *session }

func newResuming(revision string) func(*wire, rig.Object) client {
	return func(w *wire, caps rig.Object) client { return &resuming{newSession(w, revision, caps)} }
}

// held is a call whose stream may go on as another one.
type held struct {
	wait
	handle *rig.Result // once it is there
	means  []string
}

func (c *resuming) begin(tool string, arguments, meta rig.Object) call {
	x := &held{wait: wait{session: c.session, progress: c.track()}}
	x.read(c.next("tools/call", called(tool, arguments, meta, x.progress.token)))
	x.id = c.last
	return x
}

func (x *held) handed() {
	x.t.Helper()
	if x.handle = x.answer().result; x.handle == nil || !isHandle(x.handle) {
		x.t.Fatalf("no handle: %s", x.handle.Text())
	}
}

func (x *held) cancel() {
	x.t.Helper()
	x.tell(rig.Object{"method": "notifications/cancelled", "params": rig.Object{"requestId": x.id}})
}

func (x *held) comeBack() {
	x.t.Helper()
	if x.rest(); x.event == "" {
		x.t.Fatal("the stream's events have no ids to come back by")
	}
	d := x.message(nil)
	d.Header.Set("Last-Event-ID", x.event)
	x.read(d)
	x.means = []string{"resumed"}
}

func (x *held) end() outcome {
	x.t.Helper()
	if x.handle != nil {
		return x.follow(x.handle)
	}
	o := x.answer()
	if o.result != nil && isHandle(o.result) {
		return x.follow(o.result)
	}
	o.means = x.means
	return o
}
