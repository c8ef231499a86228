package chaos

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// at is a moment of the doctored history.
func at(seconds int) time.Time { return time.Unix(1_000_000+int64(seconds), 0) }

// events writes a record's events: "2 claim 1" happened in second 2.
func events(lines ...string) []Event {
	var list []Event
	for i, line := range lines {
		var second int
		rest := ""
		if _, err := fmt.Sscanf(line, "%d", &second); err == nil {
			_, rest, _ = strings.Cut(line, " ")
		}
		kind, body, _ := strings.Cut(rest, " ")
		list = append(list, Event{int64(i + 1), at(second), kind, body})
	}
	return list
}

func line(second, pid int, task, tool string, attempt int, what image.Event) image.Entry {
	return image.Entry{AtNs: at(second).UnixNano(), Event: what, Tool: tool, Task: task, Attempt: attempt, PID: pid}
}

func told(e image.Entry, question, text string) image.Entry {
	e.Name, e.Text = question, text
	return e
}

func step(e image.Entry, by int) image.Entry {
	e.Name, e.By = "step 0", by
	return e
}

func tallied(e image.Entry, n, by int) image.Entry {
	e.Unit, e.By = n, by
	return e
}

func seen(id, status string, result any) *rig.Task {
	doc, _ := json.Marshal(result)
	return &rig.Task{ID: id, Status: status, Result: &rig.Result{StructuredContent: doc}}
}

// sound is a history in which everything held: worker 101 was killed in second 5 with two attempts, both of which worker 102 took over.
func sound() *History {
	told1, told2, told3 := "call 1, name, answer 1", "call 1, colour, answer 1", "call 1, size, answer 1"
	echoed := func(n int) any { return image.Echoed{Arguments: json.RawMessage(fmt.Sprintf(`{"call":%d}`, n))} }
	client := func(n int, id, tool string, result any) *Client {
		c := &Client{Call: Call{N: n, Tool: tool, Arguments: map[string]any{"call": n}}, IDs: []string{id}, Seen: seen(id, "completed", result)}
		c.Finally = []rig.Task{*c.Seen, *c.Seen}
		return c
	}
	asking := client(1, "a", "asking", map[string]string{"name": told1, "colour": told2, "size": told3})
	for _, text := range []string{told1, told2, told3} {
		asking.Given = append(asking.Given, &Given{strings.Split(text, ", ")[1], text, at(2), at(3)})
	}
	asking.Listen, asking.Heard, asking.HeardAt = true, asking.Seen, at(5)
	keyed := client(2, "c", "checkpointing", echoed(2))
	keyed.Key, keyed.IDs = "key of call 2", []string{"c", "c"}
	cancelled := client(4, "o", "once", nil)
	cancelled.Call.Cancel, cancelled.Cancelled, cancelled.Seen = time.Second, true, seen("o", "cancelled", nil)
	cancelled.Finally = []rig.Task{*cancelled.Seen}
	h := &History{
		Slots: 2,
		Records: []*Record{
			{ID: "a", Tool: "asking", Status: "completed", Phase: "ended", Events: events("1 claim 1", "1 ask 1", "1 ask 1", "1 ask 1", "3 answer", "4 end 1"),
				Answers: map[string]string{"name": told1, "colour": told2, "size": told3}},
			{ID: "c", Tool: "checkpointing", Status: "completed", Phase: "ended", Key: "hash",
				Events: events("1 claim 1", `2 log {"m":"attempt 1 counts"}`, `2 progress {"m":"attempt 1 counts"}`, "20 reap 1", "21 claim 2", "23 end 2")},
			{ID: "x", Tool: "exclusive", Status: "completed", Phase: "ended", Events: events("1 claim 1", "20 reap 1", "21 claim 2", "23 end 2")},
			{ID: "o", Tool: "once", Status: "cancelled", Phase: "ended", Events: events("6 claim 1", "7 end")},
		},
		Clients: []*Client{asking, keyed, client(3, "x", "exclusive", echoed(3)), cancelled},
		Ledger: rig.Ledger{
			line(1, 102, "a", "asking", 1, image.Started),
			line(1, 101, "c", "checkpointing", 1, image.Started),
			line(1, 101, "x", "exclusive", 1, image.Started),
			step(line(2, 101, "c", "checkpointing", 1, image.Ran), 0),
			step(line(2, 101, "c", "checkpointing", 1, image.Remembered), 1),
			tallied(line(2, 101, "c", "checkpointing", 1, image.Marked), 3, 0),
			told(line(3, 102, "a", "asking", 1, image.Answered), "name", told1),
			line(4, 102, "a", "asking", 1, image.Ended),
			line(6, 102, "o", "once", 1, image.Started),
			line(7, 102, "o", "once", 1, image.Ended),
			line(21, 102, "c", "checkpointing", 2, image.Started),
			tallied(line(21, 102, "c", "checkpointing", 2, image.Resumed), 3, 1),
			line(21, 102, "x", "exclusive", 2, image.Started),
			step(line(22, 102, "c", "checkpointing", 2, image.Remembered), 1),
			line(23, 102, "c", "checkpointing", 2, image.Ended),
			line(23, 102, "x", "exclusive", 2, image.Ended),
			line(24, 102, "f", "few", 1, image.Started),
			line(24, 102, "g", "few", 1, image.Started),
			line(25, 102, "f", "few", 1, image.Ended),
			line(25, 102, "g", "few", 1, image.Ended),
		},
		Lives: []Life{{Name: "worker 1", PID: 101, Ended: at(5), Killed: true}, {Name: "worker 2", PID: 102}},
		Keys:  []Key{{"lh:{0}:t:a", true}, {"lh:{0}:t:a:ev", true}, {"lh:{0}:due", false}, {"asynq:{default}:t:c#1", true}},
	}
	return h
}

