package server_test

import (
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

var person = tasks.FormSchema("Who?", raw(`{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0}}}`))

// put asks a question of any kind.
func (c claimed) put(key string, r tasks.InputRequest) {
	c.f.t.Helper()
	_, err := c.f.store.Question(c.f.ctx, c.Lease, tasks.Question{Key: key, Request: r}, true)
	c.check(err)
}

func TestAnAnswerFitsItsQuestion(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	c := f.claim()
	for key, r := range map[string]tasks.InputRequest{
		"person": person, "visit": tasks.Visit("Go", "https://example.com", "e"), "roots": tasks.Roots(),
		"sample": tasks.Sample(&mcp.CreateMessageParams{MaxTokens: 1}), "spoilt": tasks.FormSchema("?", raw(`{"type":5}`)),
		"done": form("done?"),
	} {
		c.put(key, r)
	}
	update := func(responses obj) (message, *response) {
		return f.ask(modern("tasks/update", obj{"taskId": id, "inputResponses": responses}))
	}
	if m, _ := update(obj{"done": obj{"action": "decline"}}); m.Error != nil {
		t.Fatal(m.Error)
	}
	visited := obj{"action": "accept"}
	wrong := []struct {
		key    string
		answer any
		says   string
	}{
		{"person", obj{}, "action"},
		{"person", obj{"action": "Accept"}, "action"},
		{"person", obj{"action": 1}, "action"},
		{"person", obj{"action": "accept"}, "name"},
		{"person", obj{"action": "accept", "content": nil}, "name"},
		{"person", obj{"action": "accept", "content": obj{}}, "name"},
		{"person", obj{"action": "accept", "content": []string{"Ada"}}, "object"},
		{"person", obj{"action": "accept", "content": obj{"name": 1}}, "/properties/name"},
		{"person", obj{"action": "accept", "content": obj{"name": "Ada", "age": -1}}, "minimum"},
		{"person", raw(`{"action":"decline","Action":"accept"}`), "name"}, // what its tool would read
		{"visit", obj{"action": "went"}, "action"},
		{"visit", obj{}, "action"},
		{"sample", obj{"action": "accept"}, "role"},
		{"sample", obj{"role": "assistant", "content": "words", "model": "m"}, "content"},
		{"sample", obj{"role": "assistant", "content": obj{}}, "model"},
		{"roots", obj{}, "roots"},
		{"roots", obj{"roots": obj{}}, "array"},
		{"spoilt", obj{"action": "accept", "content": 1}, "object"},
	}
	for _, test := range wrong {
		responses := obj{"visit": visited, "unknown": obj{}}
		responses[test.key] = test.answer
		m, r := update(responses)
		if r.status != 400 || m.code() != wire.CodeInvalidParams || !strings.Contains(m.Error.Message, `"`+test.key+`"`) ||
			!strings.Contains(m.Error.Message, test.says) || strings.Contains(m.Error.Message, "validating") {
			t.Errorf("%s %v: got %d %+v", test.key, test.answer, r.status, m.Error)
		}
	}
	if got := f.get(id); len(got["inputRequests"].(obj)) != 5 {
		t.Fatalf("after wrong answers: got %+v", got)
	}
	m, _ := update(obj{
		"visit": visited, "unknown": obj{"x": 1}, "done": obj{"action": "nonsense"}, // nobody asked, and answered already
		"person": obj{"action": "accept", "content": obj{"name": "Ada", "more": true}},
		"sample": obj{"role": "assistant", "content": obj{"type": "text", "text": "x"}, "model": "m", "stopReason": "endTurn"},
		"roots":  obj{"roots": []any{}},
		"spoilt": obj{"action": "accept", "content": obj{}},
	})
	if got := f.get(id); m.Error != nil || got["status"] != "working" {
		t.Errorf("right answers: got %+v, then %+v", m, got)
	}
	if got := string(c.answer("done")); !strings.Contains(got, "decline") {
		t.Errorf("the first answer became %s", got)
	}
}

func TestARefusalNeedsNoContent(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, answer := range []obj{{"action": "decline"}, {"action": "cancel", "content": obj{"name": 1}}} {
		id := f.task()
		f.claim().put("person", person)
		if m, _ := f.ask(modern("tasks/update", obj{"taskId": id, "inputResponses": obj{"person": answer}})); m.Error != nil {
			t.Errorf("%v: got %+v", answer, m.Error)
		}
		f.awaitStatus(id, tasks.Working)
	}
}

func TestAnswersBeforeThereIsATaskFit(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "asks", "arguments": obj{}}
	first, _ := f.ask(modern("tools/call", params))
	asked(t, first, "name", "city")
	m, r := f.ask(modern("tools/call", retry(params, first, obj{"name": accept("Ada"), "city": obj{"action": "yes"}})))
	if r.status != 400 || m.code() != wire.CodeInvalidParams || !strings.Contains(m.Error.Message, `"city"`) {
		t.Fatalf("got %d %+v", r.status, m)
	}
	second, _ := f.ask(modern("tools/call", retry(params, first, obj{"name": accept("Ada")})))
	asked(t, second, "city")
	last, _ := f.ask(modern("tools/call", retry(params, second, obj{"name": obj{}, "city": accept("Bern")})))
	if last.Result["resultType"] != "task" {
		t.Errorf("got %+v", last)
	}
}

