package store_test

import (
	"encoding/json"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const mostOpen = 3

// create: a known id is the call again; a key's task serves who repeats its call; else there is a new task.
func (m *model) create(n store.NewTask, start int) (id tasks.ID, created bool, err error) {
	m.list(n)
	if m.find(n.ID) != nil {
		return n.ID, true, nil
	}
	if name := shared(n); name != "" {
		if other := m.serving(name, n); other != nil {
			m.unlist(n.Owner, n.ID)
			if string(other.call.Arguments) != string(n.Arguments) {
				return "", false, tasks.ErrKeyReused
			}
			return other.id, false, nil
		}
		m.keys[name] = &reserved{n.ID, never}
	}
	m.enter(newTwin(m, n, start))
	return n.ID, true, nil
}

// shared names what repeats of a call share.
func shared(n store.NewTask) string {
	if n.Repeats() == "" {
		return ""
	}
	return string(n.Owner) + ":" + n.Repeats()
}

// serving is the task that serves a repeat: with a key of the caller's as long as it is known, else while it is open and within its
// window.
func (m *model) serving(name string, n store.NewTask) *twin {
	k := m.keys[name]
	if k == nil {
		return nil
	}
	t := m.find(k.task)
	if t == nil || n.Key == "" && t.ended() && (!t.clean || t.now-t.over >= inMinutes(n.Policy.Window)) {
		return nil
	}
	return t
}

// enter puts a new task in the place of a forgotten one of this id, if any.
func (m *model) enter(t *twin) {
	m.tasks = append(slices.DeleteFunc(m.tasks, func(old *twin) bool { return old.id == t.id }), t)
}

func newTwin(m *model, n store.NewTask, start int) *twin {
	t := &twin{
		model: m, id: n.ID, call: n, known: true, status: tasks.Working, attempt: 1,
		message: "queued", questions: map[string]*question{}, memory: map[string]string{},
		created: m.now, updated: m.now, started: never, over: never, next: never,
	}
	t.wait(look)
	if start > m.now {
		t.message = "starts at " + n.Start.UTC().Format(time.RFC3339)
	}
	if start > m.now {
		t.phase, t.next, m.due[t.id] = tasks.Delayed, start, start
	}
	for _, a := range n.Answered {
		answer := string(a.Answer)
		t.questions[a.Key] = &question{Question: a.Question, answer: &answer}
	}
	m.ends[t.id] = m.now + inMinutes(n.Policy.MaxLifetime)
	return t
}

func (x *trial) create(r *rapid.T) {
	if len(x.m.openTasks()) == mostOpen {
		r.Skip("enough tasks")
	}
	n := x.call(r)
	n.ID = x.s.NewID(n.Owner, n.Repeats())
	start := x.m.now + rapid.SampledFrom([]int{0, 0, 0, -1, 7}).Draw(r, "start")
	x.do("create", func() {
		if start != x.m.now || !n.Start.IsZero() {
			n.Start = time.UnixMilli(x.real(start))
		}
		id, created, wantErr := x.m.create(n, start)
		task, made, err := x.s.Create(r.Context(), n)
		same(x, "create", made, err, created, wantErr)
		if err != nil {
			return
		}
		t := x.m.find(id)
		if task.ID != id || task.Phase != t.phase || x.minute(task.Created.UnixMilli()) != t.created || task.Delivery.Queue != t.call.Policy.Queue {
			r.Fatalf("create: %+v, want task %s, %s, created in minute %d", task, id, t.phase, t.created)
		}
	})
}

// call is a new one, or repeats one with arguments that may be others.
func (x *trial) call(r *rapid.T) store.NewTask {
	n := newCall(r)
	if len(x.m.tasks) > 0 && rapid.Bool().Draw(r, "repeat") {
		arguments := n.Arguments
		n = x.task(r).call
		n.Arguments = arguments
	}
	n.Start = time.Time{}
	return n
}

func newCall(r *rapid.T) store.NewTask {
	n := store.NewTask{
		Tool: "crawl", Owner: rapid.SampledFrom([]tasks.Owner{tasks.Local, tasks.Local, "other"}).Draw(r, "owner"),
		Arguments: json.RawMessage(rapid.SampledFrom([]string{`{"a":1}`, `{"a":1}`, `{"a":1}`, `{"a":2}`}).Draw(r, "arguments")),
		Key:       rapid.SampledFrom([]string{"", "", "", "key"}).Draw(r, "key"),
		Policy: tasks.Policy{
			Attempts:    rapid.IntRange(1, 2).Draw(r, "attempts"),
			Rerun:       rapid.SampledFrom([]tasks.Switch{tasks.Yes, tasks.Yes, tasks.Yes, tasks.No}).Draw(r, "rerun"),
			Dedupe:      rapid.SampledFrom([]tasks.Dedupe{"", tasks.ByArguments, tasks.ByArguments}).Draw(r, "dedupe"),
			Window:      minutes(rapid.SampledFrom([]int{0, 15, 15}).Draw(r, "window")),
			Retention:   minutes(rapid.SampledFrom([]int{20, 2 * hour}).Draw(r, "retention")),
			MaxLifetime: minutes(rapid.SampledFrom([]int{2 * hour, 20 * hour}).Draw(r, "lifetime")),
		}.WithDefaults("default"),
	}
	if rapid.IntRange(0, 3).Draw(r, "answered beforehand") == 3 {
		n.Answered = []store.Answered{{Question: form("k1", "sure?"), Answer: json.RawMessage(`"before"`)}}
	}
	return n
}

// cancel: the first to end a task ends it.
func (m *model) cancel(id tasks.ID) error {
	t := m.find(id)
	if t == nil {
		return tasks.ErrNotFound
	}
	if !t.ended() {
		t.close(tasks.Cancelled, "cancelled by the client", "")
	}
	return nil
}

func (x *trial) cancel(id tasks.ID) {
	x.do("cancel", func() {
		want := x.m.cancel(id)
		same(x, "cancel", 0, x.s.Cancel(x.Context(), id), 0, want)
	})
}
