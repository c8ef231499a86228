package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The scripts against a model that is simple enough to be seen to be right: random events by several workers, with replays, lost
// claims and overdue clocks, and a comparison after each.
func TestScriptsAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		rdb := redis.NewUniversalClient(o)
		t.Cleanup(func() { rdb.Close() })
		s := open(t, rdb, store.Options{Shards: 2, Events: 10000})
		rapid.Check(t, func(r *rapid.T) {
			m := begin(r, t, s, rdb)
			r.Repeat(map[string]func(*rapid.T){
				"":        m.compare,
				"claim":   m.claim,
				"beat":    m.beat,
				"report":  m.report,
				"ask":     m.ask,
				"answer":  m.answer,
				"cancel":  m.cancel,
				"finish":  func(r *rapid.T) { m.end(r, tasks.Finish) },
				"break":   func(r *rapid.T) { m.end(r, tasks.Break) },
				"release": m.release,
				"leave":   m.leave,
				"reap":    m.reap,
				"look":    m.look,
				"forget":  m.loseClaim,
				"outlive": m.outlive,
			})
		})
	})
}

// model is what one task should be.
type model struct {
	t   *rapid.T
	s   *store.Store
	rdb redis.UniversalClient
	id  tasks.ID

	status                      tasks.Status
	phase                       tasks.Phase
	attempt, failures, attempts int
	crashes, ends, reports      int
	holder, prev                string // tokens of the current and of the released attempt
	rerun                       bool
	inLive                      bool
	questions                   map[string]*question
}

type question struct{ text, answer string }

func begin(r *rapid.T, t testing.TB, s *store.Store, rdb redis.UniversalClient) *model {
	m := &model{
		t: r, s: s, rdb: rdb, status: tasks.Working, phase: tasks.Queued, attempt: 1, questions: map[string]*question{},
		attempts: rapid.IntRange(1, 3).Draw(r, "attempts"), rerun: rapid.Bool().Draw(r, "rerun"),
	}
	task := create(t, s, func(n *store.NewTask) {
		n.Policy.Attempts = m.attempts
		if !m.rerun {
			n.Policy.Rerun = tasks.No
		}
	})
	m.id = task.ID
	return m
}

// lease is one that some worker may hold, or believe to hold.
func (m *model) lease(r *rapid.T) store.Lease {
	return store.Lease{
		Task:    m.id,
		Attempt: m.attempt + rapid.IntRange(-1, 1).Draw(r, "attempt"),
		Token:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "token"),
	}
}

// held is the fence, adoption included.
func (m *model) held(l store.Lease) bool {
	if l.Attempt != m.attempt || m.phase == tasks.Ended {
		return false
	}
	if m.holder == "" && m.phase != tasks.Parked {
		m.take(l.Token)
	}
	return m.holder == l.Token
}

func (m *model) take(token string) { m.holder, m.phase, m.inLive = token, tasks.Running, true }

func (m *model) raise(phase tasks.Phase) {
	m.prev, m.holder, m.phase, m.inLive = m.holder, "", phase, false
	m.attempt++
}

func (m *model) close(status tasks.Status) {
	m.status, m.phase = status, tasks.Ended
	m.ends++
}

func (m *model) open() (keys []string) {
	for _, k := range slices.Sorted(maps.Keys(m.questions)) {
		if m.questions[k].answer == "" {
			keys = append(keys, k)
		}
	}
	return keys
}

func (m *model) expect(what string, err error, ok bool) {
	if (err == nil) != ok {
		m.t.Fatalf("%s: %v, want success %t", what, err, ok)
	}
}

// twice runs a write, and perhaps again, as a client does that did not get the reply.
func twice(r *rapid.T, write func() error) error {
	err := write()
	if err == nil && rapid.Bool().Draw(r, "replay") {
		err = write()
	}
	return err
}

func (m *model) claim(r *rapid.T) {
	l := m.lease(r)
	ok := m.phase != tasks.Ended && l.Attempt == m.attempt && (m.holder == l.Token || m.holder == "" && m.phase != tasks.Parked)
	if ok && m.holder == "" {
		m.take(l.Token)
	}
	m.expect("claim", twice(r, func() error { _, err := m.s.Claim(r.Context(), l, "w"); return err }), ok)
}

func (m *model) beat(r *rapid.T) {
	l := m.lease(r)
	p, err := m.s.Beat(r.Context(), l)
	m.pulse("beat", l, p, err)
}

func (m *model) report(r *rapid.T) {
	l := m.lease(r)
	m.reports++
	p, err := m.s.Report(r.Context(), l, m.reports, &tasks.Progress{Done: 1, Total: 3}, []store.Log{{Level: "info", Message: "x"}})
	m.pulse("report", l, p, err)
}

func (m *model) pulse(what string, l store.Lease, p store.Pulse, err error) {
	if m.phase == tasks.Ended {
		mine := l.Attempt == m.attempt && l.Token == m.holder
		if mine != p.Ended || mine != (err == nil) {
			m.t.Fatalf("%s of an ended task: %+v %v, want Ended %t", what, p, err, mine)
		}
		return
	}
	m.expect(what, err, m.held(l))
	if want := len(m.questions) - len(m.open()); err == nil && p.Answered != want {
		m.t.Fatalf("%s: %d answers, want %d", what, p.Answered, want)
	}
}