func TestAnAnswerFromBeforeItsQuestionChangedIsNone(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "asks", "arguments": obj{}}
	first, _ := f.ask(modern("tools/call", params))
	second, _ := f.ask(modern("tools/call", retry(params, first, obj{"name": accept("Ada")})))
	asked(t, second, "city")
	changed := tasks.Tool{Name: "asks", Description: "Asks for more", InputSchema: raw(`{"type":"object"}`), Policy: tasks.Policy{
		Before: []tasks.Question{{Key: "name", Request: person}, {Key: "city", Request: form("Your city?")}},
	}}
	if _, err := f.store.Announce(t.Context(), "", []tasks.Tool{changed}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "name is asked again", func() bool {
		again, _ := f.ask(modern("tools/call", retry(params, second, obj{})))
		return again.Result["inputRequests"].(obj)["name"] != nil
	})
}

func TestAnswersOfAHeldCallFit(t *testing.T) {
	t.Parallel()
	f := start(t)
	params := obj{"name": "held", "arguments": obj{}}
	f.play(func(c claimed) {
		c.ask("more")
		one := c.await("one")
		more := c.await("more")
		two := c.await("two")
		c.finish(string(one) + string(more) + string(two))
	})
	first, _ := f.ask(modern("tools/call", params))
	for len(first.Result["inputRequests"].(obj)) < 2 { // the call saw one question before the other was there
		first, _ = f.ask(modern("tools/call", retry(params, first, obj{})))
	}
	asked(t, first, "one", "more")
	m, r := f.ask(modern("tools/call", retry(params, first, obj{"more": accept("m"), "one": obj{"action": "maybe"}})))
	if r.status != 400 || m.code() != wire.CodeInvalidParams || !strings.Contains(m.Error.Message, `"one"`) {
		t.Fatalf("got %d %+v", r.status, m)
	}
	again, _ := f.ask(modern("tools/call", retry(params, first, obj{})))
	asked(t, again, "one", "more") // nothing of that request was kept
	guessed, _ := f.ask(modern("tools/call", retry(params, first, obj{"one": accept("1"), "more": accept("m"), "two": obj{"action": "guess"}})))
	asked(t, guessed, "two") // it was not asked when the call came
	last, _ := f.ask(modern("tools/call", retry(params, guessed, obj{"two": accept("2")})))
	if got := text(last.Result); !strings.Contains(got, `"1"`) || !strings.Contains(got, `"m"`) || !strings.Contains(got, `"2"`) {
		t.Errorf("got %+v", last)
	}
}
