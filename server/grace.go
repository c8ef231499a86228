package server

import (
	"sync"
	"time"
)

// graces are timers for clients that left and may come back: what their leaving means is done only when one has run out. They end with this
// process, whose death says nothing about what a client wants.
type graces struct {
	mu     sync.Mutex
	timers map[*grace]struct{}
	closed bool
	ending sync.WaitGroup
}

// grace is the timer of one client.
type grace struct{ timer *time.Timer }

func newGraces() *graces { return &graces{timers: make(map[*grace]struct{})} }

// after calls end when the grace is over, unless we shut down first.
func (l *graces) after(d time.Duration, end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	g := new(grace)
	g.timer = time.AfterFunc(d, func() {
		if l.take(g) {
			defer l.ending.Done()
			end()
		}
	})
	l.timers[g] = struct{}{}
}

// take reports whether the end of a grace may still be acted on: after close it may not.
func (l *graces) take(g *grace) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.timers, g)
	if !l.closed {
		l.ending.Add(1)
	}
	return !l.closed
}

// close drops all graces that have not run out, and waits for what the others do.
func (l *graces) close() {
	l.mu.Lock()
	l.closed = true
	for g := range l.timers {
		g.timer.Stop()
	}
	l.mu.Unlock()
	l.ending.Wait()
}
