package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// The scripts against a model that is simple enough to be seen to be right: a random history of clients, workers and keepers at several
// tasks of one shard, in which time passes, replies are lost, and a failover forgets. After each step all of Redis is compared.
//
// What the model knows of a task is in model_task_test.go, of its shard in model_shard_test.go; model_client, _worker, _question and
// _keeper hold for each script what should happen, and the step that lets it happen; model_time is what happens to Redis itself.
// model_contents is what Redis should hold then, model_compare and _watch look whether it does, and what others see of it.
//
// For more of it: go test ./store -run Model -rapid.checks=20000, on one of the two by -run Model/redis.
func TestScriptsAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, o *redis.UniversalOptions) {
		t.Parallel()
		rdb := redistest.Open(t, o)
		s := open(t, rdb, store.Options{
			Shards: 1, Events: keptEvents,
			Liveness: minutes(liveness), Look: minutes(look), Again: minutes(again), Gap: minutes(gap), Pause: minutes(pause),
		})
		events := rdb.PSubscribe(t.Context(), inShard+"t:*")
		t.Cleanup(func() { _ = events.Close() })
		if _, err := events.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(r *rapid.T) {
			x := newTrial(r, s, rdb, events)
			steps := x.steps()
			r.Repeat(steps)
			if strings.HasSuffix(t.Name(), "/redis") { // the embedded store takes five times as long for a step
				r.Repeat(steps)
			}
		})
	})
}

// steps are what may happen. What opens the way to the rest does so more often; rapid by itself prefers the first ones by name.
func (x *trial) steps() map[string]func(*rapid.T) {
	steps := map[string]func(*rapid.T){
		"": x.compare,

		"create": x.create, "answer": x.answer,
		"claim": x.claim, "beat": x.beat, "report": x.report, "ask": x.ask, "remember": x.remember, "release": x.release,
		"end": x.end, "leave": x.leave,
		"sweep": x.sweep, "reap": x.reap, "look": x.look, "renew": x.renew, "prune": x.prune, "elect": x.elect,

		"pass": x.pass, "jump": x.jump, "fail over": x.failOver, "fill": x.fill, "again": x.again,
	}
	for _, name := range []string{"ask", "claim", "pass", "release", "report", "sweep"} {
		steps[name+"!"], steps[name+"!!"] = steps[name], steps[name]
	}
	return steps
}

// trial is one history, as it happens to the store and to the model.
type trial struct {
	*rapid.T
	s      *store.Store
	rdb    redis.UniversalClient
	events *redis.PubSub
	m      *model
	past   []step
	last   *twin // that had a step

	followers map[*twin]*follower

	begin  int64 // in ms, the middle of the model's first minute
	passed int64 // ms by which every time in Redis was moved back
}

// step is what somebody sends. It may arrive again, at any time: the model says what it is then answered.
type step struct {
	what string
	send func()
}

func newTrial(r *rapid.T, s *store.Store, rdb redis.UniversalClient, events *redis.PubSub) *trial {
	rdb.FlushDB(r.Context())
	rdb.Set(r.Context(), shardsKey, 1, 0)
	x := &trial{T: r, s: s, rdb: rdb, events: events, m: newModel(), followers: map[*twin]*follower{}, begin: time.Now().UnixMilli()}
	x.create(r)
	x.last = x.m.tasks[0]
	return x
}

// do sends something for the first time.
func (x *trial) do(what string, send func()) {
	x.past = append(x.past, step{what, send})
	send()
}

// again is a resent script, whose reply was lost, or a copy of it that was under way for long.
func (x *trial) again(r *rapid.T) {
	back := rapid.IntRange(1, len(x.past)).Draw(r, "steps back")
	s := x.past[len(x.past)-back]
	r.Logf("again: %s", s.what)
	s.send()
}

// same fails unless the store's answer is the model's.
func same[T comparable](x *trial, what string, got T, err error, want T, wantErr error) {
	x.Helper()
	if got != want || !sameError(err, wantErr) {
		x.Fatalf("%s: %+v, %v; want %+v, %v", what, got, err, want, wantErr)
	}
}

func sameError(err, want error) bool {
	if refused, ok := errors.AsType[*tasks.StateError](want); ok {
		got, ok := errors.AsType[*tasks.StateError](err)
		return ok && *got == *refused
	}
	return errors.Is(err, want)
}

// task is one that exists, or that did: mostly an open one, and that of the last step.
func (x *trial) task(r *rapid.T) *twin {
	if x.last.ended() || rapid.IntRange(0, 3).Draw(r, "another") == 3 {
		x.last = x.anyTask(r)
	}
	return x.last
}

func (x *trial) anyTask(r *rapid.T) *twin {
	from := x.m.openTasks()
	if len(from) == 0 || rapid.IntRange(0, 3).Draw(r, "ended too") == 3 {
		from = x.m.tasks
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(r, "task")]
}

// lease is one that a worker holds, held, or believes to hold.
func (x *trial) lease(r *rapid.T) store.Lease {
	t := x.task(r)
	l := store.Lease{Task: t.id, Attempt: t.attempt, Token: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "token")}
	switch rapid.SampledFrom([]string{"holder", "holder", "holder", "holder", "anyone", "former", "wrong"}).Draw(r, "lease") {
	case "holder":
		l.Token = or(t.holder, l.Token)
	case "former":
		l.Attempt, l.Token = t.attempt-1, or(t.prev, l.Token)
	case "wrong":
		l.Attempt += rapid.SampledFrom([]int{-1, 1}).Draw(r, "off by")
	}
	return l
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
