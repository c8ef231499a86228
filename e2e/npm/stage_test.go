package npm

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// hold is how long the servers hold a plain call, but for tools that say otherwise.
const hold = time.Second

// stage is two servers and a worker.
type stage struct {
	*rig.Fleet
	urls []string
}

func newStage(t *testing.T) stage {
	t.Helper()
	node(t) // rather than start all this for nothing
	f := rig.New(t)
	a, b := f.Server("-hold", hold.String()), f.Server("-hold", hold.String())
	f.Image(image.Image{Name: "npm", Tools: []image.Tool{
		{Tool: tasks.Tool{Name: "ask", Description: "Fixture", Policy: tasks.Policy{Hold: time.Hour}}, Does: image.Ask},
		{Tool: tasks.Tool{Name: "fail", Description: "Fixture"}, Does: image.Fail},
		echo("quick", image.Echo, tasks.Policy{}),
		echo("long", image.Sleep, tasks.Policy{Hold: time.Hour, Orphan: time.Second}),
		echo("slow", image.Sleep, tasks.Policy{}),
	}})
	for _, s := range []*rig.Server{a, b} {
		s.Client(t).AwaitTool(t, "slow")
	}
	return stage{f, []string{a.URL, b.URL}}
}

const echoed = `{"type":"object","properties":{"image":{"type":"string"},"pid":{"type":"integer"},"attempt":{"type":"integer"},
	"startedNs":{"type":"integer"},"arguments":{"type":"object"}},"required":["image","attempt","arguments"],"additionalProperties":false}`

// echo is a tool that answers with an Echoed, which clients check against its schema.
func echo(name string, does image.Behaviour, p tasks.Policy) image.Tool {
	return image.Tool{Tool: tasks.Tool{Name: name, Description: "Fixture", OutputSchema: json.RawMessage(echoed), Policy: p}, Does: does}
}

// task is the task of the call with these arguments, once its tool has started.
func (s stage) task(t *testing.T, arguments string) string {
	t.Helper()
	var id string
	rig.Await(t, "a tool has started with "+arguments, func() bool {
		for _, e := range s.Ledger() {
			if e.Event == image.Started && string(e.Arguments) == arguments {
				id = e.Task
			}
		}
		return id != ""
	})
	return id
}

// stopped waits until the tool of a task was told to stop, and did.
func (s stage) stopped(t *testing.T, task string) {
	t.Helper()
	rig.Await(t, "the tool of task "+task+" has stopped", func() bool {
		ends := s.Ledger().Ends(task)
		return len(ends) == 1 && ends[0].Cause != ""
	})
}