func (h *History) change(id string, do func(*Record)) { do(h.records()[id]) }

// doctored is, for each invariant, what it must notice.
var doctored = map[string]map[string]func(h *History){
	"every acknowledged task is there, and has ended by exactly one terminal event": {
		"lost":      func(h *History) { h.Records = h.Records[1:] },
		"unknown":   func(h *History) { h.Clients[0].Unknown = []string{"a"} },
		"open":      func(h *History) { h.change("a", func(r *Record) { r.Status, r.Phase = "working", "running" }) },
		"no end":    func(h *History) { h.change("a", func(r *Record) { r.Events = r.Events[:2] }) },
		"two ends":  func(h *History) { h.change("a", func(r *Record) { r.Events = append(r.Events, r.Events[5]) }) },
		"bad state": func(h *History) { h.change("a", func(r *Record) { r.Status = "input_required" }) },
	},
	"nothing follows a terminal event, and no event is missing before it": {
		"progress after the end": func(h *History) {
			h.change("a", func(r *Record) { r.Events = append(r.Events, Event{7, at(9), progress, `{"m":"attempt 1 goes on"}`}) })
		},
		"a gap": func(h *History) { h.change("a", func(r *Record) { r.Events[3].Seq = 9 }) },
	},
	"what a client saw ended stayed so, at every server": {
		"another status": func(h *History) { h.Clients[0].Finally[1].Status = "cancelled" },
	},
	"whoever listens to a task hears its end": {
		"silence":        func(h *History) { h.Clients[0].Heard = nil },
		"another status": func(h *History) { h.Clients[0].Heard = seen("a", "failed", nil) },
	},
	"an acknowledged cancel leaves no task open": {
		"still working": func(h *History) { h.change("o", func(r *Record) { r.Status = "working" }) },
	},
	"a task ends as its tool does": {
		"another call's result": func(h *History) { h.Clients[2].Seen.Result.StructuredContent = []byte(`{"arguments":{"call":7}}`) },
		"cancelled by nobody":   func(h *History) { h.Clients[0].Seen.Status = "cancelled" },
		"broken for no reason":  func(h *History) { h.Clients[0].Seen.Status = "failed" },
		"crashed without a crash": func(h *History) {
			h.Clients[0].Seen.Status, h.Clients[0].Seen.Error = "failed", &rig.Error{Data: []byte(`{"reason":"crashed"}`)}
		},
		"another's answer":    func(h *History) { h.Clients[0].Call.N = 9 },
		"an answer of nobody": func(h *History) { h.Clients[0].Seen.Result.StructuredContent = []byte(`{"name":"x"}`) },
	},
	"no write of an attempt is accepted after its successor's claim": {
		"a late end": func(h *History) { h.change("c", func(r *Record) { r.Events[5].Body = "1" }) },
		"a late log": func(h *History) {
			h.change("c", func(r *Record) { r.Events[5] = Event{6, at(22), logged, `{"m":"attempt 1 counts"}`} })
		},
		"a write after the reap":   func(h *History) { h.change("x", func(r *Record) { r.Events[2] = Event{3, at(21), asked, "1"} }) },
		"claimed twice":            func(h *History) { h.change("x", func(r *Record) { r.Events[2].Body = "1" }) },
		"progress of nobody":       func(h *History) { h.change("c", func(r *Record) { r.Events[2].Body = `{"m":"counting"}` }) },
		"a write before a claim":   func(h *History) { h.change("a", func(r *Record) { r.Events = r.Events[1:] }) },
		"a release of another one": func(h *History) { h.change("x", func(r *Record) { r.Events[1] = Event{2, at(20), released, "2"} }) },
	},
	"never more attempts of one worker at once than it has slots": {
		"one slot": func(h *History) { h.Slots = 1 },
	},
	"exclusive attempts of one task never run at once": {
		"the first goes on": func(h *History) { h.Lives[0].Ended = at(22) },
	},
	"never more attempts of a limited tool at once than its policy says": {
		"one too many": func(h *History) { h.Ledger = append(h.Ledger, line(24, 102, "h", "few", 1, image.Started)) },
	},
	"a tool that must not run again does not": {
		"it does": func(h *History) { h.Ledger = append(h.Ledger, line(9, 102, "o", "once", 2, image.Started)) },
	},
	"a step whose result was remembered never runs again": {
		"it does": func(h *History) {
			h.Ledger = append(h.Ledger, step(line(24, 102, "c", "checkpointing", 2, image.Ran), 0))
		},
		"another result": func(h *History) { h.Ledger[13].By = 2 },
	},
	"a checkpoint is never lost, and never taken back": {
		"lost":            func(h *History) { h.Ledger[11].Unit = 2 },
		"from the future": func(h *History) { h.Ledger[11].By = 2 },
		"forgotten":       func(h *History) { h.Ledger[11].Unit, h.Ledger[11].By = 0, 0 },
	},
	"each question has one answer, delivered the same every time": {
		"another one": func(h *History) { h.Ledger[6].Text = "call 1, name, answer 2" },
	},
	"the first answer that was acknowledged wins": {
		"none kept": func(h *History) { h.change("a", func(r *Record) { delete(r.Answers, "size") }) },
		"another's": func(h *History) { h.change("a", func(r *Record) { r.Answers["size"] = "call 9, size, answer 1" }) },
		"silence":   func(h *History) { h.change("a", func(r *Record) { r.Answers["size"] = image.Silence }) },
		"a later one": func(h *History) {
			h.change("a", func(r *Record) { r.Answers["size"] = "later" })
			h.Clients[0].Given = append(h.Clients[0].Given, &Given{"size", "later", at(4), at(5)})
		},
	},
	"one idempotency key leads to one task": {
		"two ids":     func(h *History) { h.Clients[1].IDs[1] = "x" },
		"two records": func(h *History) { h.change("x", func(r *Record) { r.Key = "hash" }) },
	},
	"no key of an ended task is without expiry": {
		"a list":       func(h *History) { h.Keys[1].Expires = false },
		"a delivery":   func(h *History) { h.Keys[3].Expires = false },
		"of no record": func(h *History) { h.Keys = append(h.Keys, Key{"lh:{0}:t:z:in", false}) },
	},
	"no clock holds a task that has ended": {
		"live": func(h *History) { h.Clocks = append(h.Clocks, Entry{"live", "a"}) },
	},
	"no program ends unless told": {
		"one does": func(h *History) { h.Lives[1].Astray = "panic: nil map" },
	},
}

