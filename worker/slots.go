package worker

import "context"

// slots are the places for running attempts. A delivery is taken from the queue only when one is free.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

// Acquire waits for a free slot.
func (s slots) Acquire(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Release frees a slot.
func (s slots) Release() { <-s }
