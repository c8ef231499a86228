package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestAHeldCallAsksOnItsStreamAndIsAnsweredThroughAnyReplica(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-06-18", canFill())
	given := make(chan string, 1)
	a.play(func(c claimed) {
		given <- string(c.await("name"))
		c.finish("done")
	})
	r := a.send(a.soon(), x.request("tools/call", obj{"name": "any"}))
	defer r.body.Close()
	m := r.nextRequest()
	if m.Method != "elicitation/create" || m.Params["message"] != "name?" || m.Params["_meta"] != nil {
		t.Errorf("got %+v", m)
	}
	if r := b.send(b.soon(), x.response(requestID(m), accepted(obj{"name": "Ada"}))); r.status != http.StatusAccepted {
		t.Errorf("answer: got %d", r.status)
	}
	if m := r.next(); text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
	if got := <-given; got != `{"action":"accept","content":{"name":"Ada"}}` {
		t.Errorf("the tool got %s", got)
	}
}

func TestALegacyTaskAsksOnTheStreamOfItsResult(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", canFill())
	id := a.taskIn(x)
	c := a.claim()
	c.ask("name")
	if m, _ := b.ask(x.request("tasks/get", obj{"taskId": id})); m.Result["status"] != "input_required" {
		t.Errorf("got %+v", m)
	}
	first := b.send(b.soon(), x.request("tasks/result", obj{"taskId": id}))
	q := first.nextRequest()
	if q.Method != "elicitation/create" || !isRelated(q.Params, id) {
		t.Errorf("got %+v", q)
	}
	first.body.Close() // its question goes to the next one
	second := a.send(a.soon(), x.request("tasks/result", obj{"taskId": id}))
	defer second.body.Close()
	if again := second.nextRequest(); requestID(again) != requestID(q) {
		t.Errorf("got %s, want the same request again: %s", again.ID, q.ID)
	}
	b.accept(x, requestID(q))
	c.await("name")
	c.finish("done")
	if m := second.next(); text(m.Result) != "done" || !isRelated(m.Result, id) {
		t.Errorf("got %+v", m)
	}
}

func TestAQuestionIsOnExactlyOneStream(t *testing.T) {
	t.Parallel()
	pinging := func(o *server.Options) { o.Ping = 20 * time.Millisecond }
	a, b := pair(t, pinging)
	x := a.initialize("2025-11-25", canFill())
	id := a.progressingTask(x)
	c := a.claim()
	first := b.send(b.soon(), x.request("tasks/result", obj{"taskId": id}))
	first.next() // progress: it carries what happens to the task
	second := a.send(a.soon(), x.request("tasks/result", obj{"taskId": id}))
	defer second.body.Close()
	c.ask("name")
	q := first.nextRequest()
	second.quiet()
	first.body.Close()
	if again := second.nextRequest(); requestID(again) != requestID(q) { // it had to wait for its turn
		t.Errorf("got %+v, want %s", again, q.ID)
	}
}

func TestAHeldCallTakesUpTheQuestionThatAnotherOneLeft(t *testing.T) {
	t.Parallel()
	pinging := func(o *server.Options) { o.Ping = 20 * time.Millisecond }
	a := start(t, pinging)
	b := replica(t, a.rdb, a.store, pinging)
	x := a.initialize("2025-11-25", canFill())
	first := b.send(b.soon(), x.request("tools/call", obj{"name": "twin"}))
	c := b.claim()
	c.ask("name")
	q := first.nextRequest()
	second := a.send(a.soon(), x.request("tools/call", obj{"name": "twin"})) // the same task
	defer second.body.Close()
	second.quiet()
	first.body.Close()
	if again := second.nextRequest(); requestID(again) != requestID(q) {
		t.Errorf("got %+v, want %s", again, q.ID)
	}
}

