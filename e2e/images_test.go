package e2e

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Two teams' images, each with a tool on the queue that both serve and one on a queue of its own.
func TestTwoImages(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	c := f.Server().Client(t)
	home := map[string]string{} // tool → image
	for _, name := range []string{"red", "blue"} {
		im := image.Image{Name: name, Tools: []image.Tool{
			tool(name+"_shared", image.Echo, tasks.Policy{}), tool(name+"_own", image.Echo, tasks.Policy{Queue: name}),
		}}
		for _, tl := range im.Tools {
			home[tl.Name] = name
		}
		f.Image(im)
	}
	ran := map[string]string{} // task → tool
	for name := range home {
		for range 15 {
			ran[c.Call(t, name, rig.Object{}).ID] = name
		}
	}
	for id, name := range ran {
		if e := c.Await(t, id, "completed").Echoed(t); e.Image != home[name] {
			t.Errorf("%s ran in image %s", name, e.Image)
		}
	}
	for _, e := range f.Ledger() {
		if e.Image != home[e.Tool] || ran[e.Task] != e.Tool {
			t.Errorf("%s ran in image %s: %+v", e.Tool, e.Image, e)
		}
	}
}
