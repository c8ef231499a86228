package tasks

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"
)

// Policy says how a tool is run. The zero value is the default policy; every field says what its zero means.
type Policy struct {
	// Queue is the queue in which the tool's tasks wait. Zero: the worker's -queue.
	Queue string `json:"queue,omitempty"`
	// Priority orders tasks within a queue. Zero: Normal.
	Priority Priority `json:"priority,omitempty"`

	// Delay is how long a created task waits before it may start; it can be cancelled meanwhile. Zero: not at all.
	Delay time.Duration `json:"delay,omitempty"`
	// Timeout bounds one attempt. Zero: 24 hours.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Attempts is how many failures (errors, panics, timeouts) end the task. Zero: 1, since a tool's error is an answer for the model.
	Attempts int `json:"attempts,omitempty"`
	// Backoff is the pause before the second attempt; it doubles with each failure up to 10 minutes, ± 20 %. Zero: 5 seconds.
	Backoff time.Duration `json:"backoff,omitempty"`

	// Concurrency is how many attempts of the tool there may be at once, over all workers. Zero: as many as there are slots.
	Concurrency int `json:"concurrency,omitempty"`
	// Rate is how often the tool may be started, over all workers; what follows a crash or a deploy is no new start. Zero: no limit.
	Rate Rate `json:"rate,omitzero"`

	// Rerun says whether the tool may be started again after a crash or a deploy. Zero: Yes.
	Rerun Switch `json:"rerun,omitempty"`
	// Exclusive attempts never run beside each other: one that cannot reach Redis stops before its task could be given to another worker.
	// Zero: false.
	Exclusive bool `json:"exclusive,omitempty"`

	// Task says whether calls may, must or must not become tasks for the client. Zero: Optional.
	Task Support `json:"task,omitempty"`
	// Refuse makes Task: Required an error for clients without tasks, instead of a handle. Zero: false.
	Refuse bool `json:"refuse,omitempty"`
	// Hold is how long the call of a client without tasks stays open before it is answered with a handle. It is less if the client is known to
	// give up earlier. Zero: what the server has for the client (-hold).
	Hold time.Duration `json:"hold,omitempty"`
	// Orphan is how long a task lives on after the last call that waited for it was dropped, for clients whose only way to say stop that is
	// (2026-07-28 without tasks). Zero: 30 seconds.
	Orphan time.Duration `json:"orphan,omitempty"`
	// Detach lets a task run on even if nobody waits for it any more. Zero: false.
	Detach bool `json:"detach,omitempty"`
	// Inline is how long a call waits for a quick result before it is answered with a task. Zero: not at all.
	Inline time.Duration `json:"inline,omitempty"`

	// Dedupe says which calls of one caller share a task. Zero: only those with the same idempotency key.
	Dedupe Dedupe `json:"dedupe,omitempty"`
	// Window is how long a task that completed without error still serves calls that share it. Zero: only while it is open.
	Window time.Duration `json:"window,omitempty"`

	// Park is how long a question waits for its answer before the attempt gives its slot back. Zero: 30 seconds.
	Park time.Duration `json:"park,omitempty"`
	// Before lists questions that are asked before there is a task. The tool gets each answer by Ask with the same key.
	Before []Question `json:"before,omitempty"`

	// Retention is how long a result can be read after the task ended. Zero: 24 hours.
	Retention time.Duration `json:"retention,omitempty"`
	// MaxLifetime is how long a task may stay open. Zero: 30 days.
	MaxLifetime time.Duration `json:"maxLifetime,omitempty"`
}

// Question is an input request with the key that names it within its task.
type Question struct {
	Key     string       `json:"key"`
	Request InputRequest `json:"request"`
}

// Switch is a yes or no whose zero value leaves the choice to the default.
type Switch string

// The values of a Switch.
const (
	Yes Switch = "yes"
	No  Switch = "no"
)

// Priority orders tasks within a queue.
type Priority string

// The priorities. The zero value is Normal.
const (
	High   Priority = "high"
	Normal Priority = "normal"
	Low    Priority = "low"
)

// Support says whether a tool's calls become tasks, as the specification's taskSupport does.
type Support string

// The values of Support. The zero value is Optional.
const (
	Optional  Support = "optional"
	Required  Support = "required"
	Forbidden Support = "forbidden"
)

// Dedupe says which calls share a task. The zero value is none.
type Dedupe string

// ByArguments says that calls of one caller with the same tool and arguments share a task.
const ByArguments Dedupe = "args"

const (
	defaultTimeout     = 24 * time.Hour
	defaultBackoff     = 5 * time.Second
	maxBackoff         = 10 * time.Minute
	defaultPark        = 30 * time.Second
	defaultOrphan      = 30 * time.Second
	defaultRetention   = 24 * time.Hour
	defaultMaxLifetime = 30 * 24 * time.Hour
	maxBefore          = 16
	longestDuration    = 10 * 365 * 24 * time.Hour
	maxConcurrency     = 100_000
)