func TestAHeldCallTakesUpTheQuestionOfAReplicaThatDied(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Ping = 20 * time.Millisecond })
	x := f.initialize("2025-11-25", canFill())
	r := f.send(f.soon(), x.request("tools/call", obj{"name": "any"}))
	defer r.body.Close()
	c := f.claim()
	question := store.QuestionErrand(c.Lease.Task, "name")
	if ok, err := f.store.Carry(t.Context(), x.id, "dead", question, 200*time.Millisecond, store.Errand{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	c.ask("name") // whose stream says no more that it carries it
	if q := r.nextRequest(); q.Method != "elicitation/create" {
		t.Errorf("got %+v", q)
	}
}

func TestWhatAClientMayAnswer(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", canFill())
	strict := tasks.Question{Key: "age", Request: tasks.FormSchema("Age?", obj{"type": "object", "properties": obj{"age": obj{"type": "number"}}, "required": []string{"age"}})}
	for name, c := range map[string]struct {
		members obj
		status  int
		want    string
	}{
		"fits":         {accepted(obj{"age": 7}), 202, `{"action":"accept","content":{"age":7}}`},
		"declined":     {obj{"result": obj{"action": "decline"}}, 202, `{"action":"decline"}`},
		"an error":     {obj{"error": obj{"code": -1, "message": "no"}}, 202, `{"action":"cancel"}`},
		"does not fit": {accepted(obj{"age": "old"}), 400, `{"action":"cancel"}`},
		"no answer":    {obj{"result": obj{}}, 400, `{"action":"cancel"}`},
	} {
		t.Run(name, func(t *testing.T) {
			id := f.taskIn(x)
			attempt := f.claim()
			look := func() string {
				t.Helper()
				asked, err := f.store.Question(f.ctx, attempt.Lease, strict, true)
				attempt.check(err)
				return string(asked.Answer)
			}
			look()
			d := x.response(id+"/age", c.members)
			if r := f.send(f.soon(), d); r.status != c.status {
				t.Errorf("got %d, want %d", r.status, c.status)
			}
			if got := look(); got != c.want {
				t.Errorf("the tool got %s, want %s", got, c.want)
			}
			if r := f.send(f.soon(), x.response(id+"/age", accepted(obj{"age": 99}))); r.status != 202 {
				t.Errorf("a second answer: got %d", r.status)
			}
			if got := look(); got != c.want {
				t.Errorf("the second answer counted: %s", got)
			}
		})
	}
}

func TestAnAnswerToSomebodyElsesQuestionIsIgnored(t *testing.T) {
	t.Parallel()
	f := start(t)
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	x, theirs := f.initialize("2025-11-25", canFill()), stranger.initialize("2025-11-25", canFill())
	id := f.taskIn(x)
	c := f.claim()
	c.ask("name")
	for _, d := range []*draft{theirs.response(id+"/name", accepted(obj{})), theirs.response(7, accepted(obj{})), theirs.response("x/name", accepted(obj{}))} {
		if r := stranger.send(stranger.soon(), d); r.status != 202 {
			t.Errorf("got %d", r.status)
		}
	}
	if got := c.answer("name"); got != nil {
		t.Errorf("a stranger answered: %s", got)
	}
}

func TestOnlyKindsThatTheSessionDeclaredAreAsked(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		caps obj
		want tasks.Capabilities
	}{
		"nothing":  {obj{}, nil},
		"forms":    {canFill(), tasks.Capabilities{tasks.CanFillForms}},
		"sampling": {obj{"sampling": obj{}, "roots": obj{}}, tasks.Capabilities{tasks.CanListRoots, tasks.CanSample}},
	} {
		t.Run(name, func(t *testing.T) {
			x := f.initialize("2025-11-25", c.caps)
			if m, _ := f.ask(x.request("tools/call", augmented("any"))); m.Error != nil {
				t.Fatalf("got %+v", m.Error)
			}
			if got := f.claim().Capabilities.String(); got != c.want.String() {
				t.Errorf("the task may ask %q, want %q", got, c.want)
			}
		})
	}
}

func TestASessionThatCannotAnswerIsNotAsked(t *testing.T) {
	t.Parallel()
	f := start(t)
	able, unable := f.initialize("2025-11-25", canFill()), f.initialize("2025-11-25", obj{})
	id := f.taskIn(able)
	c := f.claim()
	c.ask("name")
	first := make(chan message, 1)
	go func() {
		m, err := message{}, error(nil)
		if r, tryErr := f.try(f.soon(), unable.request("tasks/result", obj{"taskId": id})); tryErr == nil {
			defer r.body.Close()
			m, err = r.read()
		} else {
			err = tryErr
		}
		if err != nil {
			t.Error(err)
		}
		first <- m
	}()
	f.awaitResult(unable, id)
	c.finish("done")
	if m := <-first; text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

// What a tool asks at once, each question by itself, costs the client one round.
func TestQuestionsThatComeTogetherAreAskedTogether(t *testing.T) {
	t.Parallel()
	f := start(t)
	together := 0
	for range 10 { // a machine may be slow between two questions, once
		f.play(func(c claimed) {
			c.ask("one")
			c.ask("two")
		})
		m, _ := f.ask(modern("tools/call", obj{"name": "held", "arguments": obj{}}))
		if open, _ := m.Result["inputRequests"].(obj); len(open) == 2 {
			together++
		}
	}
	if together < 8 {
		t.Errorf("%d of 10 times", together)
	}
}
