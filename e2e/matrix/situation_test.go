package matrix

import (
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// situation is what happens to a client's call. It returns what the client ends up with, in the README's words.
type situation struct {
	name string // in the README's table
	play func(*scene) string
	own  bool // it kills servers, so it has servers of its own
}

var situations = []situation{
	{name: "quick tool", play: quickTool},
	{name: "long tool", play: longTool},
	{name: "asking tool", play: askingTool},
	{name: "failing tool", play: failingTool},
	{name: "cancelled", play: cancelled},
	{name: "stream dropped", play: streamDropped},
	{name: "replica killed", play: replicaKilled, own: true},
}

func quickTool(c *scene) string { return c.echoed(c.call("quick").end()) }

// longTool takes longer than a call is held: it ends when the client can ask for its result.
func longTool(c *scene) string {
	x := c.call("long")
	x.handed()
	c.open()
	return c.echoed(x.end())
}

func askingTool(c *scene) string { return c.said(c.call("asking").end(), "hello Ada") }

func failingTool(c *scene) string { return c.said(c.call("failing").end(), "failed as it was told") }

func cancelled(c *scene) string {
	x := c.underWay("alone", nil)
	x.cancel()
	o := x.end()
	c.stopped()
	if o.result == nil {
		o.cancelled = true // as the client wanted, though it may have left before it could be told
	}
	return o.word()
}

// streamDropped has the client come back in time. One that could have meant stop also stays away once.
func streamDropped(c *scene) string {
	x := c.underWay("patient", nil)
	was := x.at()
	x.drop()
	x.comeBack()
	x.moves()
	if x.at() == was {
		c.Errorf("it came back to the same server")
	}
	if c.kind.leaves {
		rig.After(c, grace+orphan) // longer than a task lives that nobody waits for
	}
	c.open()
	word := c.echoed(x.end())
	if c.kind.leaves {
		c.anew()
		word += "; else " + forsaken(c)
	}
	return word
}

// forsaken is a call whose client does not come back.
func forsaken(c *scene) string {
	x := c.underWay("alone", nil)
	left := time.Now()
	x.drop()
	if ended := c.stopped(); ended.Sub(left) < orphan {
		c.Errorf("the work was stopped %s after its client left, want %s", ended.Sub(left), orphan)
	}
	return "cancelled"
}

// replicaKilled kills the server that the client reads from. A server's death is no client's word: the task runs on.
func replicaKilled(c *scene) string {
	word := survived(c, c.underWay("shared", nil))
	if c.kind.leaves {
		c.anew()
		c.doors.Add(server(c.fleet))
		if again := survived(c, c.underWay("alone", rig.Object{"dev.longhaul/idempotency-key": c.gate})); again != word {
			c.Errorf("with a key %q, without %q", again, word)
		}
	}
	return word
}

func survived(c *scene, x call) string {
	c.doors.Kill(x.at())
	if c.kind.leaves {
		rig.After(c, 2*orphan)
	}
	x.comeBack()
	if !c.kind.leases {
		x.moves()
	}
	c.open()
	return c.echoed(x.end())
}

// What a client without tasks cannot be asked itself, its model answers by task_answer.
func TestClientsThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	stage := newStage(t)
	for _, k := range kinds {
		if k.tasks {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			c := stage.scene(t, k, rig.Object{}, stage.servers)
			x := c.call("asking")
			x.handed()
			if word := c.said(x.end(), "hello Ada"); word != "handle, result" {
				t.Errorf("the client ends with %q", word)
			}
		})
	}
}
