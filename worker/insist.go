package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	firstPause = 50 * time.Millisecond
	maxPause   = 2 * time.Second
	puzzled    = time.Minute // how long to try on after an error that nobody foresaw
)

// insist tries again as long as Redis, or the blob store, cannot serve: hours of work must not be lost to a minute's outage, nor to an error
// that we do not know. A refusal is returned at once. doing is for the log: what cannot be done.
func insist(ctx context.Context, log *slog.Logger, doing string, try func(context.Context) error) error {
	begun := time.Now()
	for wait := firstPause; ; wait = min(2*wait, maxPause) {
		err := try(ctx)
		if err == nil || refused(err) || permanent(err) || !store.Unavailable(err) && !errors.Is(err, blob.ErrUnavailable) && time.Since(begun) > puzzled {
			return err
		}
		if wait == maxPause {
			log.Warn("cannot "+doing+", trying on", "err", err)
		}
		if cause := sleep(ctx, wait); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
	}
}

// refused reports that the task has ended, or that the attempt is no longer ours.
func refused(err error) bool {
	_, ended := errors.AsType[*tasks.StateError](err)
	return ended || errors.Is(err, store.ErrEnded) || errors.Is(err, tasks.ErrLost) || errors.Is(err, tasks.ErrNotFound)
}

// permanent reports that trying again cannot help.
func permanent(err error) bool {
	for _, is := range []error{tasks.ErrKeyReused, tasks.ErrCannotAsk, store.ErrTooMany, store.ErrMemoryFull, store.ErrAnswered, blob.ErrTooLarge} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
