package blob

import (
	"context"
	"fmt"
	"time"
)

// How long a store may take for its next step. Some SDKs wait for an answer, or try again, for ever if they are allowed to. A step of a write is
// up to 48 MiB.
const (
	readPatience  = 30 * time.Second
	writePatience = 2 * time.Minute
	parting       = 5 * time.Second // how long a store may take to clean up after a write that was given up
)

// patience ends a context when the store takes too long. Only its turns count, not the time that the caller takes between them.
type patience struct {
	lasts time.Duration
	timer *time.Timer
	end   context.CancelCauseFunc
}

// errSilent says that nothing came from the store for that long.
type errSilent time.Duration

func (d errSilent) Error() string { return fmt.Sprintf("no answer for %s", time.Duration(d)) }

// newPatience makes a patience, and begins with the store's turn.
func newPatience(ctx context.Context, lasts time.Duration) (context.Context, *patience) {
	ctx, end := context.WithCancelCause(ctx)
	p := &patience{lasts: lasts, end: end}
	p.timer = time.AfterFunc(lasts, func() { end(errSilent(lasts)) })
	return ctx, p
}

func (p *patience) theirs() { p.timer.Reset(p.lasts) }
func (p *patience) ours()   { p.timer.Stop() }

// over ends the context, when nothing more is wanted of the store.
func (p *patience) over() {
	p.timer.Stop()
	p.end(nil)
}
