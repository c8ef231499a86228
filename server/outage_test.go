package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

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

// createRefusal sends a create, and returns what its error says: "" if it succeeds.
func (f *front) createRefusal() string {
	f.t.Helper()
	m, r := f.ask(modern("tools/call", obj{"name": "any"}))
	if m.Error == nil {
		return ""
	}
	id, _ := m.errorData()["taskId"].(string)
	if _, err := tasks.ParseID(id); err != nil || r.status != 503 || m.code() != wire.CodeUnavailable || m.errorData()["retryAfterMs"] == nil {
		f.t.Errorf("got %d %+v, want 503 with advice and the task that may be there", r.status, m.Error)
	}
	return m.Error.Message
}

// A Redis at its maxmemory still tells of the tasks that it has.
func TestAFullRedisRefusesNewTasksAlone(t *testing.T) {
	t.Parallel()
	redis := redistest.Private(t, "--appendonly", "yes")
	f := startOn(t, redis.Options())
	id := f.task()
	rdb := redis.Client(t)
	rdb.ConfigSet(t.Context(), "maxmemory", "1")
	if said := f.createRefusal(); said != "the task store is full: try again in 2 seconds" {
		t.Errorf("a create is told %q", said)
	}
	f.get(id)
	code, state := f.ready()
	if w, _ := state["warnings"].([]any); code != 200 || len(w) != 1 || !strings.Contains(w[0].(string), "full") {
		t.Errorf("ready answers %d %v", code, state)
	}
	rdb.ConfigSet(t.Context(), "maxmemory", "0")
	if said := f.createRefusal(); said != "" {
		t.Errorf("a create is told %q once there is memory", said)
	}
	if code, state = f.ready(); code != 200 || state["warnings"] != nil {
		t.Errorf("ready answers %d %v", code, state)
	}
}

func TestAPasswordThatChangedIsTold(t *testing.T) {
	t.Parallel()
	redis := redistest.Private(t)
	f := startOn(t, redis.Options())
	f.task()
	admin := redis.Client(t).(*goredis.Client).Conn() // it stays logged in
	t.Cleanup(func() { admin.Close() })
	if err := admin.ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
		t.Fatal(err)
	}
	admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	if said := f.createRefusal(); said != "the task store does not accept this process's password or user: try again in 2 seconds" {
		t.Errorf("a create is told %q", said)
	}
	if code, state := f.ready(); code != 503 || state["store"] != "does not accept this process's password or user" {
		t.Errorf("ready answers %d %v", code, state)
	}
	admin.ConfigSet(t.Context(), "requirepass", "")
	eventually(t, "creates work again", func() bool { return f.createRefusal() == "" })
}

// A client does not send its answer again.
func TestAnAnswerOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	redis := redistest.Private(t)
	f := startOn(t, redis.Options())
	x := f.initialize("2025-11-25", canFill())
	r := f.send(f.soon(), x.request("tools/call", obj{"name": "any"}))
	defer r.body.Close()
	c := f.claim()
	c.ask("name")
	q := r.nextRequest()
	redis.Freeze()
	sent := make(chan int, 1)
	go func() {
		answer, err := f.try(f.soon(), x.response(requestID(q), accepted(obj{"name": "Ada"})))
		if err != nil {
			t.Error(err)
			sent <- 0
			return
		}
		defer answer.body.Close()
		sent <- answer.status
	}()
	time.AfterFunc(patient, redis.Thaw)
	if status := <-sent; status != 202 {
		t.Errorf("got %d", status)
	}
	c.await("name")
}