func TestASoundHistoryIsAccepted(t *testing.T) {
	t.Parallel()
	for i, v := range judge(sound()) {
		if len(v.broken) > 0 || v.looked == 0 {
			t.Errorf("%s: looked at %d, found %q", invariants[i].name, v.looked, v.broken)
		}
	}
}

func TestEveryInvariantCanBreak(t *testing.T) {
	t.Parallel()
	for i, inv := range invariants {
		if len(doctored[inv.name]) == 0 {
			t.Errorf("nothing shows that this can break: %s", inv.name)
		}
		for how, change := range doctored[inv.name] {
			t.Run(inv.name+"/"+how, func(t *testing.T) {
				t.Parallel()
				h := sound()
				change(h)
				if v := judge(h)[i]; len(v.broken) == 0 {
					t.Error("it was not noticed")
				}
			})
		}
	}
}

// An answer that comes after the question's time is acknowledged, and ignored.
func TestSilenceCountsAfterTheLimit(t *testing.T) {
	t.Parallel()
	h := sound()
	h.change("a", func(r *Record) { r.Answers["size"] = image.Silence })
	h.Clients[0].Given[2].Acked = at(6)
	var v verdict
	if firstAnswerWins(h, &v); len(v.broken) > 0 {
		t.Errorf("%q", v.broken)
	}
}

// A process that was stopped could not stop its attempt.
func TestAStoppedProcessIsNotToBlame(t *testing.T) {
	t.Parallel()
	h := sound()
	h.Lives[0].Ended = at(22)
	h.Faults = []Injury{{Fault: Fault{Kind: OutliveBeat}, Began: at(2), Mended: at(22), PID: 101}}
	var v verdict
	if exclusiveAlone(h, &v); len(v.broken) > 0 {
		t.Errorf("blamed: %q", v.broken)
	}
}
