package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// A question that is not answered soon gives its slot back, outlives every worker, and is answered through another server.
func TestParkedQuestionOutlivesWorkers(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	im := image.Image{Name: "asks", Tools: []image.Tool{
		tool("ask", image.Ask, tasks.Policy{Park: 2 * time.Second}), tool("echo", image.Echo, tasks.Policy{}),
	}}
	old := []*rig.Process{f.Image(im, parking...), f.Image(im, parking...)}
	before := busy(old)
	task := a.Call(t, "ask", rig.Object{})
	b.Await(t, task.ID, "input_required")
	waiting := busy(old)
	parked(f, task.ID, 1)
	rig.Await(t, "the slot is free", func() bool { return busy(old) == 0 })
	t.Logf("slots taken of %d: %d before the question, %d while it waits, %d after it was parked", len(old), before, waiting, busy(old))
	if before != 0 || waiting != 1 {
		t.Errorf("%d slots were taken before the question and %d while it waited, want 0 and 1", before, waiting)
	}
	for range 3 * len(old) { // in these slots
		a.Await(t, a.Call(t, "echo", rig.Object{}).ID, "completed")
	}

	old[0].Terminate()
	if code := old[0].ExitCode(); code != 0 {
		t.Errorf("the worker exited %d, want 0", code)
	}
	old[1].Kill()
	if got := b.Get(t, task.ID); got.Status != "input_required" || got.InputRequests["name"] == nil {
		t.Fatalf("want the question to be open still, but %s", got)
	}
	heir := f.Image(im, parking...)
	b.Answer(t, task.ID, "name", rig.Object{"name": "Ada"})
	if got := a.Await(t, task.ID, "completed").Result.Text(); got != "hello Ada" {
		t.Errorf("got %q", got)
	}
	if again := running(f, task.ID, 2); again.PID != heir.PID() || again.Attempt != 2 {
		t.Errorf("resumed in process %d as attempt %d, want process %d and attempt 2", again.PID, again.Attempt, heir.PID())
	}
	if n := len(f.Ledger().Starts(task.ID)); n != 2 {
		t.Errorf("%d attempts, want 2", n)
	}
}

// Three questions of three kinds are open at once. One is answered before every worker is replaced, the others after.
func TestParkedQuestionsAreAnsweredOneByOne(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	able := rig.Object{"io.modelcontextprotocol/clientCapabilities": rig.Object{
		"elicitation": rig.Object{"form": rig.Object{}, "url": rig.Object{}}, "sampling": rig.Object{},
		"extensions": rig.Object{"io.modelcontextprotocol/tasks": rig.Object{}},
	}}
	a, b := f.Server().Client(t).With(able), f.Server().Client(t).With(able)
	im := one(image.Interview, tasks.Policy{Park: time.Second})
	old := f.Image(im, parking...)
	task := a.Call(t, "interview", rig.Object{})
	open := func(want ...string) {
		t.Helper()
		rig.Await(t, "open questions: "+strings.Join(want, ", "), func() bool {
			got := b.Get(t, task.ID).InputRequests
			for _, key := range want {
				if got[key] == nil {
					return false
				}
			}
			return len(got) == len(want)
		})
	}
	open("name", "poem", "terms")
	parked(f, task.ID, 1)

	a.Answer(t, task.ID, "name", rig.Object{"name": "Ada"})
	parked(f, task.ID, 2) // it went on to the next question, and nobody answers that one either
	open("poem", "terms")
	rig.Await(t, "the slot is free", func() bool { return busy([]*rig.Process{old}) == 0 })
	if got := b.Get(t, task.ID); got.Status != "input_required" {
		t.Fatalf("want it to wait for the other answers, but %s", got)
	}
	old.Kill()

	f.Image(im, parking...)
	poem := rig.Object{"role": "assistant", "model": "m", "content": rig.Object{"type": "text", "text": "old pond"}}
	b.Answers(t, task.ID, rig.Object{"terms": rig.Object{"action": "accept"}, "name": rig.Object{"action": "cancel"}}) // name: too late
	parked(f, task.ID, 3)
	open("poem")
	b.Answers(t, task.ID, rig.Object{"poem": poem})
	var told map[string]any
	a.Await(t, task.ID, "completed").Result.Decode(t, &told)
	want := map[string]any{
		"name": rig.Object{"action": "accept", "content": rig.Object{"name": "Ada"}}, "terms": rig.Object{"action": "accept"}, "poem": poem,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("the tool was told (-want +got):\n%s", diff)
	}
}

func TestCancelParked(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	a, b := f.Server().Client(t), f.Server().Client(t)
	f.Image(image.Image{Name: "asks", Tools: []image.Tool{
		tool("ask", image.Ask, tasks.Policy{Park: 100 * time.Millisecond}), tool("echo", image.Echo, tasks.Policy{}),
	}}, parking...)
	task := a.Call(t, "ask", rig.Object{})
	parked(f, task.ID, 1)
	b.Cancel(t, task.ID)
	if got := a.Get(t, task.ID); got.Status != "cancelled" || len(got.InputRequests) != 0 {
		t.Errorf("want it cancelled at once, with no question left, but %s", got)
	}
	a.Answer(t, task.ID, "name", rig.Object{"name": "Ada"}) // acknowledged, for nothing
	notDue(t, f, task.ID)
	a.Await(t, a.Call(t, "echo", rig.Object{}).ID, "completed")
	if n := len(f.Ledger().Starts(task.ID)); n != 1 {
		t.Errorf("%d attempts, want none after the cancel", n)
	}
	if got := b.Get(t, task.ID); got.Status != "cancelled" {
		t.Errorf("want it to stay cancelled, but %s", got)
	}
}

// parking are the arguments of a worker with one slot that can be counted.
var parking = []string{"-concurrency", "1", "-ops-addr", "127.0.0.1:0"}

// busy is how many slots of these workers are taken.
func busy(workers []*rig.Process) int {
	n := 0.0
	for _, w := range workers {
		n += w.Gauge("longhaul_slots_busy")
	}
	return int(n)
}

// parked waits until the n-th attempt at a task was parked.
func parked(f *rig.Fleet, task string, n int) {
	f.AwaitLedger("the question is parked", func(l rig.Ledger) bool {
		ends := l.Ends(task)
		return len(ends) == n && ends[n-1].Cause == tasks.ErrParked.Error()
	})
}

// notDue looks whether any clock of Redis would still start the task.
func notDue(t *testing.T, f *rig.Fleet, task string) {
	t.Helper()
	rdb := f.Redis.Client(t)
	shard := task[strings.LastIndex(task, "-")+1:]
	for _, clock := range []string{"due", "live"} {
		if err := rdb.ZScore(t.Context(), "lh:{"+shard+"}:"+clock, task).Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("the task is still in %s (%v)", clock, err)
		}
	}
}
