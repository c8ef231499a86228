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

// breaker is a circuit breaker: after a few failures in a row calls are refused at once, for a pause that doubles; then one call may try. It
// is not sony/gobreaker because that one's pause is always the same.
type breaker struct {
	mu       sync.Mutex
	failures int // in a row
	err      error
	until    time.Time // until when calls are refused
	trying   bool      // one call is finding out whether the server is back
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

// allow refuses calls while the server is held to be down. Whoever is let through calls failed or connected with the outcome.
func (b *breaker) allow() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < tripAfter {
		return nil
	}
	if left := time.Until(b.until); left > 0 || b.trying {
		return &downError{b.err, left}
	}
	b.trying = true
	return nil
}

// connected says that a call got through to the server, of which no more is known yet, or was given up.
func (b *breaker) connected() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
}

func (b *breaker) failed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.err, b.trying = err, false
	if n := b.failures - tripAfter; n >= 0 {
		b.until = time.Now().Add(min(firstPause<<min(n, 10), longPause))
	}
}

// served says that the server answered something, and reports whether it had failed before.
func (b *breaker) served() (again bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	again = b.failures > 0
	b.failures, b.err, b.trying = 0, nil, false
	return again
}

// status is why the server is down; nil: as far as we know it is up.
func (b *breaker) status() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
