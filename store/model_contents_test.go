package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	inShard   = "lh:{0}:"
	shardsKey = "lh:shards"
	keeperKey = "lh:keeper"
	small     = 64 // bytes of a message that the record holds itself
)

func recordKey(id tasks.ID) string { return inShard + "t:" + string(id) }

func ownerIndex(owner tasks.Owner) string { return "lh:{own:" + string(owner) + "}" }

// contents is what Redis should hold.
func (m *model) contents() contents {
	all := contents{shardsKey: "1"}
	for name, clock := range map[string]map[tasks.ID]int{"due": m.due, "live": m.live, "ends": m.ends} {
		for id, minute := range clock {
			all[inShard+name+" "+string(id)] = at(minute)
		}
	}
	if m.tick != never {
		all[inShard+"tick"] = at(m.tick) + " " + m.pausedUntil()
	}
	if m.keeper != "" {
		all[keeperKey], all[keeperKey+" expires"] = m.keeper, at(m.keeperUntil)
	}
	for name, k := range m.keys {
		key := inShard + "idem:" + name
		all[key] = string(k.task)
		all.expire(key, k.until)
	}
	for owner, l := range m.owners {
		key := ownerIndex(owner)
		for id, listed := range l.ids {
			all[key+" "+string(id)] = at(listed)
		}
		all.expire(key, l.until)
	}
	for _, t := range m.tasks {
		if t.known {
			t.addTo(all)
		}
	}
	return all
}

func (m *model) pausedUntil() string {
	if m.paused == 0 {
		return "0"
	}
	return at(m.paused)
}

func (c contents) expire(key string, minute int) {
	if minute != never {
		c[key+" expires"] = at(minute)
	}
}

// addTo adds a task's keys. Nothing of an open one expires, everything of an ended one does.
func (t *twin) addTo(all contents) {
	t.add(all, "", t.record())
	t.add(all, ":in", contents{"": string(t.call.Arguments)})
	if len(t.message) > small {
		t.add(all, ":msg", contents{"": t.message})
	}
	if t.lastErr != "" {
		t.add(all, ":err", contents{"": t.lastErr})
	}
	if t.out != "" {
		t.add(all, ":out", contents{"": t.out})
	}
	events := contents{}
	for i, e := range t.events {
		events[fmt.Sprintf(" event %d", i)] = e
	}
	t.add(all, ":ev", events)
	t.add(all, ":ask", t.asks())
	memory := contents{}
	for name, value := range t.memory {
		memory[" "+name] = value
	}
	t.add(all, ":mem", memory)
}

// add adds one key, unless it would be empty.
func (t *twin) add(all contents, beside string, fields contents) {
	key := recordKey(t.id) + beside
	for field, value := range fields {
		all[key+field] = value
	}
	if len(fields) > 0 && t.ended() {
		all.expire(key, t.expires())
	}
}

// record is the task's hash, without what is zero.
func (t *twin) record() contents {
	r := contents{
		" kept": "1", " status": string(t.status), " phase": string(t.phase), " attempt": strconv.Itoa(t.attempt), " seq": strconv.Itoa(t.seq),
		" token": t.holder, " prev": t.prev, " worker": t.worker,
		" failures": strconv.Itoa(t.failures), " backs": strconv.Itoa(t.backs), " crashes": strconv.Itoa(t.crashes),
		" reports": strconv.Itoa(t.reports), " remembered": strconv.Itoa(t.remembered), " looks": strconv.Itoa(t.looks), " progress": strconv.Itoa(t.progress), " peak": strconv.Itoa(t.peak),
		" asked": strconv.Itoa(t.asked), " open": strconv.Itoa(len(t.open())), " answered": strconv.Itoa(t.answers), " memoryBytes": strconv.Itoa(t.size),
		" created": at(t.created), " updated": at(t.updated), " queued": at(t.queued), " started": at(t.started), " ended": at(t.over), " next": at(t.next),
	}
	if len(t.message) <= small {
		r[" message"] = t.message
	}
	if t.clean {
		r[" clean"] = "1"
	}
	if t.lapses > 0 {
		r[" lapse"] = at(t.lapses)
	}
	maps.DeleteFunc(r, func(_, value string) bool { return isZero(value) })
	return r
}

// asks is the hash of the task's questions.
func (t *twin) asks() contents {
	asks := contents{}
	for key, q := range t.questions {
		asks[" d:"+key], asks[" r:"+key] = q.Request.Digest(), request(q.Request)
		if q.answer != nil {
			asks[" a:"+key] = *q.answer
		}
		if q.till > 0 {
			asks[" t:"+key], asks[" o:"+key] = at(q.till), string(q.Request.Default)
		}
	}
	return asks
}

func request(r tasks.InputRequest) string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// seen is what a client should read.
func (t *twin) seen() string {
	task := tasks.Task{
		Tool: t.call.Tool, Owner: t.call.Owner, Status: t.status, Phase: t.phase, Delivery: t.delivery(),
		Failures: t.failures, Attempts: t.call.Policy.Attempts, Message: t.message, LastErr: t.lastErr, Progress: tasks.Progress{Done: float64(t.progress)}, Peak: float64(t.peak), Clean: t.clean,
		Retention: t.call.Policy.Retention, Seq: int64(t.seq),
	}
	if t.status == tasks.InputRequired {
		for _, key := range slices.Sorted(slices.Values(t.open())) {
			task.Questions = append(task.Questions, tasks.Question{Key: key})
		}
	}
	switch t.status {
	case tasks.Completed:
		task.Result = json.RawMessage(t.out)
	case tasks.Failed:
		task.Error = new(tasks.Error)
		_ = json.Unmarshal([]byte(t.out), task.Error) // we wrote it
	}
	return seen(&task)
}
