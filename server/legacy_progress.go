package server

import (
	"math"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// climber makes the progress notifications of a task on one stream of several: its token lives as long as the task, and the numbers
// must rise strictly whichever replica sends the next one (2025-11-25, Task Progress Notifications).
type climber struct {
	now   func() time.Time
	task  *tasks.Task // as it was last shown; nil: not yet
	shown tasks.Progress
	last  float64 // what this stream's client saw
	sent  bool
}

// next is the message for the state of the task: nil if the client asked for none or has seen it.
func (c *climber) next(t *tasks.Task) []byte {
	words := tasks.Progress{Done: t.Progress.Done, Total: t.Progress.Total, Message: t.Progress.Message}
	if words.Message == "" {
		words.Message = t.Message // queued, or waiting for something
	}
	if t.Token == nil || c.task != nil && words == c.shown {
		return nil
	}
	c.task, c.shown = t, words
	return c.message()
}

// again is the last message once more, to break a silence.
func (c *climber) again() []byte {
	if c.task == nil {
		return nil
	}
	return c.message()
}

func (c *climber) message() []byte {
	value := height(c.task, c.now())
	if c.sent && value <= c.last {
		value = math.Nextafter(c.last, math.Inf(1))
	}
	c.sent, c.last = true, value
	total := c.shown.Total
	if total > 0 {
		total = max(total, value)
	}
	return wire.ProgressOf(c.task.ID, c.task.Token, value, total, c.shown.Message)
}

// height is a number close to what the tool says that rises with each of the task's events, and between two of them with time. So it
// rises from stream to stream too, and no replica has to know what another one sent. An attempt that starts again from zero stays
// where the last one got.
func height(t *tasks.Task, now time.Time) float64 {
	silence := max(0, now.Sub(t.Updated).Seconds())
	steps := float64(t.Seq) + 1 - 1/(1+math.Log1p(silence)) // the logarithm tells even days of silence apart
	return (t.Peak+1)*(1+steps*1e-8) - 1
}
