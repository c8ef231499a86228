package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxResult bounds what Redis keeps of a result.
const maxResult = 16 << 20

// maxWhy bounds what the log says of an error.
const maxWhy = 256

// maxErrorLen bounds an error's text, which may quote anything.
const maxErrorLen = 64 << 10

// conclude writes the outcome of the attempt, according to why it ended.
func (a *attempt) conclude(ctx context.Context, ans answer) {
	cause := context.Cause(ctx)
	switch {
	case ans.err == nil:
		a.finish(a.outsourced(ctx, ans))
	case errors.Is(cause, tasks.ErrParked):
		a.parked(ans)
	case errors.Is(cause, tasks.ErrLost):
		a.note("lost", nil)
	case errors.Is(cause, tasks.ErrCancelled):
		a.note("cancelled", nil)
	case ans.panicked == "" && (errors.Is(cause, tasks.ErrDraining) || a.stopped(ans.err)):
		a.drained(ans)
	default:
		a.failed(ans, errors.Is(cause, tasks.ErrTimeout))
	}
}

// stopped reports that the tool stopped because it was asked to by Draining.
func (a *attempt) stopped(err error) bool {
	select {
	case <-a.w.draining:
		return errors.Is(err, tasks.ErrDraining)
	default:
		return false
	}
}

// outsourced returns the answer after its large parts went to the blob store. If that cannot be used at all, Redis keeps what it can.
func (a *attempt) outsourced(ctx context.Context, ans answer) answer {
	if ans.large == nil || ans.unfit != nil {
		return ans
	}
	ctx, cancel := a.lasting(ctx)
	defer cancel()
	doc, err := a.slim(ctx, ans.large)
	ans.large = nil
	switch {
	case err == nil:
		ans.result = doc
	case refused(err) || errors.Is(err, tasks.ErrCancelled): // the outcome will be refused too
	default:
		a.log.Warn("a large result could not be written to the blob store", "err", err)
		if len(ans.result) > maxResult {
			ans.unfit = fmt.Errorf("the result has %d bytes and could not be written to the blob store", len(ans.result))
		}
		return ans
	}
	if n := len(ans.result); n > maxResult {
		ans.unfit = fmt.Errorf("the result has %d bytes without what is in the blob store, the limit is %d: what its output schema promises cannot be left out, so leave it as an artifact and promise a link", n, maxResult)
	}
	return ans
}

// finish keeps the tool's answer.
func (a *attempt) finish(ans answer) {
	switch {
	case ans.unfit != nil:
		a.breakTask(tasks.ReasonResult, fmt.Sprintf("%s: %v", a.Tool, ans.unfit))
	case ans.isError:
		a.end("error", tasks.Finish, store.Outcome{Message: "the tool reported an error", Result: ans.result})
	default:
		a.end("completed", tasks.Finish, store.Outcome{Message: "completed", Result: ans.result, Clean: true})
	}
}

// failed counts a failure: an error, a panic or a timeout. The task runs again if its policy allows.
func (a *attempt) failed(ans answer, timeout bool) {
	never, after := tasks.RetryAdvice(ans.err)
	if timeout {
		ans.err = fmt.Errorf("%w of %s", tasks.ErrTimeout, a.policy.Timeout)
	}
	if ans.panicked != "" {
		a.log.Error("tool panicked", "err", ans.err, "stack", ans.panicked)
	}
	failures := a.Failures + 1
	beside := ans.running && a.policy.Exclusive // the next attempt would run beside this one
	if !never && !beside && a.policy.Rerun != tasks.No && failures < a.policy.Attempts {
		if after == 0 {
			after = a.policy.Pause(failures)
		}
		a.retry(failures, after, ans.err)
		return
	}
	switch {
	case ans.panicked != "":
		a.breakTask(tasks.ReasonPanic, ans.err.Error())
	case timeout:
		a.breakTask(tasks.ReasonTimeout, ans.err.Error())
	default:
		if e, ok := errors.AsType[*tasks.Error](ans.err); ok && len(e.Data) <= maxErrorLen {
			a.why = clip(ans.err.Error(), maxWhy)
			a.end("failed", tasks.Break, store.Outcome{Error: &tasks.Error{Code: e.Code, Message: clip(e.Message, maxMessageLen), Data: e.Data}})
			return
		}
		a.finish(a.failure(ans.err))
	}
}

// failure makes the tool's error an answer for the model.
func (a *attempt) failure(err error) answer {
	a.why = clip(err.Error(), maxWhy)
	doc, encErr := tasks.Failure(errors.New(clip(err.Error(), maxErrorLen))).Encode(nil)
	return answer{result: doc, isError: true, unfit: encErr}
}

