package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/wire"
)

// queuePosition is what a message says for programs about a task's place in the queue: nil if nothing.
func queuePosition(object obj) any {
	meta, _ := object["_meta"].(obj)
	progress, _ := meta[wire.MetaProgress].(obj)
	return progress["queuePosition"]
}

func often(o *server.Options) { o.Ping = 10 * time.Millisecond }

func TestACallThatWaitsIsToldItsPlace(t *testing.T) {
	t.Parallel()
	f := start(t, often)
	x := f.initialize("2025-11-25", obj{})
	task, _ := f.ask(x.request("tools/call", obj{"name": "any", "task": obj{}, "_meta": obj{"progressToken": "p"}}))
	id := task.Result["task"].(obj)["taskId"]
	for name, d := range map[string]*draft{
		"held on 2026-07-28": modern("tools/call", obj{"name": "any"}, plainClient, token("p")),
		"held on 2025-11-25": legacy("tools/call", obj{"name": "any", "_meta": obj{"progressToken": "p"}}),
		"tasks/result":       x.request("tasks/result", obj{"taskId": id}),
		"task_wait":          modern("tools/call", obj{"name": "task_wait", "arguments": obj{"taskId": id}}, plainClient, token("p")),
	} {
		t.Run(name, func(t *testing.T) {
			f.position.Store(3)
			r := f.send(f.soon(), d)
			defer r.body.Close()
			last := -1.0
			for _, want := range []struct {
				position int64
				words    string
			}{{3, "queued, position 3"}, {2, "queued, position 2"}, {0, "queued"}} {
				f.position.Store(want.position)
				for {
					m := r.next()
					if p := m.Params["progress"].(float64); p <= last {
						t.Fatalf("%v after %v", p, last)
					} else {
						last = p
					}
					if m.Params["message"] != want.words {
						continue // said before it moved up
					}
					if got, _ := queuePosition(m.Params).(float64); int64(got) != want.position {
						t.Errorf("%q says %v for programs", want.words, got)
					}
					break
				}
			}
		})
	}
}

func TestASubscriptionTellsThePlace(t *testing.T) {
	t.Parallel()
	f := start(t, often)
	id := f.task()
	f.position.Store(2)
	r := f.send(f.soon(), modern("subscriptions/listen", obj{"notifications": obj{"taskIds": []string{id}}}))
	defer r.body.Close()
	r.next() // the acknowledgement
	for _, want := range []int64{2, 1} {
		f.position.Store(want)
		for {
			m := r.next()
			if got, _ := queuePosition(m.Params).(float64); int64(got) != want {
				continue
			}
			if said, _ := m.Params["statusMessage"].(string); !strings.HasPrefix(said, "queued, position") {
				t.Errorf("said %q", said)
			}
			break
		}
	}
	f.claim()
	if m := r.next(); queuePosition(m.Params) != nil || m.Params["statusMessage"] == "queued, position 1" {
		t.Errorf("a worker has it: %+v", m.Params)
	}
	if got := f.get(id); queuePosition(got) != nil {
		t.Errorf("tasks/get asks the queue: %+v", got)
	}
}

func TestAHandleTellsThePlace(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Hold = 20 * time.Millisecond })
	f.position.Store(7)
	m, _ := f.ask(legacy("tools/call", obj{"name": "any"}))
	if h := structured(t, m); h["message"] != "queued, position 7" || h["progress"].(obj)["queuePosition"] != 7.0 || !strings.Contains(text(m.Result), "position 7") {
		t.Errorf("got %+v", m.Result)
	}
}
