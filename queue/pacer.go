package queue

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// fallback is how soon an idle worker looks by itself: for what was announced while nobody could hear it.
	fallback = 5 * time.Second

	firstPause = 500 * time.Millisecond
	lastPause  = 5 * time.Second
)

var errUndecodable = errors.New("message is not one of asynq's")

// pacer paces asynq's server. asynq asks each of its queues in turn, in one goroutine, round after round; the pacer decides when it may.
type pacer struct {
	ctx   context.Context // ends the pacing; the context that asynq gives a command never ends
	slots Slots
	woken *waker
	names int // how many queues make a round
	after func(time.Duration) <-chan time.Time

	// The rest is touched by asynq's one asking goroutine, and after it has ended.

	only     map[string]bool // the names worth asking in this round; nil: all
	holds    bool            // a slot, for what is taken next
	empty    int             // queues that had nothing, since the round began
	failures int             // rounds that failed, since one did not

	// taken counts what was handed to asynq with a slot, until a handler or nobody has got it.
	taken sync.WaitGroup
}

// process is asynq's dequeue script: it is held until it may run, and what it found is learnt from.
func (p *pacer) process(ctx context.Context, cmd redis.Cmder, next redis.ProcessHook) error {
	if !p.ready() {
		return redis.Nil // asynq is about to be stopped; until then its queues look empty
	}
	if p.only != nil && !p.only[nameOf(cmd)] {
		p.empty++ // it was empty in the last round, and nothing was announced for it
		return redis.Nil
	}
	return p.learn(cmd, next(ctx, once{cmd}))
}

// ready waits until there is a slot and perhaps something to take; not so when the pacing ends first.
func (p *pacer) ready() bool {
	if p.ctx.Err() != nil {
		return false
	}
	if p.empty >= p.names {
		if !p.idle() {
			return false
		}
		p.empty, p.failures = 0, 0
	} else if p.empty == 0 {
		// Something was found, or went wrong: a whole round. What was announced until now will be found in it. What is announced
		// from here on may come too late for a queue that was asked already, and begins another round.
		p.woken.take()
		p.only = nil
	}
	if !p.holds {
		if err := p.slots.Acquire(p.ctx); err != nil {
			return false
		}
		p.holds = true
	}
	return p.ctx.Err() == nil
}

// idle waits, after a round that found nothing, until there is a reason for another.
func (p *pacer) idle() bool {
	select {
	case <-p.woken.C:
		p.only = p.woken.take()
		return true
	case <-p.after(jitter(fallback)):
		p.woken.take()
		p.only = nil
		return true
	case <-p.ctx.Done():
		return false
	}
}

// learn takes note of the script's reply, and returns what asynq is to see of it.
func (p *pacer) learn(cmd redis.Cmder, err error) error {
	switch {
	case err == nil && decodable(cmd):
		p.holds = false // the slot goes with the task
		p.taken.Add(1)
		p.empty, p.failures = 0, 0
	case err == nil:
		p.empty = 0 // an error ends asynq's round
		return errUndecodable
	case errors.Is(err, redis.Nil):
		// Or an id without a message, which asynq's script reports alike.
		if p.empty++; p.empty >= p.names {
			p.failures = 0
		}
	case redis.HasErrorPrefix(err, "NOSCRIPT"): // asynq sends the whole script next
	default:
		p.empty = 0
		p.pause()
	}
	return err
}

// pause keeps asynq, which asks again at once, from flooding a Redis that refuses it.
func (p *pacer) pause() {
	d := min(firstPause<<min(p.failures, 10), lastPause)
	p.failures++
	select {
	case <-p.after(jitter(d)):
	case <-p.ctx.Done():
	}
}

// close returns when all that was taken is with a handler, and gives back the slot that was meant for the next. asynq
// must have been shut down.
func (p *pacer) close() {
	p.taken.Wait()
	if p.holds {
		p.holds = false
		p.slots.Release()
	}
}

// jitter spreads what many workers would do at the same time.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5)
}
