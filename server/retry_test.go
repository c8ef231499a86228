package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func accept(v string) obj { return obj{"action": "accept", "content": obj{"v": v}} }

func retry(params obj, m message, responses obj) obj {
	return obj{"name": params["name"], "arguments": params["arguments"], "inputResponses": responses, "requestState": m.Result["requestState"]}
}

func asked(t *testing.T, m message, keys ...string) {
	t.Helper()
	requests, _ := m.Result["inputRequests"].(obj)
	if m.Result["resultType"] != "input_required" || len(requests) != len(keys) || m.Result["taskId"] != nil {
		t.Fatalf("got %+v", m)
	}
	for _, key := range keys {
		if r, _ := requests[key].(obj); r["method"] != "elicitation/create" {
			t.Errorf("%s is not asked: %+v", key, requests)
		}
	}
	if s, _ := m.Result["requestState"].(string); s == "" {
		t.Error("no requestState")
	}
}

func TestQuestionsBeforeThereIsATask(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "asks", "arguments": obj{"a": 1, "b": 2}}
	first, _ := f.ask(modern("tools/call", params))
	asked(t, first, "name", "city")
	wrong, _ := f.ask(modern("tools/call", retry(params, first, obj{"unknown": accept("x")})))
	asked(t, wrong, "name", "city")
	second, _ := f.ask(modern("tools/call", retry(params, first, obj{"name": accept("Ada"), "more": accept("y")})))
	asked(t, second, "city")
	if len(f.deliveries) != 0 {
		t.Fatal("a task was created too early")
	}
	last, _ := f.ask(modern("tools/call", retry(params, second, obj{"city": accept("Bern")})))
	if last.Result["resultType"] != "task" || last.Result["requestState"] != nil {
		t.Fatalf("got %+v", last)
	}
	c := f.claim()
	for key, want := range map[string]string{"name": "Ada", "city": "Bern"} {
		request := tasks.Question{Key: key, Request: form("Your " + key + "?")}
		got, err := f.store.Question(t.Context(), c.Lease, request, true)
		if err != nil || !strings.Contains(string(got.Answer), want) {
			t.Errorf("%s: got %s, %v", key, got.Answer, err)
		}
	}
}

func TestQuestionsNeedTheCapability(t *testing.T) {
	t.Parallel()
	f := start(t)
	able := obj{"sampling": obj{}, "extensions": obj{wire.TasksExtension: obj{}}}
	m, r := f.ask(modern("tools/call", obj{"name": "asks"}, withMeta(wire.MetaCapabilities, able)))
	caps, _ := m.errorData()["requiredCapabilities"].(obj)
	if m.code() != wire.CodeMissingCapability || r.status != 400 || caps["elicitation"] == nil {
		t.Errorf("got %+v", m)
	}
}

func TestStateThatIsNotOurs(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := start(t)
	later := replica(t, f.rdb, f.store, func(o *server.Options) { o.Now = func() time.Time { return now.Add(2 * time.Hour) } })
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	params := obj{"name": "asks", "arguments": obj{"a": 1}}
	first, _ := f.ask(modern("tools/call", params))
	asked(t, first, "name", "city")
	state := first.Result["requestState"].(string)
	payload, mac, _ := strings.Cut(state, ".")
	with := func(state any, args obj) *draft {
		return modern("tools/call", obj{"name": "asks", "arguments": args, "requestState": state, "inputResponses": obj{"name": accept("x"), "city": accept("y")}})
	}
	tests := map[string]struct {
		front *front
		draft *draft
	}{
		"tampered":         {f, with(state+"-TAMPERED", obj{"a": 1})},
		"other payload":    {f, with(forge(t, payload)+"."+mac, obj{"a": 1})},
		"no signature":     {f, with(payload, obj{"a": 1})},
		"empty signature":  {f, with(payload+".", obj{"a": 1})},
		"garbage":          {f, with("x", obj{"a": 1})},
		"not a string":     {f, with(1, obj{"a": 1})},
		"expired":          {later, with(state, obj{"a": 1})},
		"another caller's": {stranger, with(state, obj{"a": 1})},
		"another call's":   {f, with(state, obj{"a": 2})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, r := test.front.ask(test.draft)
			if m.code() != wire.CodeInvalidParams || r.status != 400 || !strings.Contains(m.Error.Message, "requestState") {
				t.Errorf("got %d %+v", r.status, m)
			}
		})
	}
	other := replica(t, f.rdb, f.store)
	if m, _ := other.ask(with(state, obj{"a": 1})); m.Result["resultType"] != "task" {
		t.Errorf("through another replica: got %+v", m)
	}
}

