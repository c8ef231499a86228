package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestWhatIsWrittenCanBeRead(t *testing.T) {
	t.Parallel()
	form := tasks.InputRequest{Method: "elicitation/create", Params: json.RawMessage(`{"mode":"form"}`)}
	next := created.Add(time.Hour)
	written := task(tasks.InputRequired, func(t *tasks.Task) {
		t.Questions = []tasks.Question{{Key: "k", Request: form}}
		t.Progress = tasks.Progress{Done: 1, Total: 4, Message: "m", ETA: 3 * time.Second}
		t.Delivery.Attempt, t.Failures, t.Attempts, t.LastErr, t.Next = 3, 1, 5, "no luck", next
	})
	got, err := wire.ReadTask(wire.Get(written, about))
	if err != nil {
		t.Fatal(err)
	}
	want := wire.TaskView{
		ID: string(written.ID), Status: tasks.InputRequired, StatusMessage: written.StatusMessage(),
		Created: created, Updated: created.Add(time.Second), PollInterval: written.PollInterval(),
		Questions: map[string]tasks.InputRequest{"k": form},
		Progress:  written.Progress,
		Attempts:  wire.Attempts{Attempt: 3, Failures: 1, Limit: 5, LastError: "no luck", Next: next},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTasksOfEarlierRevisionsCanBeRead(t *testing.T) {
	t.Parallel()
	got, err := wire.ReadTask([]byte(`{"taskId":"a","status":"working","createdAt":"yesterday","ttl":60000,"pollInterval":5000}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wire.TaskView{ID: "a", Status: tasks.Working, TTL: time.Minute, PollInterval: 5 * time.Second}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTaskListsCanBeRead(t *testing.T) {
	t.Parallel()
	list, next, err := wire.ReadTaskList([]byte(`{"tasks":[{"taskId":"a","tool":"t","status":"working","message":"m","createdAt":"2026-08-01T10:00:00.005Z",
		"progress":{"progress":1,"total":2,"message":"p","etaMs":1000}}],"nextCursor":"c"}`))
	want := []wire.ListedTask{{
		ID: "a", Tool: "t", Status: tasks.Working, StatusMessage: "m", Created: created,
		Progress: tasks.Progress{Done: 1, Total: 2, Message: "p", ETA: time.Second},
	}}
	if diff := cmp.Diff(want, list); diff != "" || next != "c" || err != nil {
		t.Errorf("next %q, %v: %s", next, err, diff)
	}
}

func TestParamHeadersHaveTheValueThatIsChecked(t *testing.T) {
	t.Parallel()
	found, err := wire.ParamHeaders([]byte(`{"properties":{"s":{"type":"string","x-mcp-header":"S"},"n":{"type":"integer","x-mcp-header":"N"},"b":{"type":"boolean","x-mcp-header":"B"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	args := []byte(`{"s":"Grüße","n":1e3,"b":false}`)
	for _, h := range found {
		value, ok := h.Value(args)
		if !ok {
			t.Errorf("%s: no value", h.Header)
		}
		if err := h.Check([]string{value}, args); err != nil {
			t.Error(err)
		}
		if _, ok := h.Value([]byte(`{"s":null,"n":null}`)); ok {
			t.Errorf("%s: a value for nothing", h.Header)
		}
	}
}
