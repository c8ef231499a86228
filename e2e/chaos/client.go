package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

const (
	requestTimeout = 8 * time.Second
	retryPause     = 300 * time.Millisecond
	pollPause      = 500 * time.Millisecond
)

// Client makes one call and follows its task to the end, through whichever server answers. Its exported fields are what it saw.
type Client struct {
	Call
	IDs       []string  // as each create was answered, the first and its repeats
	Strays    []string  // named by an error: there may be such tasks
	Unknown   []string  // acknowledged, and unknown later
	Seen      *rig.Task // when it had ended
	Finally   []rig.Task
	Cancelled bool // a cancel was acknowledged
	Given     []*Given
	Heard     *rig.Task // as a subscription told of its end
	HeardAt   time.Time

	doors   []*rig.Client
	created time.Time
	mu      sync.Mutex // of Strays, while several creates are under way
}

// Given is one answer to a question, which was seen open before.
type Given struct {
	Question, Text string
	Sent, Acked    time.Time // for the first time; zero: never
}

// ID is the client's task; empty if it has none.
func (c *Client) ID() string {
	if len(c.IDs) == 0 {
		return ""
	}
	return c.IDs[0]
}

// run does what the client is to do. It returns when the task has ended, or ctx.
func (c *Client) run(ctx context.Context) {
	ids := make([]string, 1+c.Repeats)
	var creating sync.WaitGroup
	for i := range ids {
		create := func() { ids[i], _ = c.create(ctx, i) } // an error is ctx's
		if c.Rush {
			creating.Go(create)
		} else {
			create()
		}
	}
	creating.Wait()
	c.IDs, c.created = slices.DeleteFunc(ids, func(id string) bool { return id == "" }), time.Now()
	if c.ID() == "" {
		return
	}
	heard := c.listen(ctx)
	c.follow(ctx)
	heard()
}

// create calls the tool until a server answers with a task. One whose creation is in doubt is looked for first, unless the key finds it.
func (c *Client) create(ctx context.Context, n int) (string, error) {
	for ; ; n++ {
		door := c.doors[(c.Server+n)%len(c.doors)]
		if c.Key != "" {
			door = door.With(rig.Object{"dev.longhaul/idempotency-key": c.Key})
		}
		var task rig.Task
		err := within(ctx, func(ctx context.Context) (err error) {
			task, err = door.TryCall(ctx, c.Tool, c.Arguments)
			return err
		})
		if err == nil {
			return task.ID, nil
		}
		if e, ok := errors.AsType[*rig.Error](err); ok && e.TaskID() != "" {
			c.mu.Lock()
			c.Strays = append(c.Strays, e.TaskID())
			c.mu.Unlock()
			if c.Key == "" && c.exists(ctx, e.TaskID()) {
				return e.TaskID(), nil
			}
		}
		if pause(ctx, retryPause) != nil {
			return "", ctx.Err()
		}
	}
}

// exists waits for a definite answer.
func (c *Client) exists(ctx context.Context, id string) bool {
	for n := 0; ; n++ {
		_, err := c.get(ctx, n, id)
		if err == nil || rig.IsUnknown(err) {
			return err == nil
		}
		if pause(ctx, retryPause) != nil {
			return false
		}
	}
}

func (c *Client) get(ctx context.Context, n int, id string) (task rig.Task, err error) {
	err = within(ctx, func(ctx context.Context) (err error) {
		task, err = c.doors[(c.Server+n)%len(c.doors)].TryGet(ctx, id)
		return err
	})
	return task, err
}

// follow polls the task at one server after the other, answers what it asks, and cancels it in time.
func (c *Client) follow(ctx context.Context) {
	opened := make(map[string]time.Time) // questions, since when they are seen open
	for n := 0; ; n++ {
		if c.Cancel > 0 && !c.Cancelled && time.Since(c.created) > c.Cancel {
			c.Cancelled = c.try(ctx, n, func(ctx context.Context, door *rig.Client) error { return door.TryCancel(ctx, c.ID()) })
		}
		task, err := c.get(ctx, n, c.ID())
		switch {
		case rig.IsUnknown(err):
			c.Unknown = append(c.Unknown, c.ID())
			return
		case err == nil && task.Terminal():
			c.Seen = &task
			return
		case err == nil:
			c.answer(ctx, n, task, opened)
		}
		if pause(ctx, pollPause) != nil {
			return
		}
	}
}

func (c *Client) try(ctx context.Context, n int, do func(context.Context, *rig.Client) error) bool {
	return within(ctx, func(ctx context.Context) error { return do(ctx, c.doors[(c.Server+n)%len(c.doors)]) }) == nil
}

// answer answers the open questions whose time has come. An answer that was not acknowledged is sent again as it was.
func (c *Client) answer(ctx context.Context, n int, task rig.Task, opened map[string]time.Time) {
	for i, question := range image.Questions {
		if _, open := task.InputRequests[question]; !open {
			continue
		}
		if opened[question].IsZero() {
			opened[question] = time.Now()
		}
		if time.Since(opened[question]) < c.Think[i] {
			continue
		}
		c.send(ctx, n, c.given(question))
	}
}

// send gives the answers to one question, each at another server.
func (c *Client) send(ctx context.Context, n int, answers []*Given) {
	var sending sync.WaitGroup
	for i, g := range answers {
		give := func() {
			if g.Sent.IsZero() {
				g.Sent = time.Now()
			}
			if c.try(ctx, n+i, func(ctx context.Context, door *rig.Client) error {
				accepted := rig.Object{"action": "accept", "content": rig.Object{"text": g.Text}}
				return door.TryAnswers(ctx, c.ID(), rig.Object{g.Question: accepted})
			}) && g.Acked.IsZero() {
				g.Acked = time.Now()
			}
		}
		if !c.Late {
			sending.Go(give)
		} else if give(); g.Acked.IsZero() {
			break
		}
	}
	sending.Wait()
}

// given are the answers to a question, one or two different ones.
func (c *Client) given(question string) []*Given {
	var list []*Given
	for _, g := range c.Given {
		if g.Question == question {
			list = append(list, g)
		}
	}
	if list != nil {
		return list
	}
	for i := range 2 {
		if i == 0 || c.Twice {
			list = append(list, &Given{Question: question, Text: fmt.Sprintf("call %d, %s, answer %d", c.N, question, i+1)})
		}
	}
	c.Given = append(c.Given, list...)
	return list
}

// look reads the task through every server, after the end.
func (c *Client) look(ctx context.Context) error {
	for n := range c.doors {
		task, err := c.get(ctx, n, c.ID())
		if rig.IsUnknown(err) {
			c.Unknown = append(c.Unknown, c.ID())
		} else if err != nil {
			return err
		} else {
			c.Finally = append(c.Finally, task)
		}
	}
	return nil
}

// acknowledged are the tasks that the client was told exist.
func (c *Client) acknowledged() []string { return slices.Compact(slices.Sorted(slices.Values(c.IDs))) }

// within bounds one request: a server may be stopped.
func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return do(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
