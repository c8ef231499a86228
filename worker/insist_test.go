package worker_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/worker"
)

func TestWhatRedisSaysIsTriedAgainOrBelieved(t *testing.T) {
	t.Parallel()
	odd, stopped := errors.New("odd"), errors.New("stopped")
	for name, c := range map[string]struct {
		err      error // of every try in the first hour
		stop     bool  // ctx ends in the middle of it
		want     error
		min, max time.Duration
		logged   bool
	}{
		"an outage is waited out":             {err: io.EOF, min: time.Hour, max: time.Hour + 2*time.Second, logged: true},
		"unless nobody waits any more":        {err: io.EOF, stop: true, want: stopped, min: 30 * time.Minute, max: 30 * time.Minute, logged: true},
		"an error that nobody foresaw is not": {err: odd, want: odd, min: time.Minute, max: time.Minute + 2*time.Second, logged: true},
		"a refusal is believed":               {err: tasks.ErrLost, want: tasks.ErrLost},
		"so is what cannot be done":           {err: tasks.ErrKeyReused, want: tasks.ErrKeyReused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.stop {
					time.AfterFunc(30*time.Minute, func() { cancel(stopped) })
				}
				var book logbook
				begun := time.Now()
				err := worker.Insist(ctx, slog.New(slog.NewTextHandler(&book, nil)), "try", func(context.Context) error {
					if time.Since(begun) >= time.Hour {
						return nil
					}
					return c.err
				})
				if took := time.Since(begun); !errors.Is(err, c.want) || took < c.min || took > c.max {
					t.Errorf("%v after %s, want %v after %s", err, took, c.want, c.min)
				}
				if book.has("cannot try, trying on") != c.logged {
					t.Errorf("logged %q", book.text.String())
				}
			})
		})
	}
}
