package wire_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// handles are results of which each member of a handle is in one at least.
func handles() []json.RawMessage {
	asking := task(tasks.InputRequired, func(t *tasks.Task) {
		t.Tool, t.Progress = "crawl", tasks.Progress{Done: 1}
		t.Questions = []tasks.Question{{Key: "k", Request: tasks.InputRequest{Method: "elicitation/create"}}}
	})
	answered := task(tasks.Completed, func(t *tasks.Task) {
		t.Tool, t.Result = "crawl", json.RawMessage(`{"content":[],"structuredContent":{"n":1}}`)
	})
	broken := task(tasks.Failed, func(t *tasks.Task) { t.Tool, t.Error = "crawl", tasks.NewError(tasks.ReasonPanic, "broke") })
	return []json.RawMessage{
		wire.HandleResult(asking, &wire.Next{Tool: "task_answer", AfterMs: time.Second.Milliseconds()}, "It asks."),
		wire.HandleResult(answered, nil, ""),
		wire.HandleResult(broken, nil, "It broke."),
	}
}

func TestTheSchemaOfHandlesHasTheirMembers(t *testing.T) {
	t.Parallel()
	var schema struct {
		Properties map[string]struct{ Enum []tasks.Status }
		Required   []string
	}
	if err := json.Unmarshal([]byte(wire.HandleSchema), &schema); err != nil {
		t.Fatal(err)
	}
	if got := schema.Properties["status"].Enum; !slices.Equal(got, tasks.Statuses()) {
		t.Errorf("the schema has the statuses %q", got)
	}
	seen := map[string]bool{}
	for _, result := range handles() {
		var given struct{ StructuredContent wire.Object }
		if err := json.Unmarshal(result, &given); err != nil {
			t.Fatal(err)
		}
		for name := range given.StructuredContent {
			seen[name] = true
			if _, ok := schema.Properties[name]; !ok {
				t.Errorf("the schema lacks %s", name)
			}
		}
		for _, name := range schema.Required {
			if !given.StructuredContent.Has(name) {
				t.Errorf("%s is required, and not in %s", name, result)
			}
		}
	}
	for name := range schema.Properties {
		if !seen[name] {
			t.Errorf("no handle has the schema's %s", name)
		}
	}
}