func (m *model) ask(r *rapid.T) {
	l, key := m.lease(r), rapid.SampledFrom([]string{"k1", "k2"}).Draw(r, "key")
	text := rapid.SampledFrom([]string{"sure?", "sure?", "really?"}).Draw(r, "text")
	q := tasks.Question{Key: key, Request: tasks.FormSchema(text, map[string]any{"type": "object"})}
	ended, held := m.phase == tasks.Ended, m.held(l)
	var asked store.Asked
	err := twice(r, func() (err error) { asked, err = m.s.Question(r.Context(), l, q, true); return err })
	if ended {
		if !asked.Ended || err != nil {
			m.t.Fatalf("ask in an ended task: %+v %v", asked, err)
		}
		return
	}
	known := m.questions[key]
	m.expect("ask", err, held && (known == nil || known.text == text))
	switch {
	case err != nil:
	case known == nil:
		m.questions[key] = &question{text: text}
		m.status = tasks.InputRequired
	case known.answer != string(asked.Answer):
		m.t.Fatalf("ask %s: answer %q, want %q", key, asked.Answer, known.answer)
	}
}

func (m *model) answer(r *rapid.T) {
	key, value := rapid.SampledFrom([]string{"k1", "k2", "none"}).Draw(r, "key"), strconv.Itoa(rapid.IntRange(1, 9).Draw(r, "answer"))
	next, err := m.s.Answer(r.Context(), m.id, map[string]json.RawMessage{key: json.RawMessage(value)})
	m.expect("answer", err, true)
	q := m.questions[key]
	if m.phase == tasks.Ended || q == nil || q.answer != "" {
		if next != nil {
			m.t.Fatalf("an answer to nothing resumes %v", next)
		}
		return
	}
	q.answer = value
	if len(m.open()) == 0 {
		m.status = tasks.Working
	}
	parked := m.phase == tasks.Parked
	if parked {
		m.phase = tasks.Queued
	}
	if parked != (next != nil) || parked && next.Attempt != m.attempt {
		m.t.Fatalf("answer resumes %v, want attempt %d %t", next, m.attempt, parked)
	}
}

func (m *model) cancel(r *rapid.T) {
	m.expect("cancel", twice(r, func() error { return m.s.Cancel(r.Context(), m.id) }), true)
	if m.phase != tasks.Ended {
		m.close(tasks.Cancelled)
	}
}

func (m *model) end(r *rapid.T, e tasks.Event) {
	l := m.lease(r)
	replay := m.phase == tasks.Ended && m.status == e.To() && l.Attempt == m.attempt && l.Token == m.holder
	ok := replay || m.held(l)
	o := store.Outcome{Result: []byte(`{}`)}
	if e == tasks.Break {
		o = store.Outcome{Error: tasks.NewError(tasks.ReasonPanic, "boom")}
	}
	m.expect(string(e), twice(r, func() error { return m.s.Apply(r.Context(), m.id, e, l, o) }), ok)
	if ok && !replay {
		m.close(e.To())
		m.inLive = false
	}
}

func (m *model) release(r *rapid.T) {
	l := m.lease(r)
	how := store.Release{
		Phase:  rapid.SampledFrom([]tasks.Phase{tasks.Queued, tasks.Delayed, tasks.Parked}).Draw(r, "phase"),
		Delay:  time.Hour,
		Failed: rapid.Bool().Draw(r, "failed"), Answered: rapid.IntRange(0, 2).Draw(r, "seen"), Err: errors.New("why"),
	}
	if l.Attempt == m.attempt-1 && l.Token == m.prev { // a replay, however late
		_, err := m.s.Release(r.Context(), l, how)
		m.expect("release again", err, true)
		return
	}
	ok := m.phase != tasks.Ended && m.held(l)
	unseen := how.Phase == tasks.Parked && len(m.questions)-len(m.open()) > how.Answered
	var next tasks.Delivery
	err := twice(r, func() (err error) { next, err = m.s.Release(r.Context(), l, how); return err })
	m.expect("release", err, ok && !unseen)
	if err != nil {
		return
	}
	m.raise(how.Phase)
	if how.Failed {
		m.failures++
	}
	if next.Attempt != m.attempt || next.Queue != "default" {
		m.t.Fatalf("released: next is %+v, want attempt %d", next, m.attempt)
	}
}

func (m *model) leave(r *rapid.T) {
	l := m.lease(r)
	m.expect("leave", m.s.Leave(r.Context(), l), true)
	if m.phase == tasks.Ended && l.Attempt == m.attempt && l.Token == m.holder {
		m.inLive = false
	}
}

func (m *model) clock(name string) string { return fmt.Sprintf("lh:{%d}:%s", m.id.Shard(), name) }

// overdue makes an entry of a clock overdue, if there is one.
func (m *model) overdue(r *rapid.T, name string) {
	m.rdb.ZAddXX(r.Context(), m.clock(name), redis.Z{Score: 1, Member: string(m.id)})
}

