package store_test

import (
	"encoding/json"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// away says whether no keeper was there a moment ago: nobody can tell then who could not beat.
func (m *model) away() bool { return m.now-m.tick >= gap || m.now < m.tick }

// tickNow: a gap in the ticks is followed by a pause.
func (m *model) tickNow() {
	if m.tick != never && m.away() {
		m.paused = m.now + pause
	}
	m.tick = m.now
}

// sweep is what the keeper does all the time: tick, and see to what is overdue.
func (x *trial) sweep(r *rapid.T) {
	overdue := x.tick(r)
	for _, id := range overdue.Ends {
		x.pruneOf(id)
	}
	for _, id := range overdue.Due {
		x.lookAt(id)
	}
	for _, id := range overdue.Live {
		x.reapOf(id)
	}
}

func (x *trial) tick(r *rapid.T) store.Overdue {
	x.m.tickNow()
	all, err := x.s.Tick(r.Context())
	if err != nil || len(all) != 1 {
		r.Fatalf("tick: %+v, %v", all, err)
	}
	live := x.m.overdue(x.m.live)
	if x.m.now < x.m.paused {
		clear(live)
	}
	x.sameIDs("due", all[0].Due, x.m.overdue(x.m.due))
	x.sameIDs("live", all[0].Live, live)
	x.sameIDs("ends", all[0].Ends, x.m.overdue(x.m.ends))
	return all[0]
}

func (x *trial) sameIDs(clock string, got []tasks.ID, want map[tasks.ID]bool) {
	set := map[tasks.ID]bool{}
	for _, id := range got {
		set[id] = true
	}
	if len(got) != len(set) || !maps.Equal(set, want) {
		x.Fatalf("tick: overdue in %s: %v, want %v", clock, got, want)
	}
}

// moved is a comparable store.Moved, its age in minutes.
type moved struct {
	next   tasks.Delivery
	broken bool
	age    int
}

// keep lets the keeper do something with a task.
func (x *trial) keep(what string, want moved, do func() (store.Moved, error)) {
	m, err := do()
	same(x, what, moved{deref(m.Next), m.Broken, inMinutes(m.Age)}, err, want, nil)
}

// reap: who was not heard of loses the attempt, unless nobody listened.
func (m *model) reap(id tasks.ID) moved {
	deadline, found := m.live[id]
	if m.tick == never || m.away() || m.now < m.paused || !found || deadline > m.now {
		return moved{}
	}
	delete(m.live, id)
	t := m.find(id)
	switch {
	case t == nil || t.ended():
		return moved{}
	case t.call.Policy.Rerun == tasks.No:
		t.close(tasks.Failed, "", noRerun)
		return moved{broken: true}
	case t.crash() && t.failures >= t.call.Policy.Attempts:
		t.close(tasks.Failed, "", crashed)
		return moved{broken: true}
	}
	t.raise(tasks.Queued, 0)
	t.message = "its worker was lost; starting again"
	t.event("reap")
	return moved{next: t.delivery()}
}

// crash counts one, and says whether it made a failure.
func (t *twin) crash() bool {
	t.crashes++
	if t.crashes < crashesAllow {
		return false
	}
	t.crashes = 0
	t.failures++
	return true
}

var (
	noRerun  = broken(tasks.ReasonNoRerun, "the worker was lost, and this tool must not be started twice")
	crashed  = broken(tasks.ReasonCrashed, "the worker died under this task again and again")
	lifetime = broken(tasks.ReasonLifetime, "the task was open for longer than its maximum lifetime")
)

func broken(reason tasks.Reason, message string) string {
	b, err := json.Marshal(tasks.NewError(reason, message))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (x *trial) reap(r *rapid.T) { x.reapOf(x.task(r).id) }

func (x *trial) reapOf(id tasks.ID) {
	x.keep("reap", x.m.reap(id), func() (store.Moved, error) { return x.s.Reap(x.Context(), id) })
}

// look: what waits when its time has come is enqueued, and looked at again later and later.
func (m *model) look(id tasks.ID) moved {
	at, found := m.due[id]
	if !found || at > m.now {
		return moved{}
	}
	t := m.find(id)
	if t.phase == tasks.Parked {
		if any, _ := t.lapse(); !any {
			t.sleep()
			return moved{}
		}
	}
	if t.phase == tasks.Delayed {
		t.wait(look)
		t.message = "queued"
		t.event("due")
	}
	m.due[id] = m.now + min(longest, look<<t.looks)
	t.looks++
	return moved{next: t.delivery(), age: m.now - t.queued}
}

func (x *trial) look(r *rapid.T) { x.lookAt(x.task(r).id) }

func (x *trial) lookAt(id tasks.ID) {
	x.keep("look", x.m.look(id), func() (store.Moved, error) { return x.s.Look(x.Context(), id) })
}

// renew: a delivery that the queue lost is replaced by one that was never used.
func (m *model) renew(d tasks.Delivery) moved {
	t := m.find(d.Task)
	if t == nil || t.attempt != d.Attempt || t.phase != tasks.Queued || m.now-t.queued < 2*look {
		return moved{}
	}
	t.raise(tasks.Queued, 0)
	return moved{next: t.delivery()}
}

func (x *trial) renew(r *rapid.T) {
	d := x.task(r).delivery()
	d.Attempt -= rapid.SampledFrom([]int{0, 0, 1}).Draw(r, "attempts ago")
	x.do("renew", func() {
		x.keep("renew", x.m.renew(d), func() (store.Moved, error) { return x.s.Renew(r.Context(), d) })
	})
}

// prune: what ended long enough ago is forgotten, what is open for too long ends.
func (m *model) prune(id tasks.ID) moved {
	if at, found := m.ends[id]; !found || at > m.now {
		return moved{}
	}
	t := m.find(id)
	if t != nil && !t.ended() {
		t.close(tasks.Failed, "", lifetime)
		return moved{broken: true}
	}
	if t != nil {
		t.forget()
	}
	delete(m.ends, id)
	delete(m.live, id)
	return moved{}
}

func (t *twin) forget() {
	t.known = false
	t.unlist(t.call.Owner, t.id)
	if k := t.keys[shared(t.call)]; k != nil && k.task == t.id {
		delete(t.keys, shared(t.call))
	}
}

func (x *trial) prune(r *rapid.T) { x.pruneOf(x.task(r).id) }

func (x *trial) pruneOf(id tasks.ID) {
	t := x.m.find(id)
	x.keep("prune", x.m.prune(id), func() (store.Moved, error) { return x.s.Prune(x.Context(), id) })
	if t != nil && !t.known {
		x.weeded(t)
	}
}

// weeded sees which older entries without a record, a few picked at random, the owner's index lost with a task.
func (x *trial) weeded(t *twin) {
	listed := x.rdb.ZRange(x.Context(), ownerIndex(t.call.Owner), 0, -1).Val()
	if l := x.m.owners[t.call.Owner]; l != nil {
		for id, since := range l.ids {
			if x.m.find(id) == nil && since <= t.created && !slices.Contains(listed, string(id)) {
				x.m.unlist(t.call.Owner, id)
			}
		}
	}
}

const keeperLease = 4

// elect: one process is the keeper, until its lease is over.
func (m *model) elect(process string) bool {
	if m.keeper != "" && m.keeper != process {
		return false
	}
	m.keeper, m.keeperUntil = process, m.now+keeperLease
	return true
}

func (m *model) resign(process string) {
	if m.keeper == process {
		m.keeper = ""
	}
}

func (x *trial) elect(r *rapid.T) {
	process := rapid.SampledFrom([]string{"one", "other"}).Draw(r, "process")
	if rapid.IntRange(0, 2).Draw(r, "resigns") == 2 {
		x.m.resign(process)
		same(x, "resign", 0, x.s.Resign(r.Context(), process), 0, nil)
		return
	}
	want := x.m.elect(process)
	ok, err := x.s.Elect(r.Context(), process, minutes(keeperLease))
	same(x, "elect", ok, err, want, nil)
}

func deref(d *tasks.Delivery) tasks.Delivery {
	if d == nil {
		return tasks.Delivery{}
	}
	return *d
}