// The key is replaced while replicas run: first every replica believes the new one too, then it signs, then the old one goes.
func TestTheSigningKeyIsReplaced(t *testing.T) {
	t.Parallel()
	f := start(t)
	var secret atomic.Value
	front := replica(t, f.rdb, f.store, func(o *server.Options) {
		o.Secret = func(context.Context) (string, error) { return secret.Load().(string), nil }
	})
	params := obj{"name": "asks", "arguments": obj{}}
	state := func() string {
		t.Helper()
		first, _ := front.ask(modern("tools/call", params))
		asked(t, first, "name", "city")
		return first.Result["requestState"].(string)
	}
	believed := func(state string) bool {
		t.Helper()
		m, _ := front.ask(modern("tools/call", obj{"name": "asks", "arguments": obj{}, "requestState": state, "inputResponses": obj{"name": accept("x"), "city": accept("y")}}))
		return m.Result["resultType"] == "task"
	}
	secret.Store("old")
	byOld := state()
	secret.Store("old new\n")
	if byOldStill := state(); !believed(byOld) || !believed(byOldStill) {
		t.Error("a second key changed what the first one signs")
	}
	secret.Store("new\nold")
	byNew := state()
	if !believed(byOld) || !believed(byNew) {
		t.Error("both keys should be believed")
	}
	secret.Store("new")
	if believed(byOld) || !believed(byNew) {
		t.Error("only the new key should be believed")
	}
	secret.Store(" \n")
	if m, r := front.ask(modern("tools/call", params)); r.status != 500 || m.code() != wire.CodeInternal {
		t.Errorf("without a key: %d %+v", r.status, m)
	}
}

func TestAnswersTooLargeForAStateAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "asks", "arguments": obj{}}
	first, _ := f.ask(modern("tools/call", params))
	asked(t, first, "name", "city")
	large := accept(strings.Repeat("x", 900<<10))
	m, r := f.ask(modern("tools/call", retry(params, first, obj{"name": large})))
	if m.code() != wire.CodeInvalidParams || r.status != 400 || !strings.Contains(m.Error.Message, "too large") {
		t.Errorf("got %d %+v", r.status, m)
	}
	last, _ := f.ask(modern("tools/call", retry(params, first, obj{"name": large, "city": accept("Bern")})))
	if last.Result["resultType"] != "task" {
		t.Errorf("all at once: got %+v", last)
	}
}

// forge changes what a state says about its end.
func forge(t *testing.T, payload string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var claims obj
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	claims["exp"] = 1e15
	return base64.RawURLEncoding.EncodeToString([]byte(mustJSON(claims)))
}

func TestQuestionsOfAHeldCall(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "held", "arguments": obj{}}
	f.play(func(c claimed) {
		one, two := c.await("one"), c.await("two")
		c.await("three")
		c.finish(string(one) + string(two))
	})
	first, _ := f.ask(modern("tools/call", params))
	asked(t, first, "one")
	second, _ := f.ask(modern("tools/call", retry(params, first, obj{"one": accept("1")}), withID(2)))
	asked(t, second, "two")
	if first.Result["requestState"] == second.Result["requestState"] {
		t.Error("the state did not change")
	}
	again, _ := f.ask(modern("tools/call", retry(params, second, obj{"wrong": accept("2")}), withID(3)))
	asked(t, again, "two")
	last, _ := f.ask(modern("tools/call", retry(params, again, obj{"two": accept("2"), "three": accept("3")}), withID(4)))
	if got := text(last.Result); last.Result["resultType"] != "complete" || !strings.Contains(got, `"1"`) || !strings.Contains(got, `"2"`) {
		t.Errorf("got %+v", last)
	}
	if len(f.deliveries) != 0 {
		t.Error("a repeat created another task")
	}
}

func TestAnAnswerResumesAParkedTask(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "held", "arguments": obj{}}
	f.play(func(c claimed) { c.ask("one") })
	first, _ := f.ask(modern("tools/call", params))
	asked(t, first, "one")
	f.playing.Wait()
	f.park(first)
	f.play(func(c claimed) { c.finish("resumed") })
	if m, _ := f.ask(modern("tools/call", retry(params, first, obj{"one": accept("1")}))); text(m.Result) != "resumed" {
		t.Errorf("got %+v", m)
	}
}

// park gives the slot of the asking attempt back.
func (f *front) park(m message) {
	f.t.Helper()
	payload, _, _ := strings.Cut(m.Result["requestState"].(string), ".")
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		f.t.Fatal(err)
	}
	var claims struct{ Task tasks.ID }
	if err := json.Unmarshal(b, &claims); err != nil {
		f.t.Fatal(err)
	}
	lease := store.Lease{Task: claims.Task, Attempt: 1, Token: "t"}
	if _, err := f.store.Release(f.t.Context(), lease, store.Release{Phase: tasks.Parked}); err != nil {
		f.t.Fatal(err)
	}
}
