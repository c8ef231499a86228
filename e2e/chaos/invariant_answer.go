package chaos

import (
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
)

// answersOnce: whoever asked, and however often, was told what Redis holds.
func answersOnce(h *History, v *verdict) {
	records := h.records()
	for _, e := range h.Ledger {
		if e.Event != image.Answered {
			continue
		}
		v.looked++
		if r := records[e.Task]; r != nil && r.Answers[e.Name] != e.Text {
			v.breach("task %s: attempt %d was told %q of %s, Redis holds %q", e.Task, e.Attempt, e.Text, e.Name, r.Answers[e.Name])
		}
	}
}

// firstAnswerWins: an answer that was sent after another had been acknowledged cannot be the one that counts, and one that was
// acknowledged while the task was open is not lost.
func firstAnswerWins(h *History, v *verdict) {
	records := h.records()
	for _, c := range h.Clients {
		r := records[c.ID()]
		if r == nil {
			continue
		}
		for _, question := range image.Questions {
			sent, acked := c.sent(question)
			if len(sent) == 0 || acked.IsZero() {
				continue
			}
			v.looked++
			text, kept := r.Answers[question]
			at, ours := sent[text]
			switch {
			case !kept && r.Status == "completed":
				v.breach("task %s: an answer to %s was acknowledged, and none was kept", r.ID, question)
			case text == image.Silence && r.lapses().After(acked):
				v.breach("task %s: an answer to %s was acknowledged in time, and counts as none", r.ID, question)
			case text == image.Silence:
			case kept && !ours:
				v.breach("task %s: %q, the answer to %s, was never given", r.ID, text, question)
			case kept && at.After(acked):
				v.breach("task %s: %q, the answer to %s, was given after another had been acknowledged", r.ID, text, question)
			}
		}
	}
}

// lapses is when the question with a limit can lapse at the earliest. It is asked together with another one, after the first.
func (r *Record) lapses() time.Time {
	n := 0
	for _, e := range r.Events {
		if e.Kind == asked {
			if n++; n == 2 {
				return e.At.Add(image.Limit)
			}
		}
	}
	return time.Time{}
}

// sent is when each answer to a question was sent, and when the first of them was acknowledged.
func (c *Client) sent(question string) (sent map[string]time.Time, acked time.Time) {
	sent = make(map[string]time.Time)
	for _, g := range c.Given {
		if g.Question != question || g.Sent.IsZero() {
			continue
		}
		sent[g.Text] = g.Sent
		if !g.Acked.IsZero() && (acked.IsZero() || g.Acked.Before(acked)) {
			acked = g.Acked
		}
	}
	return sent, acked
}
