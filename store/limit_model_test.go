package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Limits against a small world: front ends, workers and a keeper do what they do one call at a time, in any order; each may die before its
// next call, what is sent may arrive twice, deliveries and permits get lost. Whatever happens, no more attempts run at once than may,
// none starts before its time, and once nothing breaks any more every task comes to its end and leaves nothing.
//
// For more of it: go test ./store -run Limits -rapid.checks=5000
func TestLimitsHoldInAnyHistory(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		t.Parallel()
		rdb := redistest.Open(t, o)
		s := open(t, rdb, store.Options{
			Shards: 1, Liveness: minutes(liveness), Look: minutes(look), Again: minutes(look), Gap: minutes(100 * hour), Pause: minutes(1),
		})
		rapid.Check(t, func(r *rapid.T) {
			w := newWorld(r, s, rdb)
			r.Repeat(map[string]func(*rapid.T){
				"":       w.check,
				"create": w.create, "create!": w.create, "take": w.take, "take!": w.take, "take!!": w.take,
				"return": w.returns, "return!": w.returns, "retry": w.retry, "time out": w.timeOut, "park": w.park, "answer": w.answer,
				"cancel": w.cancel, "keep": w.keep, "pass": w.pass, "pass!": w.pass,
				"kill": w.kill, "lose delivery": w.loseDelivery, "lose permit": w.losePermit, "raise": w.raise,
			})
			w.settleDown()
		})
	})
}

// world is what there is besides Redis.
type world struct {
	*rapid.T
	s    *store.Store
	rdb  redis.UniversalClient
	now  int
	fair bool // nothing breaks any more

	most, starts, window int // the limit
	began                []int

	tasks   []tasks.ID
	queue   []tasks.Delivery
	running []*running
	charged map[tasks.ID]bool // their start has counted, and they still have the permit that it was for
	left    int               // how many tasks may still be made
}

// running is an attempt whose tool has not returned.
type running struct {
	store.Lease
	own bool // it has a permit of its own: its task goes on without it
}

const narrow = "crawl"

func newWorld(r *rapid.T, s *store.Store, rdb redis.UniversalClient) *world {
	rdb.FlushDB(r.Context())
	rdb.Set(r.Context(), shardsKey, 1, 0)
	w := &world{T: r, s: s, rdb: rdb, charged: map[tasks.ID]bool{}, left: 12}
	w.most = rapid.IntRange(0, 2).Draw(r, "most at once")
	if w.most == 0 || rapid.Bool().Draw(r, "rate") {
		w.starts, w.window = rapid.IntRange(1, 3).Draw(r, "starts"), rapid.IntRange(1, 4).Draw(r, "in minutes")
	}
	w.announce()
	return w
}

func (w *world) policy() tasks.Policy {
	p := tasks.Policy{Concurrency: w.most, Attempts: 100}
	if w.starts > 0 {
		p.Rate = tasks.Rate{N: w.starts, Per: minutes(w.window)}
	}
	return p.WithDefaults("default")
}

