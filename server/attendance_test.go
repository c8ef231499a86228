package server_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestASessionsStreamTellsAboutItsTasks(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x, other := a.initialize("2025-11-25", canFill()), a.initialize("2025-11-25", canFill())
	early := a.taskIn(x)
	c := a.claim()
	stream, elsewhere := b.attend(x), b.attend(other)
	late := a.taskIn(x) // through another replica
	d := a.claim()
	d.finish("done")
	stream.nextStatus(late, "completed")
	c.ask("name")
	stream.nextStatus(early, "input_required")
	q := stream.nextRequest()
	if q.Method != "elicitation/create" || !isRelated(q.Params, early) {
		t.Errorf("got %+v", q)
	}
	a.accept(x, requestID(q))
	stream.nextStatus(early, "working")
	c.finish("done")
	stream.nextStatus(early, "completed")

	mine := a.taskIn(other) // what came before was none of its business
	a.claim().finish("done")
	elsewhere.nextStatus(mine, "completed")
	eventually(t, "ended tasks are forgotten", func() bool {
		_, ids, err := a.store.Attended(t.Context(), x.id)
		return err == nil && len(ids) == 0
	})
}

// A client learns of its task by the answer to its call, on another connection: a question that is there first has nobody to answer it.
func TestASessionsStreamIsSilentAboutANewTask(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", canFill())
	stream := f.attend(x)
	begin := time.Now()
	id := f.taskIn(x)
	f.claim().ask("name")
	stream.nextStatus(id, "input_required")
	if after := time.Since(begin); after < 500*time.Millisecond {
		t.Errorf("the stream tells about the task %s after the call began", after)
	}
	if q := stream.nextRequest(); requestID(q) != id+"/name" {
		t.Errorf("got %+v", q)
	}
}

func TestAQuestionGoesToTheResultsStreamWhileThereIsOne(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", canFill())
	id := a.taskIn(x)
	c := a.claim()
	stream := b.attend(x)
	waiting := make(chan *response, 1)
	go func() {
		r, err := a.try(a.soon(), x.request("tasks/result", obj{"taskId": id}))
		if err != nil {
			t.Error(err)
		}
		waiting <- r
	}()
	a.awaitResult(x, id)
	c.ask("name")
	result := <-waiting
	q := result.nextRequest()
	stream.nextStatus(id, "input_required")
	result.body.Close()
	if again := stream.nextRequest(); requestID(again) != requestID(q) { // only now
		t.Errorf("got %s, want %s", again.ID, q.ID)
	}
}

func TestASessionsStreamLeavesQuestionsToTheResults(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", canFill())
	id := f.taskIn(x)
	c := f.claim()
	const result = "the stream of a tasks/result"
	serves := store.ResultErrand(tasks.ID(id))
	if ok, err := f.store.Carry(t.Context(), x.id, result, serves, patience, store.Errand{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	stream := f.attend(x)
	c.ask("name")
	stream.nextStatus(id, "input_required")
	next := f.taskIn(x)
	f.claim().finish("done")
	stream.nextStatus(next, "completed") // and no question before
	if err := f.store.Drop(t.Context(), x.id, result, serves); err != nil {
		t.Fatal(err)
	}
	if q := stream.nextRequest(); requestID(q) != id+"/name" {
		t.Errorf("got %+v", q)
	}
}

func TestASecondStreamTakesTheFirstOnesPlace(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", canFill())
	id := a.taskIn(x)
	c := a.claim()
	first := a.attend(x)
	c.ask("name")
	first.nextStatus(id, "input_required")
	q := first.nextRequest()
	second := b.attend(x)
	if m, err := first.read(); !errors.Is(err, io.EOF) {
		t.Errorf("the first goes on: %+v, %v", m, err)
	}
	second.nextStatus(id, "input_required")
	if again := second.nextRequest(); requestID(again) != requestID(q) {
		t.Errorf("got %s, want %s", again.ID, q.ID)
	}
}

func TestWhatEndsASessionsStream(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	ends := func(what string, r *response) {
		t.Helper()
		if m, err := r.read(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: got %+v, %v", what, m, err)
		}
	}
	stream := a.attend(x)
	b.do(http.MethodDelete, x.header())
	ends("the session's end", stream)
	stream = a.attend(a.initialize("2025-11-25", obj{}))
	a.Drain()
	ends("a deploy", stream)
}

func TestASessionsStreamTellsThatTheToolsChanged(t *testing.T) {
	t.Parallel()
	f := start(t)
	m, _ := f.ask(hello("2025-06-18", obj{}))
	if tools, _ := m.Result["capabilities"].(obj)["tools"].(obj); tools["listChanged"] != true {
		t.Errorf("not advertised: %+v", m.Result)
	}
	stream := f.attend(f.initialize("2025-06-18", obj{}))
	fresh := tasks.Tool{Name: "fresh", Description: "New", InputSchema: raw(`{"type":"object"}`)}
	if _, err := f.store.Announce(t.Context(), "", []tasks.Tool{fresh}); err != nil {
		t.Fatal(err)
	}
	if m := stream.next(); m.Method != "notifications/tools/list_changed" || m.Params["_meta"] != nil {
		t.Errorf("got %+v", m)
	}
}
