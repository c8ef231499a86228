package matrix

import (
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// wait is a request of a session that stays open, on whatever streams.
type wait struct {
	*session
	id       int // of the request
	progress progress
	stream   *rig.Reading
	begun    bool   // the stream has brought something
	event    string // id of the last event
}

func (x *wait) read(d rig.Draft) { x.stream, x.begun = x.open(d), false }

// next is the next message. ok is false if the stream has ended. Since 2025-11-25 streams whose events have ids begin with one that has no
// data; earlier clients would choke on that.
func (x *wait) next() (m rig.Message, ok bool) {
	x.t.Helper()
	m, ok = x.stream.TryNext()
	if m.Event == "" {
		return m, ok
	}
	empty := m.Method == "" && m.Result == nil && m.Error == nil
	if first := !x.begun; empty != (first && x.revision >= "2025-11-25") {
		x.t.Errorf("an event of %s, the first of its stream: %v, without data: %v", x.revision, first, empty)
	}
	x.event, x.begun = m.Event, true
	if empty {
		return x.next()
	}
	return m, ok
}

func (x *wait) at() string { return x.stream.Host() }

func (x *wait) moves() {
	x.t.Helper()
	if m, _ := x.next(); !x.progress.see(x.wire, m) {
		x.t.Fatalf("no progress: %v", m)
	}
}

func (x *wait) drop() { x.stream.Drop() }

// rest reads what came before the stream broke.
func (x *wait) rest() {
	x.t.Helper()
	for m, ok := x.next(); ok; m, ok = x.next() {
		x.progress.see(x.wire, m)
	}
}

// answer waits for the response, and answers what is asked meanwhile. There is none if the stream ended without.
func (x *wait) answer() outcome {
	x.t.Helper()
	for {
		m, ok := x.next()
		switch {
		case !ok:
			return outcome{}
		case x.progress.see(x.wire, m) || x.asked(m):
		case m.Error != nil && rig.IsCancelled(m.Error):
			return outcome{cancelled: true}
		case m.Result == nil || !isNumber(m.ID, x.id):
			x.t.Fatalf("not the answer to request %d: %v", x.id, m)
		default:
			return outcome{result: x.result(m.Result)}
		}
	}
}

// asked is true for a question. Its answer goes to another server than the one that asked.
func (x *wait) asked(m rig.Message) bool {
	x.t.Helper()
	if m.Method != "elicitation/create" {
		return false
	}
	x.tell(rig.Object{"id": m.ID, "result": accepted})
	return true
}

func isNumber(raw json.RawMessage, n int) bool {
	var got int
	return json.Unmarshal(raw, &got) == nil && got == n
}
