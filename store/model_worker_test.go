package store_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// claim: an attempt is claimed once, by its token.
func (m *model) claim(l store.Lease, worker string) error {
	t := m.find(l.Task)
	switch {
	case t == nil:
		return tasks.ErrNotFound
	case t.ended() || l.Attempt != t.attempt:
		return tasks.ErrLost
	case t.holder == l.Token:
		return nil
	case t.holder != "" || t.phase == tasks.Parked:
		return tasks.ErrLost
	}
	t.take(l.Token, worker)
	t.message = ""
	t.event("claim")
	return nil
}

func (x *trial) claim(r *rapid.T) {
	l, worker := x.lease(r), rapid.SampledFrom([]string{"w1", "w2"}).Draw(r, "worker")
	x.do("claim", func() {
		want := x.m.claim(l, worker)
		c, err := x.s.Claim(r.Context(), l, worker)
		same(x, "claim", 0, err, 0, want)
		if err != nil {
			return
		}
		t := x.m.find(l.Task)
		if c.Lease != l || string(c.Arguments) != string(t.call.Arguments) || c.Failures != t.failures || c.GivenBack != t.backs || c.Answered != t.answers {
			r.Fatalf("claimed %+v, want %d failures, %d give-backs, %d answers", c, t.failures, t.backs, t.answers)
		}
	})
}

// pulse is what every write about an attempt learns. The task is nil unless the attempt is the writer's.
func (m *model) pulse(l store.Lease) (*twin, store.Pulse, error) {
	t := m.find(l.Task)
	switch {
	case t == nil:
		return nil, store.Pulse{}, tasks.ErrLost
	case t.mine(l):
		return nil, store.Pulse{Ended: true}, nil
	case t.ended() || !t.held(l):
		return nil, store.Pulse{}, tasks.ErrLost
	}
	return t, store.Pulse{Answered: t.answers}, nil
}

// beat: the attempt lives on, its place in live even after the end of the task. One that is steady was not killed by its own task.
func (m *model) beat(l store.Lease) (store.Pulse, error) {
	t, p, err := m.pulse(l)
	if _, ok := m.live[l.Task]; ok && p.Ended {
		m.live[l.Task] = m.now + liveness
	}
	if t != nil {
		t.lapse()
		p.Answered = t.answers
		m.live[l.Task] = m.now + liveness
		if t.now-t.started >= steady {
			t.crashes = 0
		}
	}
	return p, err
}

func (x *trial) beat(r *rapid.T) {
	l := x.lease(r)
	x.do("beat", func() {
		want, wantErr := x.m.beat(l)
		p, err := x.s.Beat(r.Context(), l)
		same(x, "beat", p, err, want, wantErr)
	})
}

// report: each of an attempt's reports counts once, in their order.
func (m *model) report(l store.Lease, n int, p *tasks.Progress, logs []store.Log) (store.Pulse, error) {
	t, pulse, err := m.pulse(l)
	if t == nil || n <= t.reports {
		return pulse, err
	}
	t.reports = n
	for range logs {
		t.event("log")
	}
	if p != nil {
		t.progress, t.peak, t.message = int(p.Done), max(t.peak, int(p.Done)), p.Message
		t.event("progress")
	}
	return pulse, err
}

func (x *trial) report(r *rapid.T) {
	l := x.lease(r)
	n := 1
	if t := x.m.find(l.Task); t != nil {
		n = t.reports + 1
	}
	var p *tasks.Progress
	if rapid.IntRange(0, 3).Draw(r, "progress") > 0 {
		p = &tasks.Progress{Done: float64(len(x.past)), Message: rapid.SampledFrom([]string{"", "short", long}).Draw(r, "message")}
	}
	logs := make([]store.Log, rapid.IntRange(0, 2).Draw(r, "logs"))
	x.do("report", func() {
		want, wantErr := x.m.report(l, n, p, logs)
		pulse, err := x.s.Report(r.Context(), l, n, p, logs)
		same(x, "report", pulse, err, want, wantErr)
	})
}

// remember: a value replaces the one of its name, if the task's memory holds it. An attempt that got so far was not killed by its task.
// Each of its values counts once, in their order.
func (m *model) remember(l store.Lease, n int, name, value string) (store.Pulse, error) {
	if t := m.find(l.Task); t != nil && t.ended() {
		return store.Pulse{Ended: true}, nil
	}
	t, pulse, err := m.pulse(l)
	if t == nil || n <= t.remembered {
		return pulse, err
	}
	before, found := t.memory[name]
	size := t.size + len(value) - len(before)
	if !found {
		size += len(name)
	}
	if size > mostMemory {
		return store.Pulse{}, store.ErrMemoryFull
	}
	if !found || before != value {
		t.crashes = 0
	}
	t.memory[name], t.size, t.remembered = value, size, n
	return pulse, err
}

