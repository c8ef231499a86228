package server

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// longest is how long task_wait waits: hosts give up after 60 s.
const (
	longest        = longestSeconds * time.Second
	longestSeconds = 45
)

func (s *Server) handle(t *tasks.Task) json.RawMessage { return handle(t, s.opts.Now()) }

// handle makes what the model of a client without tasks gets instead of a result: the task's state, and what to call next. For a task that has
// completed it is the tool's own answer.
func handle(t *tasks.Task, now time.Time) json.RawMessage {
	next := nextStep(t, now)
	if t.Status == tasks.Completed && t.Result != nil {
		return wire.HandleResult(t, next, "")
	}
	return wire.HandleResult(t, next, statusText(t, now))
}

// nextStep returns what the model should call next: nothing once the task has ended.
func nextStep(t *tasks.Task, now time.Time) *wire.Next {
	switch {
	case t.Status.Terminal():
		return nil
	case t.Status == tasks.InputRequired:
		return &wire.Next{Tool: answerTool, Arguments: map[string]any{"taskId": t.ID}}
	}
	return &wire.Next{Tool: waitTool, Arguments: map[string]any{"taskId": t.ID}, AfterMs: pauseBeforeAsking(t, now).Milliseconds()}
}

// pauseBeforeAsking returns how long asking again is pointless: a model that asks too often costs its user money.
func pauseBeforeAsking(t *tasks.Task, now time.Time) time.Duration {
	if t.Phase == tasks.Delayed {
		return max(0, t.Next.Sub(now)-longest)
	}
	return max(0, t.Progress.ETA-longest)
}

// statusText tells a model in words how the task stands, and what to do next and when.
func statusText(t *tasks.Task, now time.Time) string {
	switch t.Status {
	case tasks.Failed:
		return fmt.Sprintf("Task %s (%s) failed: %s\nIt is over. Calling %s again would start anew.", t.ID, t.Tool, t.StatusMessage(), t.Tool)
	case tasks.Cancelled:
		return fmt.Sprintf("Task %s (%s) was cancelled. It is over, and has no result.", t.ID, t.Tool)
	case tasks.InputRequired:
		return questionsText(t)
	}
	b := fmt.Sprintf("Task %s (%s) is not done yet: %s\nIt goes on by itself: do not call %s again. ", t.ID, t.Tool, cmp.Or(t.StatusMessage(), "at work"), t.Tool)
	wait := fmt.Sprintf(`call %s with {"taskId": "%s"}, which waits up to %d s`, waitTool, t.ID, longestSeconds)
	if d := pauseBeforeAsking(t, now).Round(time.Second); d > 0 {
		return b + fmt.Sprintf("Do something else meanwhile, or tell the user that it goes on. For the result, in about %s %s.", d, wait)
	}
	return b + "For the result " + wait + "."
}

// questionsText tells a model what a task asks, and how to answer.
func questionsText(t *tasks.Task) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Task %s (%s) goes on when these questions are answered:\n", t.ID, t.Tool)
	members := make([]string, len(t.Questions))
	for i, q := range t.Questions {
		fmt.Fprintf(&b, "- %s\n", questionText(q))
		members[i] = fmt.Sprintf("%q: …", q.Key)
	}
	fmt.Fprintf(&b, `Then call %s with {"taskId": "%s", "answers": {%s}}.`, answerTool, t.ID, strings.Join(members, ", "))
	return b.String()
}

// maxQuoted is how much of a question's own JSON its text repeats: all of it is in the structured content.
const maxQuoted = 4 << 10

func quote(doc json.RawMessage) string {
	if len(doc) <= maxQuoted {
		return string(doc)
	}
	return strings.ToValidUTF8(string(doc[:maxQuoted]), "") + "… (all of it is in questions)"
}

// questionText puts a question in words, with how to answer it. The model must not make up what the user is to say.
func questionText(q tasks.Question) string {
	var p struct {
		Message, URL    string
		RequestedSchema json.RawMessage
		SystemPrompt    string
		Messages        json.RawMessage
	}
	if json.Unmarshal(q.Request.Params, &p) != nil {
		return fmt.Sprintf("%q", q.Key)
	}
	const orDecline = ` or with {"action": "decline"}`
	switch q.Request.Kind() {
	case tasks.CanFillForms:
		return fmt.Sprintf("%q: %s Ask the user. Answer with an object of this schema,%s: %s", q.Key, p.Message, orDecline, quote(p.RequestedSchema))
	case tasks.CanVisit:
		return fmt.Sprintf(`%q: %s Have the user open %s (do not open it yourself). Answer with {"action": "accept"} when the user says that it is done,%s.`, q.Key, p.Message, p.URL, orDecline)
	case tasks.CanSample:
		return fmt.Sprintf("%q: Write the next message of this conversation yourself, and answer with its text. %s %s", q.Key, p.SystemPrompt, quote(p.Messages))
	}
	return fmt.Sprintf(`%q: Which directories may be used? Ask the user. Answer with {"roots": [{"uri": "file:///…"}]}.`, q.Key)
}
