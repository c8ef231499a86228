package matrix

import "github.com/longhaul-mcp/longhaul/e2e/rig"

// resuming is a client before 2026-07-28 without tasks: its call stays open, and a stream that broke is resumed by the id of its last
// event.
type resuming struct {
	*session
	primed bool // its streams begin with an event without data: since 2025-11-25
}

func newResuming20251125(w *wire, caps rig.Object) client {
	return &resuming{newSession(w, "2025-11-25", caps), true}
}

func newResuming20250618(w *wire, caps rig.Object) client {
	return &resuming{newSession(w, "2025-06-18", caps), false}
}

// held is a call whose stream may go on as another one.
type held struct {
	*resuming
	request  int
	progress progress
	stream   *rig.Reading
	last     string      // id of the last event
	response rig.Message // once it is there
	means    []string
}

func (c *resuming) begin(tool string, arguments, meta rig.Object) call {
	x := &held{resuming: c, progress: c.track()}
	d := c.next("tools/call", called(tool, arguments, meta, x.progress.token))
	x.request, x.stream = c.last, c.open(d)
	return x
}

// next is the next message. ok is false if the stream has ended.
func (x *held) next() (m rig.Message, ok bool) {
	x.t.Helper()
	if m, ok = x.stream.TryNext(); !ok {
		return m, false
	}
	bare := m.Method == "" && m.Result == nil && m.Error == nil
	if first := x.last == ""; m.Event != "" && bare != (x.primed && first) {
		x.t.Errorf("first event: %v, without data: %v, on %s", first, bare, x.revision)
	}
	if m.Event != "" {
		x.last = m.Event
	}
	if bare {
		return x.next()
	}
	return m, true
}

func (x *held) at() string { return x.stream.Host() }

func (x *held) moves() {
	x.t.Helper()
	if m, _ := x.next(); !x.progress.see(x.wire, m) {
		x.t.Fatalf("no progress: %+v", m)
	}
}

func (x *held) handed() {
	x.t.Helper()
	if o := x.answer(); o.result == nil || !isHandle(o.result) {
		x.t.Fatalf("no handle: %+v", o)
	}
}

func (x *held) cancel() {
	x.tell(rig.Object{"method": "notifications/cancelled", "params": rig.Object{"requestId": x.request}})
}

func (x *held) drop() { x.stream.Drop() }

func (x *held) comeBack() {
	x.t.Helper()
	for m, ok := x.next(); ok; m, ok = x.next() { // what came before the stream broke
		x.progress.see(x.wire, m)
	}
	if x.last == "" {
		x.t.Fatal("the stream's events have no ids to come back by")
	}
	d := x.message(nil)
	d.Header.Set("Last-Event-ID", x.last)
	x.stream, x.means = x.open(d), []string{"resumed"}
}

func (x *held) end() outcome {
	x.t.Helper()
	o := x.answer()
	if o.result != nil && isHandle(o.result) {
		return x.follow(o.result)
	}
	return o
}

// answer waits for the call's answer. There is none if its stream ended without.
func (x *held) answer() outcome {
	x.t.Helper()
	for x.response.Result == nil && x.response.Error == nil {
		m, ok := x.next()
		switch {
		case !ok:
			return outcome{means: x.means}
		case x.progress.see(x.wire, m) || x.asked(m):
		case !isNumber(m.ID, x.request):
			x.t.Fatalf("not the answer to request %d: %+v", x.request, m)
		default:
			x.response = m
		}
	}
	o := x.outcomeOf(x.response)
	o.means = x.means
	return o
}
