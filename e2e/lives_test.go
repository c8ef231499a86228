package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// mixture is an image with a tool for every way in which a task can live. All of its results are soon forgotten.
func mixture() image.Image {
	brief := func(name string, does image.Behaviour, p tasks.Policy) image.Tool {
		p.Retention = time.Second
		return tool(name, does, p)
	}
	return image.Image{Name: "mixture", Tools: []image.Tool{
		brief("echo", image.Echo, tasks.Policy{}),
		brief("later", image.Echo, tasks.Policy{Delay: 300 * time.Millisecond}),
		brief("shared", image.Echo, tasks.Policy{Dedupe: tasks.ByArguments, Window: time.Second}),
		brief("urgent", image.Echo, tasks.Policy{Priority: tasks.High}),
		brief("idle", image.Echo, tasks.Policy{Priority: tasks.Low}),
		brief("fail", image.Fail, tasks.Policy{}),
		brief("stubborn", image.Fail, tasks.Policy{Attempts: 3, Backoff: 50 * time.Millisecond}),
		brief("panic", image.Panic, tasks.Policy{}),
		brief("slow", image.Sleep, tasks.Policy{Timeout: 200 * time.Millisecond}),
		brief("count", image.Count, tasks.Policy{Orphan: 100 * time.Millisecond}),
		brief("ask", image.Ask, tasks.Policy{}),
		brief("first", image.Ask, tasks.Policy{Before: []tasks.Question{{Key: "name", Request: tasks.Form[struct {
			Name string `json:"name"`
		}]("What is your name?")}}}),
		brief("leave", image.Leave, tasks.Policy{}),
		brief("parks", image.Ask, tasks.Policy{Park: 50 * time.Millisecond}),
		brief("few", image.Sleep, tasks.Policy{Concurrency: 1, Rate: tasks.Rate{N: 20, Per: time.Second}}),
	}}
}

// lives makes tasks of every kind and sees each to its end.
type lives struct {
	local, other, stranger *rig.Client // two servers that know who calls, and one that does not
}

// kinds are the lives of tasks. Each is given a client of its own to create with; the number tells tasks of a kind apart.
var kinds = []struct {
	name string
	live func(l *lives, ctx context.Context, n int) error
}{
	{"completed", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "echo", rig.Object{"n": n}, "completed")
	}},
	{"objects", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "leave", rig.Object{"bytes": 1000}, "completed")
	}},
	{"large arguments and result", func(l *lives, ctx context.Context, n int) error {
		noise := make([]byte, 50_000)
		_, _ = rand.Read(noise) // it never fails
		return l.ends(ctx, l.any(n), "echo", rig.Object{"noise": hex.EncodeToString(noise)}, "completed")
	}},
	{"high priority", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "urgent", rig.Object{}, "completed")
	}},
	{"low priority", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "idle", rig.Object{}, "completed")
	}},
	{"the tool's error", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "fail", rig.Object{}, "completed")
	}},
	{"retried", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "stubborn", rig.Object{}, "completed")
	}},
	{"failed", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "panic", rig.Object{}, "failed")
	}},
	{"timed out", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "slow", rig.Object{"ms": 60_000}, "failed")
	}},
	{"steps, checkpoints and long messages", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "count", rig.Object{"units": 3, "ms": 1}, "completed")
	}},
	{"delayed by its policy", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "later", rig.Object{}, "completed")
	}},
	{"delayed by its caller", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n).With(startIn(300*time.Millisecond)), "echo", rig.Object{}, "completed")
	}},
	{"cancelled before its start", func(l *lives, ctx context.Context, n int) error {
		return l.cancelled(ctx, l.any(n).With(startIn(time.Hour)), "echo", rig.Object{}, "starts at")
	}},
	{"cancelled in the queue", func(l *lives, ctx context.Context, n int) error {
		return l.cancelled(ctx, l.any(n), "idle", rig.Object{}, "")
	}},
	{"cancelled while it runs", func(l *lives, ctx context.Context, n int) error {
		return l.cancelled(ctx, l.any(n), "count", rig.Object{"units": 1_000_000, "ms": 20}, "counting")
	}},
	{"cancelled while parked", func(l *lives, ctx context.Context, n int) error {
		return l.cancelled(ctx, l.any(n), "parks", rig.Object{}, "waiting for an answer")
	}},
	{"answered at once", func(l *lives, ctx context.Context, n int) error {
		return l.answered(ctx, l.any(n), "ask", "")
	}},
	{"answered when parked", func(l *lives, ctx context.Context, n int) error {
		return l.answered(ctx, l.any(n), "parks", "waiting for an answer")
	}},
	{"asked before there was a task", func(l *lives, ctx context.Context, n int) error {
		return l.asked(ctx, l.any(n), "first")
	}},
	{"one of few at once", func(l *lives, ctx context.Context, n int) error {
		return l.ends(ctx, l.any(n), "few", rig.Object{"ms": 50}, "completed")
	}},
	{"cancelled while it waits for a permit", func(l *lives, ctx context.Context, n int) error {
		return l.cancelled(ctx, l.any(n), "few", rig.Object{"ms": 50}, "")
	}},
	{"held until its end", func(l *lives, ctx context.Context, n int) error {
		var result rig.Object
		return send(ctx, l.any(n).With(plain), "tools/call", rig.Object{"name": "echo", "arguments": rig.Object{"n": n}}, &result)
	}},
	{"held, and left by its client", func(l *lives, ctx context.Context, n int) error {
		return l.left(ctx, l.any(n).With(plain), "count", rig.Object{"units": 1_000_000, "ms": 20})
	}},
	{"an idempotency key", func(l *lives, ctx context.Context, n int) error {
		key := rig.Object{"dev.longhaul/idempotency-key": fmt.Sprintf("key %d %s", n, rand.Text())}
		return l.repeated(ctx, l.local.With(key), l.other.With(key), "echo", rig.Object{"n": n})
	}},
	{"shared by its arguments", func(l *lives, ctx context.Context, n int) error {
		return l.repeated(ctx, l.local, l.other, "shared", rig.Object{"n": n, "text": rand.Text()})
	}},
}

