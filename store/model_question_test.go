package store_test

import (
	"encoding/json"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// question is one that was put to a client, before there was a task or by an attempt.
type question struct {
	tasks.Question
	answer *string // nil: open
	till   int     // 0: no limit
}

func (t *twin) open() (keys []string) {
	for key, q := range t.questions {
		if q.answer == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// answered: n answers came in. It says whether that woke a parked task.
func (t *twin) answered(n int) (woke bool) {
	t.answers += n
	if len(t.open()) == 0 {
		t.status = tasks.Working
	}
	if t.phase == tasks.Parked {
		t.wait(again)
		t.message = ""
		woke = true
	}
	t.event("answer")
	return woke
}

// lapse answers what nobody answered in time. It says whether there was any, and whether that woke a parked task.
func (t *twin) lapse() (any, woke bool) {
	if t.lapses == 0 || t.lapses > t.now {
		return false, false
	}
	n := 0
	t.lapses = 0
	for _, key := range t.open() {
		q := t.questions[key]
		if q.till > 0 && q.till <= t.now {
			otherwise := string(q.Request.Default)
			q.answer = &otherwise
			n++
		} else {
			t.watch(q)
		}
	}
	return n > 0, n > 0 && t.answered(n)
}

// watch notes when an open question lapses.
func (t *twin) watch(q *question) {
	if q.till > 0 && (t.lapses == 0 || q.till < t.lapses) {
		t.lapses = q.till
	}
}

// standing is how a question stands, comparable: store.Asked with its time in minutes.
type standing struct {
	answer        string
	lapsed, ended bool
	left          int
}

// ask: a key stands for one question, which is put once; whoever asks again learns how it stands.
func (m *model) ask(l store.Lease, q tasks.Question, able bool) (standing, error) {
	t := m.find(l.Task)
	switch {
	case t == nil:
		return standing{}, tasks.ErrLost
	case t.ended():
		return standing{ended: true}, nil
	case !t.held(l):
		return standing{}, tasks.ErrLost
	}
	t.lapse()
	if asked := t.questions[q.Key]; asked != nil {
		return asked.stands(t.now, q)
	}
	if !able {
		return standing{}, tasks.ErrCannotAsk
	}
	if t.asked >= mostQuestions {
		return standing{}, store.ErrTooMany
	}
	return t.put(q), nil
}

func (q *question) stands(now int, again tasks.Question) (standing, error) {
	switch {
	case q.Request.Digest() != again.Request.Digest():
		return standing{}, tasks.ErrKeyReused
	case q.answer != nil:
		return standing{answer: *q.answer, lapsed: *q.answer == ""}, nil
	case q.till > 0:
		return standing{left: q.till - now}, nil
	}
	return standing{}, nil
}

func (t *twin) put(q tasks.Question) standing {
	asked := &question{Question: q}
	limit := inMinutes(q.Request.Limit)
	if limit > 0 {
		asked.till = t.now + limit
		t.watch(asked)
	}
	t.questions[q.Key] = asked
	t.asked++
	t.status = tasks.InputRequired
	t.event("ask")
	return standing{left: limit}
}

var questionKeys = []string{"k1", "k2", "k3", "k4", "k5"}

// ask puts up to three questions, as a tool does that needs several answers.
func (x *trial) ask(r *rapid.T) {
	l := x.lease(r)
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(questionKeys), 1, 3, rapid.ID).Draw(r, "keys") {
		q, able := drawQuestion(r, key), rapid.IntRange(0, 9).Draw(r, "able") > 0
		x.do("ask", func() { x.askOne(l, q, able) })
	}
}

func drawQuestion(r *rapid.T, key string) tasks.Question {
	q := form(key, rapid.SampledFrom([]string{"sure?", "sure?", "sure?", "really?"}).Draw(r, "text"))
	if limit := rapid.SampledFrom([]int{4, 20, 60, 0}).Draw(r, "limit"); limit > 0 {
		q.Request = q.Request.Within(minutes(limit))
		if rapid.Bool().Draw(r, "otherwise") {
			q.Request = q.Request.Otherwise(map[string]bool{"sure": false})
		}
	}
	return q
}

func (x *trial) askOne(l store.Lease, q tasks.Question, able bool) {
	want, wantErr := x.m.ask(l, q, able)
	a, err := x.s.Question(x.Context(), l, q, able)
	left := inMinutes(a.Left + time.Minute - time.Millisecond) // a fraction of a minute went by
	same(x, "ask", standing{string(a.Answer), a.Lapsed, a.Ended, left}, err, want, wantErr)
}

func form(key, text string) tasks.Question {
	return tasks.Question{Key: key, Request: tasks.FormSchema(text, map[string]any{"type": "object"})}
}

// answer: the first answer to an open question counts, if it comes in time.
func (m *model) answer(id tasks.ID, answers map[string]json.RawMessage) (resumes tasks.Delivery, err error) {
	t := m.find(id)
	if t == nil {
		return resumes, tasks.ErrNotFound
	}
	if t.ended() || t.status != tasks.InputRequired {
		return resumes, nil
	}
	_, woke := t.lapse()
	if n := t.keep(answers); n > 0 {
		woke = t.answered(n) || woke
	}
	if woke {
		resumes = t.delivery()
	}
	return resumes, nil
}

func (t *twin) keep(answers map[string]json.RawMessage) (n int) {
	for key, answer := range answers {
		if q := t.questions[key]; q != nil && q.answer == nil {
			text := string(answer)
			q.answer = &text
			n++
		}
	}
	return n
}

func (x *trial) answer(r *rapid.T) {
	id, answers := x.task(r).id, map[string]json.RawMessage{}
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(append(questionKeys, "unknown")), 1, 2, rapid.ID).Draw(r, "keys") {
		answers[key] = json.RawMessage(fmt.Sprint(len(x.past)))
	}
	x.do("answer", func() {
		want, wantErr := x.m.answer(id, answers)
		next, err := x.s.Answer(r.Context(), id, answers)
		same(x, "answer", deref(next), err, want, wantErr)
	})
}
