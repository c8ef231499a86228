package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The second build of invoice takes a currency, which the first refuses.
var (
	invoice1 = invoice("first", `{"type":"object","properties":{"ms":{"type":"integer"}},"required":["ms"],"additionalProperties":false}`)
	invoice2 = invoice("second", `{"type":"object","properties":{"ms":{"type":"integer"},"currency":{"type":"string"}},"required":["ms"],"additionalProperties":false}`)
)

func invoice(build, schema string) image.Image {
	t := tool("invoice", image.Sleep, tasks.Policy{})
	t.InputSchema = raw(schema)
	return image.Image{Name: build, Tools: []image.Tool{t}}
}

const perRoll = 200

func TestRollForwardAndBack(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	other := one(image.Echo, tasks.Policy{}) // on the same queue, and it does not know invoice
	f.Image(other)
	old := []*rig.Process{f.Image(invoice1), f.Image(invoice1)}
	a.AwaitTool(t, "invoice")

	forward := create(t, a)
	forward.awaitHalf()
	next := []*rig.Process{f.Image(invoice2)}
	listed(t, b, "currency", true)
	next = append(next, f.Image(invoice2))
	leave(old) // at once: the second build takes what the first one did
	ids := forward.wait()

	back := create(t, a)
	back.awaitHalf()
	f.Image(invoice1)
	listed(t, b, "currency", false)
	ids = append(ids, back.wait()...)
	for _, id := range ids {
		a.Await(t, id, "completed")
	}
	leave(next) // only now: nobody else takes a currency
	a.Await(t, a.Call(t, "invoice", rig.Object{"ms": 1}).ID, "completed")
	if _, err := a.TryCall(t.Context(), "invoice", rig.Object{"ms": 1, "currency": "EUR"}); !errors.Is(err, rig.ErrRefused) {
		t.Errorf("a currency after the roll back: want it refused, got %v", err)
	}
	ledger := f.Ledger()
	for _, e := range ledger {
		if e.Image == other.Name || e.Image == invoice1.Name && strings.Contains(string(e.Arguments), "currency") {
			t.Errorf("ran in a binary that cannot: %+v", e)
		}
	}
	for build, args := range map[string]string{"first": `{"ms":`, "second": "currency"} {
		if !ran(ledger, build, args) {
			t.Errorf("nothing with %s ran in the %s build: the test shows nothing", args, build)
		}
	}
}

func ran(l rig.Ledger, build, args string) bool {
	for _, e := range l {
		if e.Image == build && strings.Contains(string(e.Arguments), args) {
			return true
		}
	}
	return false
}

func leave(workers []*rig.Process) {
	for _, w := range workers {
		w.Terminate()
	}
	for _, w := range workers {
		w.ExitCode()
	}
}

// listed waits for one new worker's schema.
func listed(t *testing.T, c *rig.Client, word string, want bool) {
	t.Helper()
	if !rig.Within(t, 2*time.Second, func() bool { return strings.Contains(string(c.Tools(t)["invoice"]), word) == want }) {
		t.Errorf("tools/list does not show the schema of the worker that started last: %s", c.Tools(t)["invoice"])
	}
}

// creation is a client that creates tasks, with what the listed schema asks for.
type creation struct {
	t    *testing.T
	half chan struct{} // closed when half of them are created
	done chan struct{}
	ids  []string
	err  error
}

func create(t *testing.T, c *rig.Client) *creation {
	x := &creation{t: t, half: make(chan struct{}), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); <-x.done })
	go func() {
		defer close(x.done)
		every := time.NewTicker(15 * time.Millisecond)
		defer every.Stop()
		for len(x.ids) < perRoll && x.err == nil {
			x.create(ctx, c)
			if len(x.ids) == perRoll/2 {
				close(x.half)
			}
			select {
			case <-every.C:
			case <-ctx.Done():
			}
		}
	}()
	return x
}

// create makes one task. A refusal means that the list has changed since it was read: then it is read again.
func (x *creation) create(ctx context.Context, c *rig.Client) {
	for range 3 {
		var schemas map[string][]byte
		if schemas, x.err = c.TryTools(ctx); x.err != nil {
			return
		}
		args := rig.Object{"ms": 50}
		if strings.Contains(string(schemas["invoice"]), "currency") {
			args["currency"] = "EUR"
		}
		var task rig.Task
		if task, x.err = c.TryCall(ctx, "invoice", args); x.err == nil {
			x.ids = append(x.ids, task.ID)
		}
		if !errors.Is(x.err, rig.ErrRefused) {
			return
		}
	}
}

func (x *creation) awaitHalf() {
	x.t.Helper()
	select {
	case <-x.half:
	case <-x.done:
		x.t.Fatal(x.err)
	}
}

func (x *creation) wait() []string {
	x.t.Helper()
	<-x.done
	if x.err != nil {
		x.t.Fatal(x.err)
	}
	return x.ids
}