func (x *trial) remember(r *rapid.T) {
	l, name := x.lease(r), rapid.SampledFrom([]string{"checkpoint", "step:1"}).Draw(r, "name")
	value := rapid.SampledFrom([]string{`1`, `22`, `"somewhat longer"`}).Draw(r, "value")
	n := 1
	if t := x.m.find(l.Task); t != nil {
		n = t.remembered + 1
	}
	x.do("remember", func() {
		want, wantErr := x.m.remember(l, n, name, value)
		pulse, err := x.s.Remember(r.Context(), l, n, name, json.RawMessage(value))
		same(x, "remember", pulse, err, want, wantErr)
	})
}

// release: the next attempt waits, unless there is an answer that a parking one has not seen.
func (m *model) release(l store.Lease, how store.Release) (next tasks.Delivery, err error) {
	t := m.find(l.Task)
	switch {
	case t == nil:
		return next, tasks.ErrLost
	case l.Attempt == t.attempt-1 && l.Token == t.prev:
		return t.delivery(), nil // again
	case t.ended():
		return next, store.ErrEnded
	case !t.held(l):
		return next, tasks.ErrLost
	}
	t.lapse()
	if how.Phase == tasks.Parked && t.answers > how.Answered {
		return next, store.ErrAnswered
	}
	t.giveBack(how)
	return t.delivery(), nil
}

func (t *twin) giveBack(how store.Release) {
	if how.Failed {
		t.failures++
	}
	if how.Unable {
		t.backs++
	}
	if how.Err != nil {
		t.lastErr = how.Err.Error()
	}
	t.raise(how.Phase, inMinutes(how.Delay))
	t.message = how.Message
	t.event("release")
}

func (x *trial) release(r *rapid.T) {
	l := x.lease(r)
	how := store.Release{
		Phase:   rapid.SampledFrom([]tasks.Phase{tasks.Queued, tasks.Delayed, tasks.Parked, tasks.Parked}).Draw(r, "phase"),
		Delay:   minutes(5),
		Failed:  rapid.Bool().Draw(r, "failed"),
		Unable:  rapid.Bool().Draw(r, "unable"),
		Message: rapid.SampledFrom([]string{"given back", long}).Draw(r, "message"),
	}
	if how.Failed {
		how.Err = fmt.Errorf("failed at step %d", len(x.past))
	}
	if how.Phase == tasks.Parked {
		how.Answered = rapid.IntRange(0, 2).Draw(r, "answers seen")
	}
	x.do("release", func() {
		want, wantErr := x.m.release(l, how)
		next, err := x.s.Release(r.Context(), l, how)
		same(x, "release", next, err, want, wantErr)
	})
}

// end: an attempt ends its task, unless that has ended, and is told so again when it asks again.
func (m *model) end(l store.Lease, e tasks.Event, o store.Outcome, out string) error {
	t := m.find(l.Task)
	switch {
	case t == nil:
		return tasks.ErrNotFound
	case t.mine(l) && t.status == e.To():
		return nil // again
	case t.ended():
		return &tasks.StateError{Event: e, Status: t.status}
	case !t.held(l):
		return tasks.ErrLost
	}
	delete(m.live, t.id)
	t.clean = o.Clean
	t.close(e.To(), o.Message, out)
	return nil
}

func (x *trial) end(r *rapid.T) {
	l := x.lease(r)
	switch rapid.SampledFrom([]string{"finish", "finish", "break", "cancel"}).Draw(r, "end") {
	case "finish":
		o := store.Outcome{
			Message: rapid.SampledFrom([]string{"done", long}).Draw(r, "message"),
			Clean:   rapid.IntRange(0, 2).Draw(r, "clean") > 0, Result: json.RawMessage(fmt.Sprint(len(x.past))),
		}
		x.apply(l, tasks.Finish, o, string(o.Result))
	case "break":
		x.apply(l, tasks.Break, store.Outcome{Error: tasks.NewError(tasks.ReasonPanic, "boom")}, broken(tasks.ReasonPanic, "boom"))
	case "cancel":
		x.cancel(l.Task)
	}
}

func (x *trial) apply(l store.Lease, e tasks.Event, o store.Outcome, out string) {
	x.do(string(e), func() {
		want := x.m.end(l, e, o, out)
		same(x, string(e), 0, x.s.Apply(x.Context(), l.Task, e, l, o), 0, want)
	})
}

// leave: the tool of an ended task has returned.
func (m *model) leave(l store.Lease) {
	if t := m.find(l.Task); t == nil || t.mine(l) {
		delete(m.live, l.Task)
	}
}

func (x *trial) leave(r *rapid.T) {
	l := x.lease(r)
	x.do("leave", func() {
		x.m.leave(l)
		same(x, "leave", 0, x.s.Leave(r.Context(), l), 0, nil)
	})
}

var long = strings.Repeat("long ", 20) // a message that stands beside the record
