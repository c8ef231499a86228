package blob

import (
	"context"
	"fmt"
	"time"
)

// How long a store may take for its next step. Some SDKs wait for an answer, or try again, for as long as they are let. A step of a write
// is up to 48 MiB.
const (
	readPatience  = 30 * time.Second
	writePatience = 2 * time.Minute
	parting       = 5 * time.Second // how long a store may take to put away what nobody wants any more
)

// patience ends a context when it is the store's turn for too long.
type patience struct {
	lasts time.Duration
	timer *time.Timer
	end   context.CancelCauseFunc
}

// errSilent: the store did not move for that long.
type errSilent time.Duration

func (d errSilent) Error() string { return fmt.Sprintf("no answer for %s", time.Duration(d)) }

// newPatience begins with the store's turn.
func newPatience(ctx context.Context, lasts time.Duration) (context.Context, *patience) {
	ctx, end := context.WithCancelCause(ctx)
	p := &patience{lasts: lasts, end: end}
	p.timer = time.AfterFunc(lasts, func() { end(errSilent(lasts)) })
	return ctx, p
}

func (p *patience) theirs() { p.timer.Reset(p.lasts) }
func (p *patience) ours()   { p.timer.Stop() }

// over is for when nothing is wanted any more.
func (p *patience) over() {
	p.timer.Stop()
	p.end(nil)
}
