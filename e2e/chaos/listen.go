package chaos

import (
	"context"
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// hearing is how long after the end a subscription may be silent about it: a server may be stopped, or new.
const hearing = time.Minute

// listen follows the task by subscriptions too, if the client is to. What it returns waits until one has told of the end.
func (c *Client) listen(ctx context.Context) (heard func()) {
	if !c.Listen {
		return func() {}
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; ctx.Err() == nil && !c.hear(ctx, n); n++ {
			_ = pause(ctx, retryPause)
		}
	}()
	return func() {
		defer stop()
		enough := time.AfterFunc(hearing, stop)
		defer enough.Stop()
		<-done
	}
}

// hear is one subscription. It is true when it told of the end.
func (c *Client) hear(ctx context.Context, n int) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.doors[(c.Server+n)%len(c.doors)].TryListen(ctx, false, c.ID())
	if err != nil {
		return false
	}
	defer stream.Close()
	defer cancel() // first: the stream goes on
	for ctx.Err() == nil {
		m, err := stream.Next()
		var task rig.Task
		switch {
		case err != nil || m.Error != nil:
			return false
		case m.Method == "notifications/tasks" && json.Unmarshal(m.Params, &task) == nil && task.Terminal():
			c.Heard, c.HeardAt = &task, time.Now()
			return true
		}
	}
	return false
}
