package matrix

import (
	"encoding/json"
	"maps"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// plain is a client of 2026-07-28 without tasks: its call stays open, and closing it is the only way to say stop.
type plain struct{ *wire }

func newPlain(w *wire, caps rig.Object) client {
	w.request = modern(caps)
	return &plain{w}
}

// single is a call that its client may have to make again: with the answers that it was asked for, or because it was lost.
type single struct {
	*plain
	tool            string
	arguments, meta rig.Object
	progress        progress
	stream          *rig.Reading
	result          *rig.Result // as it was answered
	means           []string
}

func (p *plain) begin(tool string, arguments, meta rig.Object) call {
	x := &single{plain: p, tool: tool, arguments: arguments, meta: meta}
	x.make(nil)
	return x
}

// make sends the call, as a request of its own each time.
func (x *single) make(more rig.Object) {
	x.progress = x.track()
	params := called(x.tool, x.arguments, x.meta, x.progress.token)
	maps.Copy(params, more)
	x.stream = x.open(x.next("tools/call", params))
}

func (x *single) at() string { return x.stream.Host() }

func (x *single) moves() {
	x.t.Helper()
	if m := x.stream.Next(); !x.progress.see(x.wire, m) {
		x.t.Fatalf("no progress: %v", m)
	}
}

func (x *single) handed() {
	x.t.Helper()
	if x.answer(); x.result == nil || !isHandle(x.result) {
		x.t.Fatalf("no handle: %s", x.result.Text())
	}
}

func (x *single) cancel() { x.drop() }

func (x *single) drop() { x.stream.Drop() }

func (x *single) comeBack() {
	x.make(nil)
	x.means = []string{"repeat"}
}

func (x *single) end() outcome {
	x.t.Helper()
	if x.result == nil {
		x.answer()
	}
	if x.result != nil && isHandle(x.result) {
		return x.follow(x.result)
	}
	return outcome{means: x.means, result: x.result}
}

// answer waits for the call's answer. There is none if its stream ended without.
func (x *single) answer() {
	x.t.Helper()
	for {
		m, ok := x.stream.TryNext()
		switch {
		case !ok:
			return
		case x.progress.see(x.wire, m):
		case m.Result == nil:
			x.t.Fatalf("got %v", m)
		case !x.asked(m.Result):
			x.result = x.wire.result(m.Result)
			return
		}
	}
}

// asked is true if the answer is a question: then the call is made again with what the question wants.
func (x *single) asked(raw json.RawMessage) bool {
	x.t.Helper()
	var answer struct {
		ResultType, RequestState string
		InputRequests            map[string]json.RawMessage
	}
	if x.decode(raw, &answer); answer.ResultType != "input_required" {
		return false
	}
	if answer.InputRequests["name"] == nil || answer.RequestState == "" {
		x.t.Fatalf("got %s", raw)
	}
	x.make(rig.Object{"inputResponses": rig.Object{"name": accepted}, "requestState": answer.RequestState})
	return true
}
