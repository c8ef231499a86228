package server_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/wire"
)

// heldIn calls a tool in a session, with a progress token: the stream that comes back can be gone on with.
func (f *front) heldIn(x *session, tool string) (*draft, *response) {
	f.t.Helper()
	d := x.request("tools/call", obj{"name": tool, "_meta": obj{"progressToken": "p"}})
	r := f.send(f.soon(), d)
	f.t.Cleanup(func() { r.body.Close() })
	return d, r
}

// last is the id of the last event that was read.
func (r *response) last() string {
	r.t.Helper()
	if len(r.events) == 0 {
		r.t.Fatal("no event had an id")
	}
	return r.events[len(r.events)-1]
}

// resume goes on with a stream.
func (f *front) resume(x *session, event string) *response {
	f.t.Helper()
	h := x.header()
	h.Set(wire.HeaderLastEvent, event)
	return f.do(http.MethodGet, h)
}

// nextProgress reads up to the notification of progress that says words ("": any). Their values have to rise.
func (r *response) nextProgress(last float64, words string) float64 {
	r.t.Helper()
	for {
		m := r.next()
		value, _ := m.Params["progress"].(float64)
		if m.Method != "notifications/progress" || m.Params["progressToken"] != "p" || value <= last {
			r.t.Fatalf("got %+v after %v", m, last)
		}
		if last = value; words == "" || m.Params["message"] == words {
			return value
		}
	}
}

// answered reads the final answer, whatever comes before.
func (r *response) answered() message {
	r.t.Helper()
	for {
		if m := r.next(); m.Method == "" {
			return m
		}
	}
}

// ended expects the stream to end without an answer.
func (r *response) ended() {
	r.t.Helper()
	for {
		m, err := r.read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || m.Method == "" {
			r.t.Fatalf("got %+v, %v, want the end of the stream", m, err)
		}
	}
}

func TestACutStreamGoesOnOnAnyReplica(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	for version, primed := range map[string]int{"2025-03-26": 0, "2025-06-18": 0, "2025-11-25": 1} {
		t.Run(version, func(t *testing.T) {
			x := a.initialize(version, obj{})
			d, r := a.heldIn(x, "any")
			c := a.claim()
			c.progress(1, 10, "begun")
			at := r.nextProgress(-1, "begun")
			if r.primed != primed || (r.retry != "") != (primed == 1) {
				t.Errorf("%d empty events, retry %q", r.primed, r.retry)
			}
			seen := r.events
			r.body.Close()
			c.progress(2, 10, "unseen")

			r = b.resume(x, r.last())
			at = r.nextProgress(at, "unseen")
			c.progress(0, 10, "again from the top")
			at = r.nextProgress(at, "again from the top")
			seen = append(seen, r.events...)
			r.body.Close()

			r = a.resume(x, r.last())
			r.nextProgress(at, "again from the top") // nothing happened meanwhile
			c.finish("done")
			if m := r.answered(); text(m.Result) != "done" || string(m.ID) != mustJSON(d.body["id"]) {
				t.Errorf("got %+v", m)
			}
			unique := make(map[string]bool)
			for _, id := range append(seen, r.events...) {
				if unique[id] {
					t.Errorf("event %s came twice", id)
				}
				unique[id] = true
			}
		})
	}
}

func TestAResultThatNobodyReceivedIsSentAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", obj{})
	_, r := f.heldIn(x, "any")
	c := f.claim()
	r.nextProgress(-1, "")
	c.finish("done")
	for range 2 {
		if m := r.answered(); text(m.Result) != "done" {
			t.Errorf("got %+v", m)
		}
		r = f.resume(x, r.last())
	}
}

