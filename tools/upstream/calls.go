package upstream

import (
	"context"
	"sync"
)

// calls counts the running calls of a server, its inquiries and watches included.
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

// wait waits until none runs, or until ctx ends.
func (c *calls) wait(ctx context.Context) {
	for c.count() > 0 {
		select {
		case <-c.ended:
		case <-ctx.Done():
			return
		}
	}
}
