package matrix

import (
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// handle is what a client without tasks gets instead of a result that is not there yet, or that needs an answer which it cannot give.
type handle struct {
	TaskID, Status string
	Result         json.RawMessage
	Next           *struct {
		Tool      string
		Arguments rig.Object
	}
}

// isHandle reports whether a result is a handle. What a fixture tool answers has no such members.
func isHandle(r *rig.Result) bool {
	var h handle
	return json.Unmarshal(r.StructuredContent, &h) == nil && h.TaskID != "" && h.Status != ""
}

// follow does what a model would: it calls the tool that the handle names, until the task has ended.
func (w *wire) follow(r *rig.Result) outcome {
	w.t.Helper()
	for {
		var h handle
		w.decode(r.StructuredContent, &h)
		if h.Next == nil {
			r.StructuredContent = h.Result
			return outcome{means: []string{"handle"}, result: r, cancelled: h.Status == "cancelled"}
		}
		if h.Next.Tool == "task_answer" {
			h.Next.Arguments["answers"] = rig.Object{"name": accepted["content"]}
		}
		r = new(rig.Result)
		w.ask("tools/call", rig.Object{"name": h.Next.Tool, "arguments": h.Next.Arguments}, r)
	}
}