func TestAStreamIsOnOneConnection(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-11-25", canFill())
	_, first := a.heldIn(x, "any")
	c := a.claim()
	first.nextProgress(-1, "")
	second := b.resume(x, first.last()) // the first one has not noticed that it was cut
	first.ended()
	c.ask("name")
	q := second.nextRequest()
	a.send(a.soon(), x.response(requestID(q), accepted(obj{}))).body.Close()
	c.await("name")
	c.finish("done")
	if m := second.answered(); text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

func TestAResumedStreamAsksAgain(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-06-18", canFill())
	_, r := a.heldIn(x, "any")
	c := a.claim()
	c.ask("name")
	q := r.nextRequest()
	second := b.resume(x, r.last()) // whoever held the first one may have died with it: its lease is still there
	again := second.nextRequest()
	if requestID(again) != requestID(q) {
		t.Errorf("asked %s, then %s", q.ID, again.ID)
	}
	b.send(b.soon(), x.response(requestID(again), accepted(obj{}))).body.Close()
	c.await("name")
	c.finish("done")
	if m := second.answered(); text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

func TestAResumedCallTellsItsLogOnce(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-11-25", obj{})
	r := a.send(a.soon(), x.request("tools/call", obj{"name": "any"}))
	c := a.claim()
	c.log("info", "heard")
	if m := r.next(); m.Params["data"] != "heard" {
		t.Fatalf("got %+v", m)
	}
	r.body.Close()
	c.log("info", "missed")
	r = b.resume(x, r.last())
	if m := r.next(); m.Params["data"] != "missed" {
		t.Errorf("got %+v", m)
	}
	c.finish("done")
	if m := r.next(); text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

func TestAResumedCallIsHeldNoLonger(t *testing.T) {
	t.Parallel()
	const hold = 300 * time.Millisecond
	f := start(t, func(o *server.Options) { o.Hold = hold })
	x := f.initialize("2025-11-25", obj{})
	_, r := f.heldIn(x, "any")
	c := f.claim()
	r.nextProgress(-1, "")
	r.body.Close()
	eventually(t, "the call is over", func() bool {
		left, err := f.store.Resume(t.Context(), x.id, strings.Split(r.last(), ".")[0])
		return err == nil && left.Hold == 0
	})
	if m := f.resume(x, r.last()).answered(); m.Result["structuredContent"].(obj)["taskId"] != string(c.Task) {
		t.Errorf("got %+v, want a handle", m)
	}
}

func TestAResumedCallCanBeCancelled(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-11-25", obj{})
	d, r := a.heldIn(x, "any")
	a.claim()
	r.nextProgress(-1, "")
	r.body.Close()
	r = b.resume(x, r.last())
	r.nextProgress(-1, "")
	a.send(a.soon(), x.notice("notifications/cancelled", obj{"requestId": d.body["id"]})).body.Close()
	r.ended() // the client wants no answer

	if m := a.resume(x, r.last()).answered(); m.code() != wire.CodeCancelled { // but if it asks
		t.Errorf("got %+v", m)
	}
}

func TestTheStreamOfAResultGoesOn(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-11-25", canFill())
	m, _ := a.ask(x.request("tools/call", augmented("any", obj{"_meta": obj{"progressToken": "p"}})))
	id, _ := m.Result["task"].(obj)["taskId"].(string)
	c := a.claim()
	r := a.send(a.soon(), x.request("tasks/result", obj{"taskId": id}))
	at := r.nextProgress(-1, "")
	c.ask("name")
	q := r.nextRequest()
	r = b.resume(x, r.last())
	if again := r.nextRequest(); requestID(again) != requestID(q) || !isRelated(again.Params, id) {
		t.Errorf("got %+v", again)
	}
	a.send(a.soon(), x.response(requestID(q), accepted(obj{}))).body.Close()
	c.await("name")
	c.progress(1, 2, "further")
	r.nextProgress(at, "further")
	event := r.last()
	c.finish("done")
	for range 2 {
		if m := r.answered(); text(m.Result) != "done" || !isRelated(m.Result, id) {
			t.Errorf("got %+v", m)
		}
		r = a.resume(x, event)
	}
}

func TestAWaitGoesOn(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-11-25", obj{})
	m, _ := a.ask(x.request("tools/call", obj{"name": "background"}))
	id, _ := m.Result["structuredContent"].(obj)["taskId"].(string)
	c := a.claim()
	d := x.request("tools/call", obj{"name": "task_wait", "arguments": obj{"taskId": id}, "_meta": obj{"progressToken": "p"}})
	r := a.send(a.soon(), d)
	c.progress(1, 2, "half")
	at := r.nextProgress(-1, "half")
	r.body.Close()
	r = b.resume(x, r.last())
	c.progress(2, 2, "nearly")
	r.nextProgress(at, "nearly")
	c.finish("done")
	if m := r.answered(); text(m.Result) != "done" || string(m.ID) != mustJSON(d.body["id"]) {
		t.Errorf("got %+v", m)
	}
	if m := a.resume(x, r.last()).answered(); text(m.Result) != "done" {
		t.Errorf("once more: got %+v", m)
	}
}

func TestADeployEndsAStreamThatGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := replica(t, a.rdb, a.store)
	x := a.initialize("2025-11-25", obj{})
	_, r := a.heldIn(x, "held") // there is no handle to end it with
	c := a.claim()
	r.nextProgress(-1, "")
	a.Drain()
	r.ended()
	r = b.resume(x, r.last())
	c.finish("done")
	if m := r.answered(); text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

func TestWhatCannotBeResumed(t *testing.T) {
	t.Parallel()
	f := start(t)
	x, other := f.initialize("2025-11-25", obj{}), f.initialize("2025-11-25", obj{})
	_, r := f.heldIn(x, "any")
	r.nextProgress(-1, "")
	for name, c := range map[string]struct {
		session *session
		event   string
		status  int
	}{
		"another session's": {other, r.last(), http.StatusBadRequest},
		"of no session":     {&session{id: "none", version: x.version}, r.last(), http.StatusNotFound},
		"unknown":           {x, "AAAA.1-1", http.StatusBadRequest},
		"garbage":           {x, strings.Repeat("{}.-", 300), http.StatusBadRequest},
	} {
		res := f.resume(c.session, c.event)
		if m := res.next(); res.status != c.status || m.Error == nil {
			t.Errorf("%s: got %d %+v", name, res.status, m)
		}
	}
	if _, err := f.store.Resume(t.Context(), x.id, strings.Split(r.last(), ".")[0]); err != nil {
		t.Errorf("the stream itself: %v", err)
	}
	f.rdb.Del(t.Context(), "mcp-stream-"+strings.Split(r.last(), ".")[0])
	if _, err := f.store.Resume(t.Context(), x.id, r.last()); !errors.Is(err, store.ErrNoStream) {
		t.Errorf("a forgotten one: %v", err)
	}
}
