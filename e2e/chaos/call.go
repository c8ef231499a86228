package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// callEvery is how often, on average, a client calls a tool.
const callEvery = 300 * time.Millisecond

// Call is what one client is going to do.
type Call struct {
	N         int
	At        time.Duration
	Tool      string
	Arguments map[string]any
	Server    int             // who is asked first
	Key       string          // idempotency key, if any
	Repeats   int             // how often the call is made again with its key
	Rush      bool            // these do not wait for each other
	Listen    bool            // a subscription follows the task too
	Cancel    time.Duration   // how long after the creation it is cancelled; 0: it is not
	Think     []time.Duration // how long its user thinks about each question
	Twice     bool            // every question is answered at both servers, and differently
	Late      bool            // the second answer waits for the first to be acknowledged
}

// fixture is a tool of the stage, and the calls of it.
type fixture struct {
	name   string
	does   image.Behaviour
	policy tasks.Policy
	times  int // how often it is called, against the others
	args   func(rng *rand.Rand) map[string]any
}

// fixtures are the tools. Their names say what is special about their tasks.
var fixtures = []fixture{
	{"short", image.Echo, tasks.Policy{}, 4, none},
	{"long", image.Sleep, tasks.Policy{}, 5, lasting(time.Second, 15*time.Second)},
	{"asking", image.Survey, tasks.Policy{Park: 2 * time.Second}, 4, none},
	{"checkpointing", image.Tally, tasks.Policy{}, 5, func(rng *rand.Rand) map[string]any {
		return map[string]any{"units": 5 + rng.IntN(20), "ms": 100 + rng.IntN(400)}
	}},
	{"failing", image.Fail, tasks.Policy{Attempts: 3, Backoff: 500 * time.Millisecond}, 1, none},
	{"mending", image.Flaky, tasks.Policy{Attempts: 4, Backoff: 500 * time.Millisecond}, 2, func(rng *rand.Rand) map[string]any {
		return map[string]any{"good": 2 + rng.IntN(2), "afterMs": rng.IntN(3) * 700}
	}},
	{"hopeless", image.Flaky, tasks.Policy{Attempts: 4}, 1, func(*rand.Rand) map[string]any {
		return map[string]any{"good": 100, "permanent": true}
	}},
	{"panicking", image.Panic, tasks.Policy{}, 1, none},
	{"deaf", image.Deaf, tasks.Policy{}, 2, lasting(time.Second, 9*time.Second)},
	{"exclusive", image.Sleep, tasks.Policy{Exclusive: true}, 2, lasting(time.Second, 15*time.Second)},
	{"few", image.Sleep, tasks.Policy{Concurrency: mostFew, Exclusive: true}, 3, lasting(500*time.Millisecond, 4*time.Second)},
	{"once", image.Sleep, tasks.Policy{Rerun: tasks.No}, 2, lasting(time.Second, 6*time.Second)},
}

// mostFew is how many attempts of the tool few there may be at once.
const mostFew = 2

func none(*rand.Rand) map[string]any { return map[string]any{} }

func lasting(lo, hi time.Duration) func(*rand.Rand) map[string]any {
	return func(rng *rand.Rand) map[string]any {
		return map[string]any{"ms": int(span(rng, lo, hi).Milliseconds())}
	}
}

// kept has records and results outlast the run.
func (f fixture) kept() tasks.Policy {
	p := f.policy
	p.Retention = 24 * time.Hour
	return p
}

func planCalls(rng *rand.Rand, length time.Duration) []Call {
	var drawn []int
	for i, f := range fixtures {
		for range f.times {
			drawn = append(drawn, i)
		}
	}
	var list []Call
	for at := time.Duration(0); at < length; at += span(rng, 0, 2*callEvery) {
		f := fixtures[drawn[rng.IntN(len(drawn))]]
		list = append(list, planCall(rng, len(list), at, f))
	}
	return list
}

func planCall(rng *rand.Rand, n int, at time.Duration, f fixture) Call {
	c := Call{N: n, At: at, Tool: f.name, Arguments: f.args(rng), Server: rng.IntN(servers), Twice: rng.IntN(2) == 0, Late: rng.IntN(2) == 0, Listen: rng.IntN(3) == 0}
	c.Arguments["call"] = n
	if rng.IntN(4) == 0 {
		c.Key, c.Repeats, c.Rush = fmt.Sprintf("key of call %d", n), 1+rng.IntN(3), rng.IntN(2) == 0
	}
	if rng.IntN(6) == 0 {
		c.Cancel = span(rng, 100*time.Millisecond, 6*time.Second)
	}
	for range image.Questions {
		c.Think = append(c.Think, span(rng, 0, 6*time.Second))
	}
	return c
}
