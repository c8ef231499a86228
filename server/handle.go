package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// longest is how long task_wait waits: hosts give up after 60 s.
const longest = 45 * time.Second

// handle is what the model of a client without tasks gets instead of a result: how its task stands, and what to call next. Of a task
// that has completed it is the tool's own answer.
func handle(t *tasks.Task) json.RawMessage {
	next := nextStep(t)
	if t.Status == tasks.Completed && t.Result != nil {
		return wire.HandleOf(t, next, "")
	}
	return wire.HandleOf(t, next, story(t))
}

// nextStep is what the model should call: nothing once the task has ended.
func nextStep(t *tasks.Task) *wire.Next {
	switch {
	case t.Status.Terminal():
		return nil
	case t.Status == tasks.InputRequired:
		return &wire.Next{Tool: answerTool, Arguments: map[string]any{"taskId": t.ID}}
	}
	return &wire.Next{Tool: waitTool, Arguments: map[string]any{"taskId": t.ID}, AfterMs: leisure(t).Milliseconds()}
}

// leisure is for how long asking again is pointless: a model that asks too often costs its user money.
func leisure(t *tasks.Task) time.Duration {
	if t.Phase == tasks.Delayed {
		return max(0, time.Until(t.Next)-longest)
	}
	return max(0, t.Progress.ETA-longest)
}

// story tells how the task stands, in words for a model.
func story(t *tasks.Task) string {
	var b strings.Builder
	switch t.Status {
	case tasks.Failed:
		fmt.Fprintf(&b, "Task %s (%s) failed: %s", t.ID, t.Tool, t.StatusMessage())
	case tasks.Cancelled:
		fmt.Fprintf(&b, "Task %s (%s) was cancelled.", t.ID, t.Tool)
	case tasks.InputRequired:
		fmt.Fprintf(&b, "Task %s (%s) waits for answers:\n", t.ID, t.Tool)
		for _, q := range t.Questions {
			fmt.Fprintf(&b, "- %s\n", plea(q))
		}
		fmt.Fprintf(&b, `Ask the user, then call %s with {"taskId": "%s", "answers": {…}}, one member for each question.`, answerTool, t.ID)
	default:
		fmt.Fprintf(&b, "Task %s (%s) is not done yet: %s\n", t.ID, t.Tool, t.StatusMessage())
		fmt.Fprintf(&b, `It goes on by itself: do not call %s again. Call %s with {"taskId": "%s"} for the result; it waits up to %d s.`,
			t.Tool, waitTool, t.ID, int(longest.Seconds()))
		if d := leisure(t); d > 0 {
			fmt.Fprintf(&b, " There is no point in asking within the next %s.", d.Round(time.Second))
		}
	}
	return b.String()
}

// plea is a question in words, with how to answer it.
func plea(q tasks.Question) string {
	var p struct {
		Message, URL    string
		RequestedSchema json.RawMessage
		SystemPrompt    string
		Messages        json.RawMessage
	}
	if json.Unmarshal(q.Request.Params, &p) != nil {
		return q.Key
	}
	switch q.Request.Kind() {
	case tasks.CanFillForms:
		return fmt.Sprintf("%q: %s Answer with an object of this schema, or with {\"action\": \"decline\"}: %s", q.Key, p.Message, p.RequestedSchema)
	case tasks.CanVisit:
		return fmt.Sprintf("%q: %s The user opens %s; answer with {\"action\": \"accept\"} when that is done, or with {\"action\": \"decline\"}", q.Key, p.Message, p.URL)
	case tasks.CanSample:
		return fmt.Sprintf("%q: write the next message of this conversation, and answer with its text: %s %s", q.Key, p.SystemPrompt, p.Messages)
	}
	return q.Key
}
