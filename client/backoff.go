package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 200 * time.Millisecond
	longPause  = 15 * time.Second
)

// backoff spaces out the tries of one request.
type backoff struct {
	patience time.Duration
	pause    time.Duration
	failing  time.Time // since when it fails; zero: it does not
}

// wait pauses after a failure: longer each time, and at least as long as the server asks for. It returns an error when ctx ends, or at once if
// patience would run out.
func (b *backoff) wait(ctx context.Context, err error) error {
	if b.failing.IsZero() {
		b.failing, b.pause = time.Now(), firstPause
	}
	pause := max(jittered(b.pause), retryAfter(err))
	b.pause = min(2*b.pause, longPause)
	if waited := time.Since(b.failing); waited+pause > b.patience {
		return fmt.Errorf("%w (tried for %s): %w", ErrUnreachable, waited.Round(time.Second), err)
	}
	return sleep(ctx, pause)
}

// jittered returns d give or take a fifth, so that clients that failed together do not come back together.
func jittered(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.4*float64(d))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// persist sends a request until it is answered. It may be sent several times: use it only for requests whose repeat does no harm.
func (c *Client) persist(ctx context.Context, r *request) (result []byte, err error) {
	b := backoff{patience: c.opts.Patience}
	for {
		result, err = c.send(ctx, r)
		if err == nil || !passes(err) || ctx.Err() != nil {
			return result, err
		}
		if lived(err) > longPause { // it was being served for a while: this is a new failure
			b = backoff{patience: c.opts.Patience}
		}
		if err := b.wait(ctx, err); err != nil {
			return nil, err
		}
	}
}
