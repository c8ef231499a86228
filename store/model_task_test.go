package store_test

import (
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// twin is a task as it should be.
type twin struct {
	*model
	id    tasks.ID
	call  store.NewTask // that made it
	known bool          // not forgotten

	status               tasks.Status
	phase                tasks.Phase
	attempt              int
	holder, prev, worker string // tokens of the current attempt and of the one before; who claimed last
	failures, backs      int
	crashes              int
	reports, looks       int // of the current attempt, as are …
	remembered           int // … its values that were remembered
	progress, peak       int
	message, lastErr     string
	out                  string
	clean                bool

	questions map[string]*question
	asked     int // by attempts
	answers   int // that came in since
	lapses    int // when to see which questions lapsed, 0 = not at all
	memory    map[string]string
	size      int // of the memory

	created, updated, queued, started, over, next int
	seq                                           int
	events                                        []string
}

func (t *twin) ended() bool    { return t.phase == tasks.Ended }
func (t *twin) retention() int { return inMinutes(t.call.Policy.Retention) }
func (t *twin) expires() int   { return t.over + t.retention() + grace }

func (t *twin) delivery() tasks.Delivery {
	return tasks.Delivery{Task: t.id, Attempt: t.attempt, Queue: t.call.Policy.Queue, Priority: t.call.Policy.Priority}
}

// event is one more; progress replaces progress, and the oldest go.
func (t *twin) event(kind string) {
	t.seq++
	t.updated = t.now
	t.said = append(t.said, word{t.id, t.seq, kind})
	if n := len(t.events); kind == "progress" && n > 0 && strings.HasSuffix(t.events[n-1], kind) {
		t.events = t.events[:n-1]
	}
	t.events = append(t.events, fmt.Sprintf("%d %s", t.seq, kind))
	t.events = t.events[max(0, len(t.events)-keptEvents):]
}

func (t *twin) take(token, worker string) {
	t.holder, t.worker, t.phase, t.started = token, worker, tasks.Running, t.now
	delete(t.due, t.id)
	t.live[t.id] = t.now + liveness
}

// held is the fence: a current attempt of nobody's is taken by whoever writes.
func (t *twin) held(l store.Lease) bool {
	if l.Attempt != t.attempt {
		return false
	}
	if t.holder == "" && t.phase != tasks.Parked {
		t.take(l.Token, t.worker)
	}
	return t.holder == l.Token
}

// mine says whether a task has ended under this lease.
func (t *twin) mine(l store.Lease) bool {
	return t.ended() && l.Attempt == t.attempt && l.Token == t.holder
}

// wait makes a task claimable, which is looked at soon.
func (t *twin) wait(soon int) {
	t.phase, t.queued, t.looks = tasks.Queued, t.now, 0
	t.due[t.id] = t.now + soon
}

// raise makes the next attempt the current one.
func (t *twin) raise(phase tasks.Phase, delay int) {
	t.attempt++
	t.prev, t.holder, t.reports, t.remembered = t.holder, "", 0, 0
	delete(t.live, t.id)
	t.wait(again)
	t.phase = phase
	switch phase {
	case tasks.Delayed:
		t.next = t.now + delay
		t.due[t.id] = t.next
	case tasks.Parked:
		t.sleep()
	}
}

// sleep has a parked task looked at when one of its questions may have lapsed.
func (t *twin) sleep() {
	delete(t.due, t.id)
	if t.lapses > 0 {
		t.due[t.id] = t.lapses
	}
}

func (t *twin) close(status tasks.Status, message, out string) {
	t.status, t.phase, t.message, t.out, t.over = status, tasks.Ended, message, out, t.now
	delete(t.due, t.id)
	t.event("end")
	t.ends[t.id] = t.now + t.retention()
	if k := t.keys[shared(t.call)]; k != nil && k.task == t.id {
		k.until = t.expires()
	}
}