func (w *world) announce() {
	w.no(func() error {
		_, err := w.s.Announce(w.Context(), "", []tasks.Tool{{Name: narrow, Policy: w.policy()}})
		return err
	}())
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// dies says whether whoever acts ends here.
func (w *world) dies() bool { return !w.fair && rapid.IntRange(0, 9).Draw(w.T, "dies") == 9 }

// twice is a call whose reply may be lost, so that it is sent again.
func (w *world) twice(call func()) {
	call()
	if !w.fair && rapid.IntRange(0, 9).Draw(w.T, "again") == 9 {
		call()
	}
}

// check: no more at once than may, one attempt of a task, no more starts than may.
func (w *world) check(r *rapid.T) {
	if w.most > 0 && len(w.running) > w.most {
		r.Fatalf("%d run at once, %d may", len(w.running), w.most)
	}
	mine := map[tasks.ID]bool{}
	for _, a := range w.running {
		if !a.own && mine[a.Task] {
			r.Fatalf("task %s runs twice", a.Task)
		}
		mine[a.Task] = mine[a.Task] || !a.own
	}
	counted := 0
	for _, at := range w.began {
		if at > w.now-w.window {
			counted++
		}
	}
	if w.starts > 0 && counted > w.starts {
		r.Fatalf("%d started within %d minutes, %d may", counted, w.window, w.starts)
	}
}

// idle: with room, nobody waits.
func (w *world) idle() {
	free := w.most == 0 || w.card("permits") < w.most
	if n := w.card("wait"); n > 0 && free && (w.starts == 0 || w.card("starts") < w.starts) {
		w.Fatalf("there is room, and %d wait", n)
	}
}

func (w *world) card(what string) int {
	return int(w.rdb.ZCard(w.Context(), "lh:{lim}:"+what+":"+narrow).Val())
}

func (w *world) create(r *rapid.T) {
	if w.left == 0 {
		r.Skip("enough tasks")
	}
	w.left--
	p := w.policy()
	p.Priority = rapid.SampledFrom([]tasks.Priority{tasks.Normal, tasks.High, tasks.Low}).Draw(r, "priority")
	task, _, err := w.s.Create(r.Context(), store.NewTask{ID: w.s.NewID(tasks.Nobody, ""), Tool: narrow, Owner: tasks.Nobody, Policy: p})
	w.no(err)
	w.tasks = append(w.tasks, task.ID)
	w.dispatch(task.Delivery)
}

// dispatch is what whoever has a delivery does with it.
func (w *world) dispatch(d tasks.Delivery) {
	if w.dies() {
		return
	}
	w.twice(func() {
		ok, others, err := w.s.Admit(w.Context(), d)
		w.no(err)
		if ok && !w.dies() {
			w.enqueue(d)
		}
		w.settle(others)
	})
}

func (w *world) enqueue(d tasks.Delivery) {
	if !slices.Contains(w.queue, d) {
		w.queue = append(w.queue, d)
	}
}

func (w *world) settle(holders []tasks.ID) {
	for len(holders) > 0 && !w.dies() {
		d, let, err := w.s.Settle(w.Context(), narrow, holders[0])
		w.no(err)
		if let != nil { // it was freed
			w.idle()
		}
		if d != nil && !w.dies() {
			w.enqueue(*d)
		}
		holders = append(holders[1:], let...)
	}
}

// take is a worker's: it claims, asks for the permit, and starts the tool.
func (w *world) take(r *rapid.T) {
	if len(w.queue) == 0 {
		r.Skip("nothing in the queue")
	}
	i := rapid.IntRange(0, len(w.queue)-1).Draw(r, "delivery")
	d := w.queue[i]
	w.queue = slices.Delete(w.queue, i, i+1)
	l := lease(d, fmt.Sprint(len(w.began), w.now, d.Attempt))
	if _, err := w.s.Claim(r.Context(), l, "w"); err != nil || w.dies() {
		return
	}
	var ok bool
	w.twice(func() {
		var err error
		ok, err = w.s.Begin(r.Context(), narrow, l)
		w.no(err)
	})
	if !ok {
		next, err := w.s.Release(r.Context(), l, store.Release{Phase: tasks.Queued, Limit: narrow})
		w.no(err)
		w.dispatch(next)
		return
	}
	w.running = append(w.running, &running{Lease: l})
	if !w.charged[d.Task] {
		w.charged[d.Task] = true
		w.began = append(w.began, w.now)
	}
}

// one is an attempt that runs.
func (w *world) one(r *rapid.T) (i int, a *running) {
	if len(w.running) == 0 {
		r.Skip("nothing runs")
	}
	i = rapid.IntRange(0, len(w.running)-1).Draw(r, "attempt")
	return i, w.running[i]
}

// gone: the tool has returned.
func (w *world) gone(i int, a *running) {
	w.running = slices.Delete(w.running, i, i+1)
	if w.dies() {
		return
	}
	if a.own {
		w.twice(func() {
			let, err := w.s.Yield(w.Context(), narrow, a.Lease)
			w.no(err)
			w.settle(let)
		})
	}
	w.settle([]tasks.ID{a.Task})
}

// written: it may be that the task ended meanwhile.
func (w *world) written(a *running, err error) {
	if _, ended := errors.AsType[*tasks.StateError](err); ended || errors.Is(err, store.ErrEnded) {
		err = w.s.Leave(w.Context(), a.Lease)
	}
	w.no(err)
}

func (w *world) returns(r *rapid.T) {
	i, a := w.one(r)
	if !a.own {
		w.written(a, w.s.Apply(r.Context(), a.Task, tasks.Finish, a.Lease, store.Outcome{Result: []byte(`{}`)}))
	}
	w.gone(i, a)
}

// ownPermit comes before a task is given back for later.
func (w *world) ownPermit(a *running) {
	a.own = true
	w.twice(func() { w.no(w.s.Hold(w.Context(), narrow, a.Lease, true)) })
	delete(w.charged, a.Task)
}

func (w *world) retry(r *rapid.T) {
	i, a := w.one(r)
	w.giveBack(a, store.Release{Phase: tasks.Delayed, Delay: minutes(1), Failed: true})
	w.gone(i, a)
}

func (w *world) giveBack(a *running, how store.Release) {
	if a.own {
		return
	}
	w.ownPermit(a)
	_, err := w.s.Release(w.Context(), a.Lease, how)
	w.written(a, err)
}

// timeOut: the tool goes on though its task has another attempt before it.
func (w *world) timeOut(r *rapid.T) {
	_, a := w.one(r)
	w.giveBack(a, store.Release{Phase: tasks.Delayed, Delay: minutes(1), Failed: true})
}

// park has a task wait for an answer.
func (w *world) park(r *rapid.T) {
	i, a := w.one(r)
	if !a.own {
		if asked, err := w.s.Question(r.Context(), a.Lease, form(fmt.Sprint("k", a.Attempt), "sure?"), true); err != nil || asked.Ended {
			r.Skip("it has ended")
		}
		w.giveBack(a, store.Release{Phase: tasks.Parked, Answered: 100})
	}
	w.gone(i, a)
}

// answer is a client's, to all that it is asked.
func (w *world) answer(r *rapid.T) {
	for _, id := range w.tasks {
		t, err := w.s.Get(r.Context(), id)
		w.no(err)
		for _, q := range t.Questions {
			next, err := w.s.Answer(r.Context(), id, map[string]json.RawMessage{q.Key: []byte(`{}`)})
			w.no(err)
			if next != nil {
				w.dispatch(*next)
			}
		}
	}
}

func (w *world) cancel(r *rapid.T) {
	if len(w.tasks) == 0 {
		r.Skip("no task")
	}
	id := rapid.SampledFrom(w.tasks).Draw(r, "task")
	w.no(w.s.Cancel(r.Context(), id))
	w.settle([]tasks.ID{id})
}

// kill takes a worker with what it runs.
func (w *world) kill(r *rapid.T) {
	i, _ := w.one(r)
	w.running = slices.Delete(w.running, i, i+1)
}

func (w *world) loseDelivery(r *rapid.T) {
	if len(w.queue) == 0 {
		r.Skip("nothing in the queue")
	}
	i := rapid.IntRange(0, len(w.queue)-1).Draw(r, "delivery")
	w.queue = slices.Delete(w.queue, i, i+1)
}

// losePermit is a failover that forgot who was let in. What runs says so again at its next beat, and until then may be one too many: so
// only permits are lost here whose tasks wait.
func (w *world) losePermit(r *rapid.T) {
	for _, id := range w.tasks {
		runs := slices.ContainsFunc(w.running, func(a *running) bool { return a.Task == id })
		if t, err := w.s.Get(r.Context(), id); err == nil && !runs && t.Phase == tasks.Queued {
			w.rdb.ZRem(r.Context(), "lh:{lim}:permits:"+narrow, string(id))
			w.rdb.ZRem(r.Context(), "lh:{lim}:starts:"+narrow, string(id))
			delete(w.charged, id)
			return
		}
	}
	r.Skip("nothing waits in the queue")
}

// raise: the tool that was announced last counts. More may run at once, from now on.
func (w *world) raise(*rapid.T) {
	if w.most == 0 || w.most > 3 {
		return
	}
	w.most++
	w.announce()
}

// keep is a round of the keeper.
func (w *world) keep(r *rapid.T) {
	shards, err := w.s.Tick(r.Context())
	w.no(err)
	for _, id := range shards[0].Live {
		w.move(w.s.Reap(r.Context(), id))
	}
	for _, id := range shards[0].Due {
		w.move(w.s.Look(r.Context(), id))
	}
	limits, err := w.s.TickLimits(r.Context())
	w.no(err)
	w.idle()
	for _, l := range limits {
		w.settle(append(l.Let, l.Unsure...))
	}
}

func (w *world) move(m store.Moved, err error) {
	w.no(err)
	if m.Next != nil {
		w.dispatch(*m.Next)
	}
}

// pass lets a minute pass, in which all that runs beats.
func (w *world) pass(r *rapid.T) {
	w.now++
	w.no(ageLimits.Run(r.Context(), w.rdb, nil, time.Minute.Milliseconds()+1).Err())
	for _, a := range w.running {
		_, _ = w.s.Beat(r.Context(), a.Lease) // an attempt that stands aside has lost its task
		w.twice(func() { w.no(w.s.Hold(r.Context(), narrow, a.Lease, a.own)) })
	}
}

// ageLimits is age, but what is yet to start has no time.
var ageLimits = redis.NewScript(`
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' then
    local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
      if tonumber(all[i + 1]) < 8e12 then redis.call('ZINCRBY', key, -ARGV[1], all[i]) end
    end
  elseif redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, 'queued') == 1 then
    redis.call('HINCRBY', key, 'queued', -ARGV[1])
  end
end
return 1`)

// settleDown: from now on nothing breaks, so every task ends in time, and nothing is left of their limit.
func (w *world) settleDown() {
	w.fair = true
	left := ""
	for range 40 + len(w.tasks)*(w.window+1) {
		w.answer(w.T)
		for len(w.queue) > 0 {
			w.take(w.T)
			w.check(w.T)
		}
		for len(w.running) > 0 {
			w.returns(w.T)
		}
		w.keep(w.T)
		w.pass(w.T)
		if left = w.rest(); left == "" {
			return
		}
	}
	w.Fatalf("there is no end to it: %s", left)
}

// rest is what is left to be done, or of the limit.
func (w *world) rest() (left string) {
	for _, id := range w.tasks {
		if t, err := w.s.Get(w.Context(), id); err != nil || !t.Status.Terminal() {
			left += fmt.Sprintf("task %+v %v; ", t, err)
		}
	}
	for _, what := range []string{"permits", "wait", "starts"} {
		if n := w.card(what); n > 0 {
			left += fmt.Sprintf("%d of %s; ", n, what)
		}
	}
	return left
}
