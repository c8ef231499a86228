package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Lease is what a worker holds of a task: the fence that every one of its writes carries.
type Lease struct {
	Task    tasks.ID
	Attempt int
	Token   string // random, chosen by the worker, one for each claim
}

func (l Lease) args(more ...any) []any {
	return append([]any{strconv.Itoa(l.Attempt), l.Token}, more...)
}

// Claimed is an attempt that is the worker's own now.
type Claimed struct {
	Lease
	Tool         string
	Arguments    json.RawMessage // nil if Redis lost them
	Capabilities tasks.Capabilities
	Failures     int    // of earlier attempts
	GivenBack    int    // how often a worker could not run it
	Answered     int    // answers that are in
	Limit        string // that had to let it in, "" if none had
}

// Claim takes an attempt for one worker, once. ErrLost: it has ended, was superseded, or is another's.
func (s *Store) Claim(ctx context.Context, l Lease, worker string) (*Claimed, error) {
	r, err := s.task(ctx, s.scripts.claim, l.Task, l.args(worker)...)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	switch r.code() {
	case 1:
		return claimed(l, pairs(r.list(1)), r.text(2))
	case 0:
		return nil, tasks.ErrLost
	case -1:
		return nil, tasks.ErrNotFound
	}
	return nil, fmt.Errorf("claim: %w", errAnswer)
}

func claimed(l Lease, rec record, in string) (*Claimed, error) {
	c := &Claimed{
		Lease: l, Tool: rec["tool"], Capabilities: tasks.ParseCapabilities(rec["caps"]),
		Failures: rec.int("failures"), GivenBack: rec.int("backs"), Answered: rec.int("answered"),
		Limit: rec["limit"],
	}
	if in == "" {
		return c, nil
	}
	args, err := unpack(in)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	c.Arguments = args
	return c, nil
}

// Pulse is what a worker learns with each write about an attempt. The error beside it is ErrLost when the attempt is not its own any
// more.
type Pulse struct {
	Ended    bool // the task needs no more work, though the tool may still be running
	Answered int  // answers that are in
}

func pulse(r reply, err error) (Pulse, error) {
	switch {
	case err != nil:
		return Pulse{}, err
	case r.text(0) == "held":
		n, _ := r[1].(int64)
		return Pulse{Answered: int(n)}, nil
	case r.text(0) == "ended":
		return Pulse{Ended: true}, nil
	case r.text(0) == "lost":
		return Pulse{}, tasks.ErrLost
	}
	return Pulse{}, errAnswer
}

// Beat says that the attempt is alive.
func (s *Store) Beat(ctx context.Context, l Lease) (Pulse, error) {
	p, err := pulse(s.task(ctx, s.scripts.beat, l.Task, l.args()...))
	if err != nil {
		return p, fmt.Errorf("beat: %w", err)
	}
	return p, nil
}

// Report keeps what an attempt says: its latest progress, if any, and log messages. n counts the reports of the attempt, from 1.
func (s *Store) Report(ctx context.Context, l Lease, n int, p *tasks.Progress, logs []Log) (Pulse, error) {
	args := l.args(n, "0", "", "", "", "", "")
	if p != nil {
		body, err := json.Marshal(progressBody{p.Done, p.Total, p.ETA.Milliseconds(), p.Message})
		if err != nil {
			return Pulse{}, fmt.Errorf("report: %w", err)
		}
		args = l.args(n, "1", float(p.Done), float(p.Total), p.ETA.Milliseconds(), p.Message, body)
	}
	for _, log := range logs {
		body, err := json.Marshal(log)
		if err != nil {
			return Pulse{}, fmt.Errorf("report: %w", err)
		}
		args = append(args, body)
	}
	pl, err := pulse(s.task(ctx, s.scripts.report, l.Task, args...))
	if err != nil {
		return pl, fmt.Errorf("report: %w", err)
	}
	return pl, nil
}

func float(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// Release says how an attempt is given back.
type Release struct {
	// Phase is Queued (again at once), Delayed (after Delay) or Parked (when an answer comes).
	Phase   tasks.Phase
	Delay   time.Duration
	Failed  bool  // count a failure of the tool
	Unable  bool  // count that this worker could not run it
	Err     error // why, nil if there is no fault
	Message string
	// Answered is how many answers the attempt has seen: with more, it is not parked.
	Answered int
	// Limit has to let the next attempt into the queue. "": what had to before.
	Limit string
}

// ErrEnded: the task has ended; there is nothing to give back.
var ErrEnded = errors.New("the task has ended")

// ErrAnswered: the attempt was not parked, since an answer came in.
var ErrAnswered = errors.New("an answer came in")

// Release gives an attempt back: the next one, which is returned, is nobody's yet. ErrLost when it was not the worker's any more,
// ErrEnded when the task has ended.
func (s *Store) Release(ctx context.Context, l Lease, how Release) (next tasks.Delivery, err error) {
	cause := ""
	if how.Err != nil {
		cause = how.Err.Error()
	}
	r, err := s.task(ctx, s.scripts.release, l.Task, l.args(string(how.Phase), how.Delay.Milliseconds(),
		count(how.Failed), count(how.Unable), how.Message, cause, how.Answered, how.Limit)...)
	if err != nil {
		return next, fmt.Errorf("release: %w", err)
	}
	switch r.text(0) {
	case "released":
		return delivery(l.Task, r.list(1)), nil
	case "answered":
		return next, ErrAnswered
	case "ended":
		return next, ErrEnded
	case "lost":
		return next, tasks.ErrLost
	}
	return next, fmt.Errorf("release: %w", errAnswer)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func delivery(id tasks.ID, v []any) tasks.Delivery {
	r := reply(v)
	attempt, _ := strconv.Atoi(r.text(0))
	return tasks.Delivery{Task: id, Attempt: attempt, Queue: r.text(1), Priority: tasks.Priority(r.text(2)), Limit: r.text(3)}
}

// Leave says that the tool of an ended task has returned, so that its place is free.
func (s *Store) Leave(ctx context.Context, l Lease) error {
	if _, err := s.task(ctx, s.scripts.leave, l.Task, l.args()...); err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	return nil
}
