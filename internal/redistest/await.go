package redistest

import (
	"context"
	"fmt"
	"time"
)

// until polls until ok, or an error.
func until(ctx context.Context, ok func() (state string, ok bool, err error)) error {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		state, ok, err := ok()
		if err != nil || ok {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), state)
		}
	}
}
