package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
)

func TestACutStreamGoesOnOnAnyReplica(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
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
			if at = r.nextProgress(at, "unseen"); at != 2 { // the tool's own number as long as that rises
				t.Errorf("got %v", at)
			}
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
	before := r.last()
	c.finish("done")
	for range 2 {
		r.finished()
		after := r.last()
		if over := f.resume(x, after); over.status != http.StatusMethodNotAllowed { // it was received
			t.Errorf("after the answer: got %d", over.status)
		}
		r = f.resume(x, before)
	}
}

func TestAStreamIsOnOneConnection(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", canFill())
	_, first := a.heldIn(x, "any")
	c := a.claim()
	first.nextProgress(-1, "")
	second := b.resume(x, first.last()) // the first one has not noticed that it was cut
	first.ended()
	c.ask("name")
	q := second.nextRequest()
	a.accept(x, requestID(q))
	c.await("name")
	c.finish("done")
	second.finished()
}

func TestAResumedStreamAsksAgain(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-06-18", canFill())
	_, r := a.heldIn(x, "any")
	c := a.claim()
	r.nextProgress(-1, "")
	before := r.last()
	c.ask("name")
	q := r.nextRequest()
	second := b.resume(x, before) // whoever held the first one may have died with it: its lease is still there
	again := second.nextRequest()
	if requestID(again) != requestID(q) {
		t.Errorf("asked %s, then %s", q.ID, again.ID)
	}
	second = a.resume(x, second.last()) // now the client has it: once is enough
	b.accept(x, requestID(again))
	c.await("name")
	c.finish("done")
	m := second.next()
	for ; m.Method != ""; m = second.next() {
		if m.ID != nil {
			t.Errorf("asked again: %+v", m)
		}
	}
	if text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

func TestAResumedCallTellsItsLogOnce(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
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
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	d, r := a.heldIn(x, "any")
	a.claim()
	r.nextProgress(-1, "")
	r.body.Close()
	r = b.resume(x, r.last())
	r.nextProgress(-1, "")
	a.send(a.soon(), x.notice("notifications/cancelled", obj{"requestId": d.body["id"]})).body.Close()
	r.ended() // the client wants no answer

	if r := a.resume(x, r.last()); r.status != http.StatusMethodNotAllowed {
		t.Errorf("got %d", r.status)
	}
}

func TestTheStreamOfAResultGoesOn(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", canFill())
	id := a.progressingTask(x)
	c := a.claim()
	r := a.send(a.soon(), x.request("tasks/result", obj{"taskId": id}))
	at := r.nextProgress(-1, "")
	before := r.last()
	c.ask("name")
	q := r.nextRequest()
	r = b.resume(x, before)
	if again := r.nextRequest(); requestID(again) != requestID(q) || !isRelated(again.Params, id) {
		t.Errorf("got %+v", again)
	}
	a.accept(x, requestID(q))
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
	a, b := pair(t)
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
	before := r.last()
	c.finish("done")
	if m := r.answered(); text(m.Result) != "done" || string(m.ID) != mustJSON(d.body["id"]) {
		t.Errorf("got %+v", m)
	}
	if m := a.resume(x, before).answered(); text(m.Result) != "done" {
		t.Errorf("once more: got %+v", m)
	}
}

func TestADeployEndsAStreamThatGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	_, r := a.heldIn(x, "held") // there is no handle to end it with
	c := a.claim()
	r.nextProgress(-1, "")
	a.Drain()
	r.ended()
	r = b.resume(x, r.last())
	c.finish("done")
	r.finished()
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