func (a *attempt) retry(failures int, after time.Duration, err error) {
	said := clip(err.Error(), maxMessageLen)
	a.why = clip(said, maxWhy)
	a.release("retry", store.Release{
		Phase: tasks.Delayed, Delay: after, Failed: true, Err: errors.New(said),
		Message: fmt.Sprintf("attempt %d of %d failed, the next one starts in %s: %s", failures, a.policy.Attempts, after.Round(time.Second), said),
	})
}

// drained gives the attempt back at shutdown: the task resumes elsewhere at once, and no failure is counted.
func (a *attempt) drained(ans answer) {
	if a.policy.Rerun == tasks.No {
		a.breakTask(tasks.ReasonNoRerun, "its worker was shut down, and this tool must not be started twice")
		return
	}
	if ans.running && a.policy.Exclusive { // it ends with this process; the keeper finds that out and queues the task again
		a.note("left", nil)
		return
	}
	a.release("drained", store.Release{Phase: tasks.Queued, Message: "its worker was shut down; starting again"})
}

const (
	triesPerRound = 4
	firstGiveBack = 250 * time.Millisecond
	maxGiveBack   = 30 * time.Second
)

// givenBack is the outcome of an attempt that this worker cannot make.
const givenBack = "given back"

// giveBack leaves the attempt to another worker. Of two images on one queue the wrong one takes a delivery as often as not, and more often
// when the right one is busy: so a few tries follow each other at once. Then the task waits, longer each time, so that wrong workers do not
// keep passing it to each other.
func (a *attempt) giveBack(message string) {
	if (a.GivenBack+1)%triesPerRound != 0 {
		a.release(givenBack, store.Release{Phase: tasks.Queued, Unable: true, Message: message})
		return
	}
	delay := min(maxGiveBack, firstGiveBack<<min(a.GivenBack/triesPerRound, 10))
	delay += time.Duration(rand.Int64N(int64(delay) / 2))
	a.release(givenBack, store.Release{Phase: tasks.Delayed, Delay: delay, Unable: true, Message: message})
}

func (a *attempt) release(outcome string, how store.Release) {
	if how.Phase != tasks.Queued {
		_ = a.write(a.ownPermit) // a permit is good for one start, and for its repeats after a crash or a deploy
	}
	var next tasks.Delivery
	err := a.write(func(ctx context.Context) (err error) {
		next, err = a.w.opts.Store.Release(ctx, a.Lease, how)
		return err
	})
	if err == nil && how.Phase == tasks.Queued {
		a.w.opts.Dispatcher.Dispatch(next) // in any other phase the keeper does it, when due says so
	}
	a.note(outcome, err)
}

func (a *attempt) breakTask(r tasks.Reason, message string) {
	a.why = clip(message, maxWhy)
	a.end("failed", tasks.Break, store.Outcome{Error: tasks.NewError(r, clip(message, maxMessageLen))})
}

func (a *attempt) end(outcome string, e tasks.Event, o store.Outcome) {
	a.note(outcome, a.write(func(ctx context.Context) error { return a.w.opts.Store.Apply(ctx, a.Task, e, a.Lease, o) }))
}

// write tries until Redis has taken a part of the outcome.
func (a *attempt) write(do func(context.Context) error) error {
	return insist(a.w.writing, a.log, "write what came of the attempt", func(ctx context.Context) error {
		err := do(ctx)
		if _, ended := errors.AsType[*tasks.StateError](err); ended || errors.Is(err, store.ErrEnded) {
			a.cancel(tasks.ErrCancelled) // the task was cancelled while the tool was returning
		}
		return err
	})
}

// note writes the one line that the log has about an attempt.
func (a *attempt) note(outcome string, err error) {
	level := slog.LevelInfo
	if outcome == givenBack {
		level = slog.LevelDebug // a task whose worker is gone is tried again and again
	}
	if err != nil && !refused(err) {
		level = slog.LevelError
	} else if err != nil {
		outcome = "refused"
	}
	args := []any{"outcome", outcome, "took", time.Since(a.started).Round(time.Millisecond).String()}
	if a.why != "" {
		args = append(args, "why", a.why)
	}
	if err != nil {
		args = append(args, "err", err)
	}
	a.w.metrics.ended.WithLabelValues(a.Tool, outcome).Inc()
	a.log.Log(a.w.writing, level, "attempt ended", args...)
}

// leave takes the attempt off the clock live, if its task ended while the tool was still running.
func (a *attempt) leave() {
	ctx, cancel := context.WithTimeout(a.w.writing, reportTimeout)
	defer cancel()
	if err := a.w.opts.Store.Leave(ctx, a.Lease); err != nil {
		a.log.Debug("leave failed, the keeper clears up", "err", err)
	}
}
