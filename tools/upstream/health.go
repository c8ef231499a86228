package upstream

import (
	"fmt"
	"sync"
	"time"
)

const (
	tripAfter  = 3 // failures in a row
	firstPause = time.Second
	longPause  = 30 * time.Second
)

// health is a circuit breaker: after a few failures in a row calls are refused at once, for a pause that doubles; then one may try. It is
// not sony/gobreaker, whose pause is always the same.
type health struct {
	mu       sync.Mutex
	failures int // in a row
	err      error
	until    time.Time // calls are refused
	trying   bool      // somebody finds out whether it is over
}

// downError refuses a call because those before it failed.
type downError struct {
	err  error
	left time.Duration
}

func (e *downError) Error() string {
	if e.left <= 0 {
		return fmt.Sprintf("it is down, and being tried again: %v", e.err)
	}
	return fmt.Sprintf("it is down, and tried again in %s: %v", e.left.Round(time.Second), e.err)
}

// allow refuses while the server is taken for down. Who is let through says by failed or connected what came of it.
func (h *health) allow() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures < tripAfter {
		return nil
	}
	if left := time.Until(h.until); left > 0 || h.trying {
		return &downError{h.err, left}
	}
	h.trying = true
	return nil
}

// connected: there is a connection, and nothing is known yet of what it is good for.
func (h *health) connected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trying = false
}

func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures++
	h.err, h.trying = err, false
	if n := h.failures - tripAfter; n >= 0 {
		h.until = time.Now().Add(min(firstPause<<min(n, 10), longPause))
	}
}

// served: the server answered something. It reports whether it had failed before.
func (h *health) served() (again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	again = h.failures > 0
	h.failures, h.err, h.trying = 0, nil, false
	return again
}

// status is why the server is down; nil: as far as we know it is not.
func (h *health) status() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}