const drivers = 16

// drive makes n tasks, and has a look at Redis while most of them are there.
func (l *lives) drive(t *testing.T, n int, look func() map[string]bool) map[string]bool {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(drivers)
	met := make(map[string]bool)
	for i := range n {
		kind := kinds[i%len(kinds)]
		g.Go(func() error {
			if err := kind.live(l, ctx, i); err != nil {
				return fmt.Errorf("%s: %w", kind.name, err)
			}
			return nil
		})
		if i%20 == 19 && i < 2*few {
			maps.Copy(met, look())
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	return met
}

// any is one of the clients: another one for the next task of the same kind.
func (l *lives) any(n int) *rig.Client { return []*rig.Client{l.local, l.other, l.stranger}[n/10%3] }

// ends makes a task and waits for its end.
func (l *lives) ends(ctx context.Context, c *rig.Client, tool string, args rig.Object, status string) error {
	id, err := created(ctx, c, rig.Object{"name": tool, "arguments": args})
	if err != nil {
		return err
	}
	return l.end(ctx, c, id, status)
}

// end waits for the end of a task. It may have been forgotten before anybody looked.
func (l *lives) end(ctx context.Context, c *rig.Client, id, status string) error {
	return poll(ctx, func() (bool, error) {
		task, err := c.TryGet(ctx, id)
		switch {
		case rig.IsUnknown(err):
			return true, nil
		case err == nil && task.Terminal() && task.Status != status:
			return false, fmt.Errorf("want %s, but %s", status, task)
		}
		return task.Terminal(), err
	})
}

// cancelled makes a task, waits until its status message says what it should, and cancels it.
func (l *lives) cancelled(ctx context.Context, c *rig.Client, tool string, args rig.Object, says string) error {
	id, err := created(ctx, c, rig.Object{"name": tool, "arguments": args})
	if err != nil {
		return err
	}
	if err := said(ctx, c, id, says); err != nil {
		return err
	}
	if err := cancel(ctx, c, id); err != nil || says == "" { // "": it may have been quicker
		return err
	}
	return l.end(ctx, c, id, "cancelled")
}

var ada = rig.Object{"name": rig.Object{"action": "accept", "content": rig.Object{"name": "Ada"}}}

// answered makes a task that asks, waits until its status message says what it should, and answers.
func (l *lives) answered(ctx context.Context, c *rig.Client, tool, says string) error {
	id, err := created(ctx, c, rig.Object{"name": tool})
	if err != nil {
		return err
	}
	if err := said(ctx, c, id, says); err != nil {
		return err
	}
	if err := poll(ctx, func() (bool, error) {
		now, err := c.TryGet(ctx, id)
		return now.InputRequests["name"] != nil, err
	}); err != nil {
		return err
	}
	var ack rig.Object
	if err := send(ctx, c, "tasks/update", rig.Object{"taskId": id, "inputResponses": ada}, &ack); err != nil {
		return err
	}
	return l.end(ctx, c, id, "completed")
}

// asked makes a task of a tool whose policy asks before there is one.
func (l *lives) asked(ctx context.Context, c *rig.Client, tool string) error {
	params := rig.Object{"name": tool}
	var questions struct{ RequestState string }
	if err := send(ctx, c, "tools/call", params, &questions); err != nil {
		return err
	}
	params["requestState"], params["inputResponses"] = questions.RequestState, ada
	id, err := created(ctx, c, params)
	if err != nil {
		return err
	}
	return l.end(ctx, c, id, "completed")
}

// repeated makes one task by two calls; two, if the first was forgotten before the second.
func (l *lives) repeated(ctx context.Context, first, second *rig.Client, tool string, args rig.Object) error {
	call := rig.Object{"name": tool, "arguments": args}
	one, err := created(ctx, first, call)
	if err != nil {
		return err
	}
	other, err := created(ctx, second, call)
	if err != nil {
		return err
	}
	return errors.Join(l.end(ctx, first, one, "completed"), l.end(ctx, second, other, "completed"))
}

// left makes a task by a call that is held, and leaves.
func (l *lives) left(ctx context.Context, c *rig.Client, tool string, args rig.Object) error {
	leaving, leave := context.WithTimeout(ctx, 200*time.Millisecond)
	defer leave()
	var result rig.Object
	err := c.Do(leaving, "tools/call", rig.Object{"name": tool, "arguments": args}, &result)
	if err == nil {
		return fmt.Errorf("want nobody to wait for it, got %v", result)
	}
	if id := stray(err); id != "" {
		return cancel(ctx, c, id)
	}
	return nil
}
