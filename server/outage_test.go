package server_test

import (
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// patient: a request gives up after 2 s, as the documentation promises; the rest is slack for a busy machine.
const patient = 3 * time.Second

func TestAnOutageIsToldWithAdvice(t *testing.T) {
	t.Parallel()
	redis := redistest.Private(t)
	f := startOn(t, redis.Options())
	id := f.task()
	breaks := map[string]func(){"frozen": redis.Freeze, "dead": redis.Kill}
	for _, name := range []string{"frozen", "dead"} {
		breaks[name]()
		t.Run(name, func(t *testing.T) { f.refusesAll(t, id) })
	}
}

// refusesAll sends one request of each kind at once.
func (f *front) refusesAll(t *testing.T, id string) {
	var running sync.WaitGroup
	defer running.Wait()
	began := time.Now()
	for _, test := range []struct {
		draft  *draft
		traced bool // the answer names the task that may have been made
	}{
		{modern("tools/call", obj{"name": "any"}), true},
		{modern("tools/call", obj{"name": "held"}), true},
		{modern("tasks/get", obj{"taskId": id}), false},
		{modern("tasks/cancel", obj{"taskId": id}), false},
		{modern("subscriptions/listen", obj{"notifications": obj{"taskIds": []string{id}}}), false},
	} {
		running.Go(func() {
			m, r, err := f.answer(test.draft)
			if err != nil {
				t.Error(err)
				return
			}
			if r.status != 503 || m.code() != wire.CodeUnavailable || r.header.Get("Retry-After") != "2" || time.Since(began) > patient {
				t.Errorf("%v: got %d %+v after %s", test.draft.body, r.status, m, time.Since(began))
			}
			unknown, _ := m.errorData()["taskId"].(string)
			if _, err := tasks.ParseID(unknown); test.traced != (err == nil) {
				t.Errorf("%v: got %+v", test.draft.body, m.Error)
			}
		})
	}
	if code, _ := f.ready(); code != 503 || time.Since(began) > 3*time.Second {
		t.Errorf("ready answers %d after %s", code, time.Since(began))
	}
}
