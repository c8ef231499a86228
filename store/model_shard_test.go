package store_test

import (
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Times of the model are whole minutes since its beginning. What really passes meanwhile is a fraction of one.
const (
	hour  = 60
	never = -1

	// what the store is told
	liveness   = 2
	look       = 2 // the first pause between two looks
	again      = 1 // the pause before the first look at a task that ran before
	gap        = 3
	pause      = 6
	keptEvents = 8

	// what it does not let us choose
	longest       = 10 // pause between two looks
	steady        = 10 // an attempt that ran so long was not killed by its own task
	grace         = 10 // between when a task should be forgotten and when its keys expire
	crashesAllow  = 3  // that count as a failure
	mostQuestions = 64
	mostMemory    = 16 << 20
)

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func inMinutes(d time.Duration) int { return int(d / time.Minute) }

// model is a shard as it should be.
type model struct {
	now             int
	tasks           []*twin
	due, live, ends map[tasks.ID]int
	keys            map[string]*reserved // by owner and what repeats of a call share
	owners          map[tasks.Owner]*listing
	tick, paused    int // never: nobody ticked
	keeper          string
	keeperUntil     int
	said            []word // published since the last comparison
}

// reserved is the task of an idempotency key.
type reserved struct {
	task  tasks.ID
	until int
}

// listing is an owner's index.
type listing struct {
	ids   map[tasks.ID]int // since when
	until int
}

func newModel() *model {
	return &model{
		due: map[tasks.ID]int{}, live: map[tasks.ID]int{}, ends: map[tasks.ID]int{},
		keys: map[string]*reserved{}, owners: map[tasks.Owner]*listing{}, tick: never,
	}
}

// find is a task that is known still.
func (m *model) find(id tasks.ID) *twin {
	for _, t := range m.tasks {
		if t.id == id && t.known {
			return t
		}
	}
	return nil
}

// openTasks are those that have not ended.
func (m *model) openTasks() (open []*twin) {
	for _, t := range m.tasks {
		if !t.ended() {
			open = append(open, t)
		}
	}
	return open
}

// pass lets time pass, and forget what has a time to live.
func (m *model) pass(n int) {
	m.now += n
	for _, t := range m.tasks {
		if t.ended() && t.expires() <= m.now {
			t.known = false
		}
	}
	for name, k := range m.keys {
		if k.until != never && k.until <= m.now {
			delete(m.keys, name)
		}
	}
	for owner, l := range m.owners {
		if l.until <= m.now {
			delete(m.owners, owner)
		}
	}
	if m.keeperUntil <= m.now {
		m.keeper = ""
	}
}

// list enters a task in its owner's index, which lives until its last task must have been forgotten.
func (m *model) list(n store.NewTask) {
	if m.owners[n.Owner] == nil {
		m.owners[n.Owner] = &listing{ids: map[tasks.ID]int{}}
	}
	l := m.owners[n.Owner]
	if _, listed := l.ids[n.ID]; !listed {
		l.ids[n.ID] = m.now
	}
	l.until = max(l.until, m.now+inMinutes(n.Policy.MaxLifetime+n.Policy.Retention)+hour)
}

func (m *model) unlist(owner tasks.Owner, id tasks.ID) {
	if l := m.owners[owner]; l != nil {
		delete(l.ids, id)
		if len(l.ids) == 0 {
			delete(m.owners, owner)
		}
	}
}

// overdue are the tasks of a clock whose time has come.
func (m *model) overdue(clock map[tasks.ID]int) map[tasks.ID]bool {
	ids := map[tasks.ID]bool{}
	for id, at := range clock {
		if at <= m.now {
			ids[id] = true
		}
	}
	return ids
}