// WithDefaults returns the policy with every zero field filled in; queue is the default of Queue.
func (p Policy) WithDefaults(queue string) Policy {
	p.Queue = cmp.Or(p.Queue, queue)
	p.Priority = cmp.Or(p.Priority, Normal)
	p.Timeout = cmp.Or(p.Timeout, defaultTimeout)
	p.Attempts = cmp.Or(p.Attempts, 1)
	p.Backoff = cmp.Or(p.Backoff, defaultBackoff)
	p.Rerun = cmp.Or(p.Rerun, Yes)
	p.Task = cmp.Or(p.Task, Optional)
	p.Orphan = cmp.Or(p.Orphan, defaultOrphan)
	p.Park = cmp.Or(p.Park, defaultPark)
	p.Retention = cmp.Or(p.Retention, defaultRetention)
	p.MaxLifetime = cmp.Or(p.MaxLifetime, defaultMaxLifetime)
	return p
}

// Limited reports whether the policy bounds what all workers together do with the tool.
func (p Policy) Limited() bool { return p.Concurrency > 0 || !p.Rate.IsZero() }

// Bounds says what a queued task may have to wait for, such as " (at most 2 at once, 10/m)": nothing if its tool is not limited.
func (p Policy) Bounds() string {
	switch {
	case p.Concurrency > 0 && !p.Rate.IsZero():
		return fmt.Sprintf(" (at most %d at once, %s)", p.Concurrency, p.Rate)
	case p.Concurrency > 0:
		return fmt.Sprintf(" (at most %d at once)", p.Concurrency)
	case !p.Rate.IsZero():
		return fmt.Sprintf(" (at most %s)", p.Rate)
	}
	return ""
}

// Pause returns how long to wait, jitter included, before the attempt that follows so many failures.
func (p Policy) Pause(failures int) time.Duration {
	d := cmp.Or(p.Backoff, defaultBackoff)
	for i := 1; i < failures && d < maxBackoff; i++ {
		d *= 2
	}
	d = min(d, maxBackoff)
	return d + time.Duration((rand.Float64()*0.4-0.2)*float64(d))
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,48}$`)

// ValidQueue explains what is wrong with a queue's name, if anything. Dots are kept for the siblings of a queue.
func ValidQueue(name string) error {
	if !queueName.MatchString(name) {
		return fmt.Errorf("queue %q: use 1 to 48 letters, digits, - and _", name)
	}
	return nil
}

// Validate explains everything that is wrong with the policy.
func (p Policy) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.Queue != "" {
		if err := ValidQueue(p.Queue); err != nil {
			errs = append(errs, err)
		}
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"delay", p.Delay}, {"timeout", p.Timeout}, {"backoff", p.Backoff}, {"hold", p.Hold}, {"orphan", p.Orphan},
		{"inline", p.Inline}, {"window", p.Window}, {"park", p.Park},
		{"retention", p.Retention}, {"maxLifetime", p.MaxLifetime},
	} {
		if d.d < 0 {
			bad("%s is %s: it cannot be negative", d.name, d.d)
		}
		if d.d > longestDuration {
			bad("%s is %s: it cannot be longer than %s, ten years", d.name, d.d, longestDuration)
		}
	}
	if longest := cmp.Or(p.MaxLifetime, defaultMaxLifetime); p.Delay >= longest {
		bad("delay is %s: a task may not even stay open that long (maxLifetime %s)", p.Delay, longest)
	}
	if p.Attempts < 0 {
		bad("attempts is %d: it cannot be negative", p.Attempts)
	}
	if p.Concurrency < 0 || p.Concurrency > maxConcurrency {
		bad("concurrency is %d: use 1 to %d, or 0 for no limit", p.Concurrency, maxConcurrency)
	}
	if err := p.Rate.Validate(); err != nil {
		errs = append(errs, err)
	}
	switch p.Priority {
	case "", High, Normal, Low:
	default:
		bad("priority %q: use high, normal or low", p.Priority)
	}
	switch p.Task {
	case "", Optional, Required, Forbidden:
	default:
		bad("task %q: use optional, required or forbidden", p.Task)
	}
	switch p.Rerun {
	case "", Yes, No:
	default:
		bad("rerun %q: use yes or no", p.Rerun)
	}
	switch p.Dedupe {
	case "", ByArguments:
	default:
		bad("dedupe %q: use args", p.Dedupe)
	}
	if p.Window > 0 && p.Dedupe == "" {
		bad("window needs dedupe: args")
	}
	if p.Refuse && p.Task != Required {
		bad("refuse needs task: required")
	}
	if len(p.Before) > maxBefore {
		bad("before asks %d questions: at most %d", len(p.Before), maxBefore)
	}
	for _, q := range p.Before {
		if err := q.Validate(); err != nil {
			bad("before: %w", err)
		} else if q.Request.Limit != 0 {
			bad("before: question %q has a limit: no task waits for its answer", q.Key)
		}
	}
	return errors.Join(errs...)
}
