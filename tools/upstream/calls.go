package upstream

import (
	"context"
	"sync"
)

// calls counts the calls of a server that run, and what is asked beside them.
type calls struct {
	ended chan struct{} // gets one when the last one has ended

	mu sync.Mutex
	n  int
}

func (c *calls) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *calls) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 {
		select {
		case c.ended <- struct{}{}:
		default:
		}
	}
}

func (c *calls) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// wait waits until none runs, as long as ctx lasts.
func (c *calls) wait(ctx context.Context) {
	for c.count() > 0 {
		select {
		case <-c.ended:
		case <-ctx.Done():
			return
		}
	}
}
