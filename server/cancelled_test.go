package server_test

import (
	"net/http"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func (f *front) withdraw(x *session, d *draft) {
	f.t.Helper()
	f.awaitNoted(x, d)
	r := f.send(f.soon(), x.notice("notifications/cancelled", obj{"requestId": d.body["id"]}))
	defer r.body.Close()
	if r.status != http.StatusAccepted {
		f.t.Errorf("got %d", r.status)
	}
}

// What a client cancels is its own request: a task that others wait for too goes on.
func TestCancellingACallOfASharedTaskIsForThatCallAlone(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	mine, theirs := x.request("tools/call", obj{"name": "twin"}), x.request("tools/call", obj{"name": "twin"})
	first := a.send(a.soon(), mine)
	defer first.body.Close()
	c := a.claim()
	second := b.send(b.soon(), theirs)
	defer second.body.Close()
	a.awaitNoted(x, theirs)
	b.withdraw(x, mine)
	first.ended()
	if task, err := a.store.Get(t.Context(), c.Task); err != nil || task.Status != tasks.Working {
		t.Errorf("got %+v, %v", task, err)
	}
	a.withdraw(x, theirs)
	second.ended()
	if task, err := a.store.Get(t.Context(), c.Task); err != nil || task.Status != tasks.Cancelled {
		t.Errorf("nobody waits any more: got %+v, %v", task, err)
	}
}

func TestCancellingAWaitEndsTheWait(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	id := a.taskIn(x)
	c := a.claim()
	for method, params := range map[string]obj{
		"tasks/result": {"taskId": id},
		"tools/call":   {"name": "task_wait", "arguments": obj{"taskId": id}},
	} {
		d := x.request(method, params)
		r := a.send(a.soon(), d)
		defer r.body.Close()
		b.withdraw(x, d)
		r.ended()
	}
	if task, err := a.store.Get(t.Context(), c.Task); err != nil || task.Status != tasks.Working {
		t.Errorf("got %+v, %v", task, err)
	}
}

func TestUnknownMethodsAreAnsweredInEveryRevision(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-03-26", obj{})
	for _, method := range []string{"nosuch", "tasks/update", "subscriptions/listen", "sampling/createMessage", "server/discover"} {
		for _, d := range []*draft{x.request(method, nil), legacy(method, obj{})} {
			if m, r := f.ask(d); m.code() != wire.CodeMethodNotFound || r.status != http.StatusOK {
				t.Errorf("%s: got %d %+v", method, r.status, m)
			}
		}
	}
	d := x.in(legacy("", nil))
	d.text = `[{"jsonrpc":"2.0","id":7,"method":"nosuch"}]`
	if answers, _ := f.answers(d); answers["7"].code() != wire.CodeMethodNotFound {
		t.Errorf("in a batch: got %+v", answers)
	}
}

func TestANotificationIsRefusedByItsStatus(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", obj{})
	d := x.in(legacy("", nil))
	d.text = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}`
	if r := f.send(f.soon(), d); r.status != http.StatusBadRequest {
		t.Errorf("got %d", r.status)
	}
}
