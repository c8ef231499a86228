package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Ask puts a question and waits for its answer; after the policy's Park it gives the attempt back instead.
func (a *attempt) Ask(ctx context.Context, q tasks.Question) (json.RawMessage, error) {
	park := time.NewTimer(a.policy.Park)
	defer park.Stop()
	for {
		more := a.more() // before we look, so that no answer is missed in between
		asked, err := a.question(ctx, q)
		switch {
		case err != nil:
			return nil, err
		case asked.Lapsed:
			return nil, fmt.Errorf("question %q: %w", q.Key, tasks.ErrUnanswered)
		case asked.Answer != nil:
			return asked.Answer, nil
		}
		select {
		case <-more:
		case <-lapse(asked.Left):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-park.C:
			if a.park(ctx) {
				return nil, tasks.ErrParked
			}
			park.Reset(a.policy.Park)
		}
	}
}

// CanAsk reports whether the client declared that it, or somebody in its stead, answers this kind of question.
func (a *attempt) CanAsk(kind tasks.Capability) bool { return a.Capabilities.Has(kind) }

// lapse fires when a question's time is over: the next look at it says so.
func lapse(left time.Duration) <-chan time.Time {
	if left == 0 {
		return nil
	}
	return time.After(left)
}

// question writes the question, through outages of Redis. If the client cannot answer it, it is only looked up: it may have been answered
// before there was a task.
func (a *attempt) question(ctx context.Context, q tasks.Question) (asked store.Asked, err error) {
	able := a.CanAsk(q.Request.Kind())
	err = insist(ctx, a.log, "put a question", func(ctx context.Context) (err error) {
		asked, err = a.w.opts.Store.Question(ctx, a.Lease, q, able)
		return err
	})
	switch {
	case asked.Ended:
		a.cancel(tasks.ErrCancelled)
		return asked, tasks.ErrCancelled
	case refused(err):
		a.cancel(tasks.ErrLost)
		return asked, tasks.ErrLost
	case permanent(err):
		return asked, tasks.Permanent(err)
	}
	return asked, err
}

// park gives the attempt back until an answer comes. It returns false if one is in already or Redis does not answer: then Ask waits on.
func (a *attempt) park(ctx context.Context) bool {
	if a.policy.Rerun == tasks.No {
		return false
	}
	if a.policy.Exclusive { // the next attempt may start at any time: this one has to be over
		a.cancel(tasks.ErrParked)
		return true
	}
	if a.ownPermit(ctx) != nil {
		return false
	}
	how := a.waiting()
	_, err := a.w.opts.Store.Release(ctx, a.Lease, how)
	if errors.Is(err, store.ErrAnswered) {
		a.answered(how.Answered + 1)
		return false
	}
	if err != nil {
		return false
	}
	a.cancel(tasks.ErrParked)
	return true
}

// waiting is how to give an attempt back until there is an answer that it has not seen.
func (a *attempt) waiting() store.Release {
	a.mu.Lock()
	defer a.mu.Unlock()
	return store.Release{Phase: tasks.Parked, Message: "waiting for an answer", Answered: a.seen}
}

// parked ends an attempt whose tool waits for an answer. An exclusive one is given back only now that its tool has returned.
func (a *attempt) parked(ans answer) {
	switch {
	case !a.policy.Exclusive:
		a.note("parked", nil)
	case ans.running:
		a.breakTask(tasks.ReasonNoRerun, "the tool waits for an answer and does not stop, and it must not run beside itself")
	default:
		_ = a.write(a.ownPermit)
		err := a.write(func(ctx context.Context) error {
			_, err := a.w.opts.Store.Release(ctx, a.Lease, a.waiting())
			return err
		})
		if errors.Is(err, store.ErrAnswered) {
			a.release("parked", store.Release{Phase: tasks.Queued, Message: "an answer came in"})
			return
		}
		a.note("parked", err)
	}
}

func (a *attempt) more() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

// answered wakes all that ask, if more answers are in than before.
func (a *attempt) answered(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n > a.seen {
		a.seen = n
		close(a.changed)
		a.changed = make(chan struct{})
	}
}
