package server_test

import (
	"encoding/json"
	"io"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// wrong are values of every kind that JSON has: whatever a member is to be, most of them are something else.
var wrong = []any{nil, true, 7, -1.5, "x", []any{}, []any{7}, obj{}, obj{"x": []any{}}}

// paths are the ways to every member of an object, with those of the objects in it.
func paths(o obj) (list [][]string) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		list = append(list, []string{name})
		if inner, ok := o[name].(obj); ok {
			for _, p := range paths(inner) {
				list = append(list, append([]string{name}, p...))
			}
		}
	}
	return list
}

// with is a copy of an object with another value in one place.
func with(o obj, path []string, value any) obj {
	o = maps.Clone(o)
	if len(path) > 1 {
		value = with(o[path[0]].(obj), path[1:], value)
	}
	o[path[0]] = value
	return o
}

// firstWord is the first message of an answer, as it is written.
func (f *front) firstWord(d *draft) string {
	f.t.Helper()
	r := f.send(f.soon(), d)
	defer r.body.Close()
	for r.streamed() {
		e, err := r.event()
		if err != nil || e.data != "" {
			return e.data
		}
	}
	b, err := io.ReadAll(r.lines)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(b)
}

var goWords = regexp.MustCompile(`\bGo |json:|\bstruct\b|interface|unmarshal|map\[|int64|server\.|wire\.|mcp\.|tasks\.[A-Z]`)

// Whatever member of a request is of the wrong type: the answer says so in the protocol's words.
func TestWrongTypesAreToldInTheProtocolsWords(t *testing.T) {
	t.Parallel()
	f := mirroring(t, github)
	id := f.task()
	c := f.claim()
	c.put("q", tasks.FormSchema("?", raw(`{"type":"object","properties":{"a":{"type":"string"}}}`)))
	uri := obj{"uri": "github+repo://a"}
	prompt := obj{"name": "github_review", "arguments": obj{"language": "go"}}
	completion := obj{"ref": obj{"type": "ref/prompt", "name": "github_review"}, "argument": obj{"name": "l", "value": "v"}, "context": obj{"arguments": obj{"a": "b"}}}
	answers := obj{"q": obj{"action": "accept", "content": obj{"a": "b"}}}
	call := obj{"name": "crawl", "arguments": obj{"url": "x"}, "task": obj{"ttl": 1000}, "inputResponses": answers, "requestState": "s"}
	manage := obj{"name": "task_answer", "arguments": obj{"taskId": id, "answers": obj{"q": obj{"a": "b"}}}}
	wait := obj{"name": "task_wait", "arguments": obj{"taskId": id, "seconds": 1}}
	list := obj{"cursor": "c"}
	listen := obj{"notifications": obj{
		"taskIds": []string{id}, "resourceSubscriptions": []string{"github+repo://a"}, "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
	}}
	ofTask := obj{"taskId": id}
	meta := func(d *draft) {
		maps.Copy(d.meta(), obj{
			wire.MetaLogLevel: "info", wire.MetaKey: "k", wire.MetaStart: "2026-12-24T18:00:00Z", "progressToken": "p", "traceparent": "00",
		})
	}
	var drafts []*draft
	for _, m := range []struct {
		method string
		params obj
	}{
		{"tools/call", call}, {"tools/call", manage}, {"tools/call", wait}, {"tools/list", list}, {"tasks/get", ofTask},
		{"tasks/update", obj{"taskId": id, "inputResponses": answers}}, {"tasks/cancel", obj{"taskId": "none"}}, {"subscriptions/listen", listen},
		{"prompts/list", list}, {"prompts/get", prompt}, {"completion/complete", completion}, {"resources/list", list}, {"resources/templates/list", list},
		{"resources/read", uri}, {"server/discover", obj{}},
	} {
		drafts = append(drafts, modern(m.method, m.params, meta))
	}
	x := f.initialize("2025-11-25", canFill())
	for _, m := range []struct {
		method string
		params obj
	}{
		{"tools/call", call}, {"tools/call", manage}, {"tools/list", list}, {"tasks/get", ofTask}, {"tasks/list", list}, {"tasks/cancel", obj{"taskId": "none"}},
		{"tasks/result", obj{"taskId": "none"}}, {"resources/list", list}, {"resources/templates/list", list}, {"resources/read", uri},
		{"resources/subscribe", uri}, {"resources/unsubscribe", uri}, {"prompts/list", list}, {"prompts/get", prompt}, {"completion/complete", completion},
		{"ping", obj{}}, {"logging/setLevel", obj{"level": "info"}},
	} {
		params := maps.Clone(m.params)
		params["_meta"] = obj{"progressToken": 1}
		drafts = append(drafts, x.request(m.method, params))
	}
	drafts = append(drafts, hello("2025-11-25", obj{"elicitation": obj{"form": obj{}}, "roots": obj{"listChanged": true}, "sampling": obj{}, "tasks": obj{"list": obj{}}, "experimental": obj{}}),
		x.notice("notifications/cancelled", obj{"requestId": 9, "reason": "r"}), x.response(99, accepted(obj{"a": "b"})))
	for _, d := range drafts {
		var whole obj // as it is sent: with the types of package json
		b, _ := json.Marshal(d.body)
		_ = json.Unmarshal(b, &whole)
		for _, path := range paths(whole) {
			for _, value := range wrong {
				if value == nil && slices.Equal(path, []string{"id"}) {
					continue
				}
				other := &draft{body: with(whole, path, value), header: d.header.Clone()}
				got := f.firstWord(other)
				if at := goWords.FindStringIndex(got); at != nil {
					t.Errorf("%s %v: %v: …%s", d.body["method"], path, value, got[max(0, at[0]-100):min(len(got), at[1]+100)])
				}
			}
		}
	}
}
