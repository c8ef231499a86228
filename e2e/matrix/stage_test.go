package matrix

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	hold   = time.Second     // of the servers: when a call is answered with a handle
	long   = time.Minute     // of the tools whose calls must not be
	orphan = time.Second     // how long a dropped call's task lives on
	grace  = 5 * time.Second // the same for the tool whose call is made again in time, on a slow machine too
)

// fixtures are the tools that are called.
var fixtures = image.Image{Name: "matrix", Tools: []image.Tool{
	fixture("quick", image.Echo, tasks.Policy{Hold: long}),
	fixture("long", image.Climb, tasks.Policy{}),
	fixture("asking", image.Ask, tasks.Policy{Hold: long}),
	fixture("failing", image.Fail, tasks.Policy{Hold: long}),
	fixture("alone", image.Climb, tasks.Policy{Hold: long, Orphan: orphan}),
	fixture("shared", image.Climb, tasks.Policy{Hold: long, Orphan: orphan, Dedupe: tasks.ByArguments}),
	fixture("patient", image.Climb, tasks.Policy{Hold: long, Orphan: grace, Dedupe: tasks.ByArguments}),
}}

func fixture(name string, does image.Behaviour, p tasks.Policy) image.Tool {
	return image.Tool{Tool: tasks.Tool{Name: name, Description: "Fixture", Policy: p}, Does: does}
}

// stage is one Redis, one worker with all the tools, and two servers.
type stage struct {
	fleet   *rig.Fleet
	servers []*rig.Server
}

func newStage(t *testing.T) *stage {
	t.Helper()
	f := rig.New(t)
	f.Image(fixtures, "-concurrency", "100")
	return &stage{f, pair(f)}
}

func server(f *rig.Fleet) *rig.Server { return f.Server("-hold", hold.String()) }

func pair(f *rig.Fleet) []*rig.Server { return []*rig.Server{server(f), server(f)} }

// play is one cell of the matrix.
func (s *stage) play(t *testing.T, k kind, what situation) string {
	t.Helper()
	servers := s.servers
	if what.own {
		servers = pair(s.fleet.For(t))
	}
	c := s.scene(t, k, rig.Object{"elicitation": rig.Object{}}, servers)
	word := what.play(c)
	c.once()
	return word
}

// scene is a client of one kind, and what it calls.
type scene struct {
	*testing.T
	client
	kind   kind
	fleet  *rig.Fleet
	doors  *rig.Balancer
	looker *rig.Client // another client of the same person, with tasks
	gate   string      // climbing tools end when there is such a file; it also tells the calls of one scene from others
}

// scene has a client of a kind that can do what caps say meet these servers.
func (s *stage) scene(t *testing.T, k kind, caps rig.Object, servers []*rig.Server) *scene {
	t.Helper()
	c := &scene{T: t, kind: k, fleet: s.fleet.For(t), doors: rig.NewBalancer(t, servers...), looker: s.servers[0].Client(t)}
	for _, server := range servers {
		server.Client(t).AwaitTool(t, fixtures.Tools[0].Name)
	}
	c.client = k.connect(newWire(t, c.doors), caps)
	c.gate = filepath.Join(t.TempDir(), "gate")
	return c
}

// anew has the scene's next calls be others than those before.
func (c *scene) anew() {
	c.once()
	c.gate = filepath.Join(c.TempDir(), "gate")
}

// call calls a tool with arguments of the scene's own.
func (c *scene) call(tool string) call { return c.begin(tool, rig.Object{"gate": c.gate}, nil) }

// underWay is a call of a climbing tool in the middle.
func (c *scene) underWay(tool string, meta rig.Object) call {
	c.Helper()
	x := c.begin(tool, rig.Object{"gate": c.gate}, meta)
	c.fleet.AwaitLedger("the tool runs", func(l rig.Ledger) bool { return len(l.Mentioning(c.gate)) > 0 })
	x.moves()
	return x
}

func (c *scene) open() {
	c.Helper()
	if err := os.WriteFile(c.gate, nil, 0o600); err != nil {
		c.Fatal(err)
	}
}

// attempts are what the scene's calls led to.
func (c *scene) attempts() rig.Ledger {
	c.Helper()
	return c.fleet.Ledger().Mentioning(c.gate)
}

// once checks that the tool ran once, however often it was called.
func (c *scene) once() {
	c.Helper()
	if n := len(c.attempts()); n != 1 {
		c.Errorf("the tool ran %d times", n)
	}
}

// echoed checks that the outcome is what an echoing tool answered to the scene's arguments. It returns the outcome's word.
func (c *scene) echoed(o outcome) string {
	c.Helper()
	var got image.Echoed
	o.result.Decode(c, &got)
	if want := `{"gate":"` + c.gate + `"}`; string(got.Arguments) != want {
		c.Errorf("got %s, want %s", got.Arguments, want)
	}
	return o.word()
}

// said checks the words of an outcome, and returns the word for it.
func (c *scene) said(o outcome, want string) string {
	c.Helper()
	if got := o.result.Text(); got != want {
		c.Errorf("got %q, want %q", got, want)
	}
	return o.word()
}

// stopped waits until the work has stopped, and checks that it was told to and that the task shows it. It returns when that was.
func (c *scene) stopped() time.Time {
	c.Helper()
	id := c.attempts()[0].Task
	end := c.fleet.AwaitLedger("the work stops", func(l rig.Ledger) bool { return len(l.Ends(id)) > 0 }).Ends(id)[0]
	if end.Cause != tasks.ErrCancelled.Error() {
		c.Errorf("the tool's context ended by %q", end.Cause)
	}
	if task := c.looker.Get(c, id); task.Status != "cancelled" {
		c.Errorf("want it cancelled, but %s", task)
	}
	return rig.At(end)
}
