package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
)

// Attempt is one try at running a task, as the tool sees it. It may be used by many goroutines at once, until the tool returns.
type Attempt struct {
	task      ID
	number    int
	runtime   Runtime
	memory    Memory
	artifacts ArtifactStore // nil: there is none
	draining  <-chan struct{}
	steps     names
}

// Runtime is what stands behind an attempt: the worker that runs it, or a test of the tool.
type Runtime interface {
	// Report takes the latest progress. It does not wait.
	Report(p Progress)
	// Log takes one message for those who follow the call. It does not wait.
	Log(level slog.Level, message string)
	// Ask puts a question and waits for the answer.
	Ask(ctx context.Context, q Question) (json.RawMessage, error)
}

// NewAttempt is for workers, and for tests of a tool. If the runtime is no Memory too, what the tool remembers is lost with the attempt.
func NewAttempt(task ID, number int, rt Runtime, draining <-chan struct{}) *Attempt {
	memory, ok := rt.(Memory)
	if !ok {
		memory = new(volatile)
	}
	artifacts, _ := rt.(ArtifactStore)
	return &Attempt{task: task, number: number, runtime: rt, memory: memory, artifacts: artifacts, draining: draining}
}

// TaskID returns the id of the task that is being run.
func (a *Attempt) TaskID() ID { return a.task }

// Number counts the attempts at this task, from 1. It also rises when a deploy, a crash or a question moves the task elsewhere, or when a
// worker without the tool gives it back, so it does not count failures.
func (a *Attempt) Number() int { return a.number }

// Progress reports how far the work is: done of total units (0: nobody knows how many), and in words what is being done.
// It is cheap: call it as often as progress is made; clients see the latest a few times a second.
// The error says why the attempt should end, as ctx does; a tool that looks at ctx elsewhere may ignore it.
func (a *Attempt) Progress(ctx context.Context, done, total int, message string) error {
	return a.Report(ctx, Progress{Done: float64(done), Total: float64(total), Message: message})
}

// Report is Progress for work that is not counted in whole units, or that knows how long it will take.
func (a *Attempt) Report(ctx context.Context, p Progress) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if finite(p.Done) && finite(p.Total) {
		a.runtime.Report(p)
	}
	return nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// Log sends a message to clients that asked for the log of this call.
func (a *Attempt) Log(level slog.Level, format string, args ...any) {
	a.runtime.Log(level, fmt.Sprintf(format, args...))
}

// Ask puts a question to the client and waits for the answer. The key names the question within its task, for good: when this attempt or
// a later one asks with the same key again, Ask returns the recorded answer at once; a different question under the same key is an error
// (ErrKeyReused). Several goroutines may ask at once.
//
// The answer is durable when Ask returns. If none comes within the policy's Park, ctx ends with ErrParked and the attempt should
// return: once the answer is there the tool runs again from the top, on any worker.
//
// ErrUnanswered: nobody answered within the question's limit (Within). ErrCannotAsk: the client declared that it cannot answer this
// kind of question.
func (a *Attempt) Ask(ctx context.Context, key string, r InputRequest) (Reply, error) {
	q := Question{Key: key, Request: r}
	if err := q.Validate(); err != nil {
		return Reply{}, Permanent(err)
	}
	raw, err := a.runtime.Ask(ctx, q)
	if err != nil {
		return Reply{}, err
	}
	return ParseReply(raw), nil
}

// CanAsk reports whether the client that created the task can answer this kind of question. If not, Ask returns ErrCannotAsk, unless it was
// answered before. A runtime that does not know, as in a test of a tool, means yes.
func (a *Attempt) CanAsk(kind Capability) bool {
	r, knows := a.runtime.(interface{ CanAsk(kind Capability) bool })
	return !knows || r.CanAsk(kind)
}

// Draining returns a channel that is closed when the worker has been told to stop. A tool that can stop at a good place then returns
// ErrDraining: the task resumes elsewhere, and no failure is counted. A tool that goes on is cut off when the drain time is over.
func (a *Attempt) Draining() <-chan struct{} { return a.draining }
