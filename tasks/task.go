package tasks

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Phase is what the engine is doing with an open task. Clients never see it as a field, only in the status message.
type Phase string

// The phases of an open task, and the one of a task that has ended.
const (
	Queued  Phase = "queued"  // waits for a worker
	Running Phase = "running" // an attempt has been claimed
	Parked  Phase = "parked"  // waits for an answer without a slot
	Delayed Phase = "delayed" // waits for its time: a start that caller or policy asked for, backoff, or a worker that has the tool
	Ended   Phase = "ended"
)

// Task is a snapshot of a task, as any process reads it from the store.
type Task struct {
	ID       ID
	Tool     string
	Owner    Owner
	Status   Status
	Phase    Phase
	Delivery Delivery // the current attempt

	Failures int // errors, panics and timeouts of the tool so far
	Attempts int // failures that end the task

	Message  string // what the tool, or the engine, last said
	Position int    // its approximate place in the queue, not part of the record; 0: it waits in none, or nobody looked
	Progress Progress
	Peak     float64 // the most that Progress.Done was: an attempt may start again from zero
	LastErr  string  // why the last attempt failed

	Created, Updated, Ended time.Time
	Next                    time.Time // when the current attempt may start: zero unless it is delayed
	Retention               time.Duration

	Questions []Question // open ones, by key
	Result    json.RawMessage
	Clean     bool // it completed, and its tool reported no error
	Error     *Error

	// Kept: a client can come back to it, so it runs on when the last one that waits leaves.
	Kept bool

	// Token is the client's progress token, where that outlives its request. Nil: it wants no progress.
	Token json.RawMessage

	// Seq counts the task's events; it only ever rises while one Redis holds the task.
	Seq int64
}

// Progress is how far an attempt says it is. Total is 0 while it is not known.
type Progress struct {
	Done, Total float64
	Message     string
	// ETA is how much longer it may take, 0 while that is not known.
	ETA time.Duration
}

// Summary puts it in words for people: "42% · 420 of 1000 · crawling /docs · about 3 min left".
func (p Progress) Summary() string {
	var parts []string
	if p.Total > 0 {
		parts = append(parts, strconv.Itoa(int(100*min(1, max(0, p.Done/p.Total))))+"%", number(p.Done)+" of "+number(p.Total))
	} else if done := number(p.Done); p.Done > 0 && done != "0" {
		parts = append(parts, done+" done")
	}
	if p.Message != "" {
		parts = append(parts, p.Message)
	}
	if p.ETA > 0 {
		parts = append(parts, "about "+roughly(p.ETA)+" left")
	}
	return strings.Join(parts, " · ")
}

// number is f to the sixth digit, and all of its whole part: what tells one notification from the next (patterns/progress) is smaller.
func number(f float64) string {
	places := 5
	for whole := math.Abs(f); places > 0 && whole >= 10; whole /= 10 {
		places--
	}
	text := strconv.FormatFloat(f, 'f', places, 64)
	if places > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
}

// StatusMessage returns the one line that tells a client how the task stands.
func (t *Task) StatusMessage() string {
	switch {
	case t.Status == Failed && t.Error != nil:
		return t.Error.Message
	case t.Status.Terminal():
		return t.Message
	case t.Phase == Queued && t.Position > 0:
		return fmt.Sprintf("%s, position %d", t.Message, t.Position)
	case t.Phase == Queued || t.Phase == Delayed || t.Phase == Parked:
		return t.Message
	}
	if s := t.Progress.Summary(); s != "" {
		return s
	}
	return t.Message
}

// TTL returns how long after its creation the task may be forgotten. ok is false while nothing bounds it, that is while it is open.
func (t *Task) TTL() (ttl time.Duration, ok bool) {
	if !t.Status.Terminal() {
		return 0, false
	}
	return t.Ended.Sub(t.Created) + t.Retention, true
}

// PollInterval returns how soon it is worth asking again: soon while the task moves, late while it waits for somebody.
func (t *Task) PollInterval() time.Duration {
	switch age := t.Updated.Sub(t.Created); {
	case t.Phase == Parked:
		return 15 * time.Second
	case t.Phase == Delayed:
		return 5 * time.Second
	case age < 10*time.Second:
		return 500 * time.Millisecond
	case age < 5*time.Minute:
		return 2 * time.Second
	}
	return 5 * time.Second
}