func (m *model) reap(r *rapid.T) {
	m.overdue(r, "live")
	if _, err := m.s.Tick(r.Context()); err != nil {
		m.t.Fatal(err)
	}
	was := m.inLive
	moved, err := m.s.Reap(r.Context(), m.id)
	m.expect("reap", err, true)
	m.inLive = false
	if !was || m.phase == tasks.Ended {
		if moved != (store.Moved{}) {
			m.t.Fatalf("reap moved %+v, want nothing", moved)
		}
		return
	}
	m.crashes++
	if m.crashes == 3 && m.rerun {
		m.crashes = 0
		m.failures++
	}
	if broken := !m.rerun || m.crashes == 0 && m.failures >= m.attempts; broken {
		m.close(tasks.Failed)
	} else {
		m.raise(tasks.Queued)
	}
	if moved.Broken != (m.phase == tasks.Ended) || (moved.Next != nil) == moved.Broken {
		m.t.Fatalf("reap moved %+v, want status %s", moved, m.status)
	}
}

func (m *model) look(r *rapid.T) {
	m.overdue(r, "due")
	waits := m.phase == tasks.Queued || m.phase == tasks.Delayed
	moved, err := m.s.Look(r.Context(), m.id)
	m.expect("look", err, true)
	if waits != (moved.Next != nil) || waits && moved.Next.Attempt != m.attempt {
		m.t.Fatalf("look found %+v in phase %s, want attempt %d", moved, m.phase, m.attempt)
	}
	if waits {
		m.phase = tasks.Queued
	}
}

// loseClaim is a failover to a replica that had not heard of the claim.
func (m *model) loseClaim(r *rapid.T) {
	if m.phase != tasks.Running {
		r.Skip("nothing is claimed")
	}
	ctx := r.Context()
	m.rdb.HSet(ctx, m.clock("t:"+string(m.id)), "token", "", "phase", "queued")
	m.rdb.ZRem(ctx, m.clock("live"), string(m.id))
	m.rdb.ZAdd(ctx, m.clock("due"), redis.Z{Score: 4e12, Member: string(m.id)})
	m.holder, m.phase, m.inLive = "", tasks.Queued, false
}

// outlive ends a task that is open for too long. An ended one stays until its retention is over.
func (m *model) outlive(r *rapid.T) {
	if rapid.IntRange(0, 9).Draw(r, "rarely") > 0 || m.phase == tasks.Ended {
		r.Skip("not now")
	}
	m.overdue(r, "ends")
	moved, err := m.s.Prune(r.Context(), m.id)
	m.expect("prune", err, true)
	if !moved.Broken {
		m.t.Fatalf("prune moved %+v", moved)
	}
	m.close(tasks.Failed)
}

func (m *model) compare(r *rapid.T) {
	ctx := r.Context()
	got, err := m.s.Get(ctx, m.id)
	if err != nil {
		m.t.Fatal(err)
	}
	if got.Status != m.status || got.Phase != m.phase || got.Delivery.Attempt != m.attempt || got.Failures != m.failures {
		m.t.Fatalf("task is %s %s attempt %d failures %d, want %s %s %d %d", got.Status, got.Phase, got.Delivery.Attempt, got.Failures,
			m.status, m.phase, m.attempt, m.failures)
	}
	if m.status == tasks.InputRequired && len(got.Questions) != len(m.open()) {
		m.t.Fatalf("%d open questions, want %v", len(got.Questions), m.open())
	}
	in := func(clock string) bool {
		return m.rdb.ZScore(ctx, m.clock(clock), string(m.id)).Err() == nil
	}
	waits := m.phase == tasks.Queued || m.phase == tasks.Delayed
	if in("due") != waits || in("live") != m.inLive || !in("ends") {
		m.t.Fatalf("clocks in phase %s: due %t live %t ends %t", m.phase, in("due"), in("live"), in("ends"))
	}
	m.compareKeys(r)
}

// compareKeys: nothing of an open task expires, everything of an ended one does, and its end is its last event.
func (m *model) compareKeys(r *rapid.T) {
	record := m.clock("t:" + string(m.id))
	for _, key := range m.rdb.Keys(r.Context(), record+"*").Val() {
		ttl := m.rdb.PTTL(r.Context(), key).Val()
		if (ttl > 0) != (m.phase == tasks.Ended) {
			m.t.Fatalf("%s of a task that is %s expires in %s", key, m.phase, ttl)
		}
	}
	ends := 0
	events := m.rdb.LRange(r.Context(), record+":ev", 0, -1).Val()
	for i, e := range events {
		var seq, ms int64
		var kind string
		if _, err := fmt.Sscan(e, &seq, &ms, &kind); err != nil {
			m.t.Fatalf("event %q: %v", e, err)
		}
		if kind == "end" {
			ends++
			if i != len(events)-1 {
				m.t.Fatalf("events after the end: %v", events[i:])
			}
		}
	}
	if ends != m.ends {
		m.t.Fatalf("%d terminal events, want %d", ends, m.ends)
	}
}
