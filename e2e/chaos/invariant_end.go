package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/e2e/image"
)

// acknowledgedEnds: also what nobody was told of ends, once it is there.
func acknowledgedEnds(h *History, v *verdict) {
	records := h.records()
	for _, c := range h.Clients {
		for _, id := range append(c.acknowledged(), c.Unknown...) {
			if slices.Contains(c.Unknown, id) {
				v.breach("task %s was acknowledged, and unknown when its client asked", id)
			}
			if records[id] == nil {
				v.breach("task %s was acknowledged, and is not in Redis", id)
			}
		}
	}
	for _, r := range h.Records {
		v.looked++
		if n := r.Count(ended); n != 1 || !r.Ended() || !terminal(r.Status) {
			v.breach("task %s (%s) is %s, %s, and has %d terminal events", r.ID, r.Tool, r.Status, r.Phase, n)
		}
	}
}

func terminal(status string) bool {
	return status == "completed" || status == "failed" || status == "cancelled"
}

// nothingAfterTheEnd: events are numbered without gaps, but for progress that was replaced by later progress.
func nothingAfterTheEnd(h *History, v *verdict) {
	for _, r := range h.Records {
		var before int64
		for i, e := range r.Events {
			v.looked++
			if e.Seq != before+1 && (e.Kind != progress || e.Seq <= before) {
				v.breach("task %s: event %d (%s) follows event %d", r.ID, e.Seq, e.Kind, before)
			}
			if e.Kind == ended && i != len(r.Events)-1 {
				v.breach("task %s: %d events after its end, the first is %s", r.ID, len(r.Events)-1-i, r.Events[i+1].Kind)
			}
			before = e.Seq
		}
	}
}

func endsStay(h *History, v *verdict) {
	for _, c := range h.Clients {
		if c.Seen == nil {
			continue
		}
		for _, task := range c.Finally {
			v.looked++
			if task.Status != c.Seen.Status || task.Result.Text() != c.Seen.Result.Text() {
				v.breach("task %s was seen %s (%.80s), and later %s (%.80s)", c.ID(), c.Seen.Status, c.Seen.Result.Text(), task.Status, task.Result.Text())
			}
		}
	}
}

func endsAreHeard(h *History, v *verdict) {
	for _, c := range h.Clients {
		if !c.Listen || c.Seen == nil {
			continue
		}
		v.looked++
		if c.Heard == nil {
			v.breach("task %s ended %s, and no subscription said so within %s", c.ID(), c.Seen.Status, hearing)
		} else if c.Heard.Status != c.Seen.Status {
			v.breach("task %s ended %s, and a subscription said %s", c.ID(), c.Seen.Status, c.Heard.Status)
		}
	}
}

func cancelsEnd(h *History, v *verdict) {
	records := h.records()
	for _, c := range h.Clients {
		if !c.Cancelled {
			continue
		}
		v.looked++
		if r := records[c.ID()]; r != nil && !terminal(r.Status) {
			v.breach("task %s: its cancel was acknowledged, and it is %s", c.ID(), r.Status)
		}
	}
}

// endsFit compares how a task ended with what its tool does. What the engine may end: a task whose worker died three times under
// it, and one that must not run again.
func endsFit(h *History, v *verdict) {
	records, ledgers := h.records(), h.ledgers()
	for _, c := range h.Clients {
		r := records[c.ID()]
		if r == nil || c.Seen == nil {
			continue
		}
		v.looked++
		if why := unfit(c, r, ledgers[r.ID]); why != "" {
			v.breach("task %s (%s) ended %s: %s", r.ID, r.Tool, r.Status, why)
		}
	}
}

func unfit(c *Client, r *Record, ledger []image.Entry) string {
	switch c.Seen.Status {
	case "cancelled":
		if c.Call.Cancel == 0 {
			return "nobody cancelled it"
		}
	case "failed":
		return unfitFailure(c, r)
	case "completed":
		return unfitResult(c, ledger)
	}
	return ""
}

func unfitFailure(c *Client, r *Record) string {
	var data struct{ Reason string }
	if c.Seen.Error == nil || json.Unmarshal(c.Seen.Error.Data, &data) != nil {
		return "it says no reason"
	}
	switch {
	case data.Reason == "panic" && c.Tool == "panicking":
	case data.Reason == "rerun" && c.Tool == "once":
	case data.Reason == "crashed" && r.Count(reaped) >= 2: // the third crash ends it
	default:
		return c.Seen.Error.Error()
	}
	return ""
}

// unfitResult looks for what only this very call can have led to.
func unfitResult(c *Client, ledger []image.Entry) string {
	result := c.Seen.Result
	if result == nil {
		return "it has no result"
	}
	switch c.Tool {
	case "failing", "hopeless":
		if n := count(ledger, image.Ended); !result.IsError || c.Tool == "failing" && n < 3 {
			return fmt.Sprintf("error %t after %d attempts", result.IsError, n)
		}
		return ""
	case "panicking":
		return "it cannot complete"
	case "asking":
		return unfitAnswers(c, ledger)
	}
	var echoed image.Echoed
	want, _ := json.Marshal(c.Arguments) // they are numbers
	if json.Unmarshal(result.StructuredContent, &echoed) != nil || !sameJSON(echoed.Arguments, want) {
		return fmt.Sprintf("its result is %s, its arguments were %s", result.StructuredContent, want)
	}
	return ""
}

func unfitAnswers(c *Client, ledger []image.Entry) string {
	var told map[string]string
	if json.Unmarshal(c.Seen.Result.StructuredContent, &told) != nil || len(told) != len(image.Questions) {
		return "its result is " + string(c.Seen.Result.StructuredContent)
	}
	for _, e := range ledger {
		if e.Event == image.Answered && told[e.Name] != e.Text {
			return fmt.Sprintf("it was told %q, and answers %q", e.Text, told[e.Name])
		}
	}
	for _, text := range told {
		if text != image.Silence && !strings.HasPrefix(text, fmt.Sprintf("call %d,", c.N)) {
			return fmt.Sprintf("%q is the answer of another call", text)
		}
	}
	return ""
}

func count(ledger []image.Entry, what image.Event) int {
	n := 0
	for _, e := range ledger {
		if e.Event == what {
			n++
		}
	}
	return n
}

func sameJSON(a, b []byte) bool {
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || len(x) != len(y) {
		return false
	}
	for k := range x {
		if x[k] != y[k] {
			return false
		}
	}
	return true
}
