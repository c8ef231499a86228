package store

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

//go:embed lua/*.lua
var lua embed.FS

// scripts holds the Lua of the store, each with what it shares with others before it: the clock, the prelude of tasks with this store's
// constants, or that of limits.
type scripts struct {
	create, claim, beat, report, ask, answer, remember, transition, release, leave, confirm *redis.Script
	reap, look, renew, prune                                                                *redis.Script
	tick, elect, resign, announce, unlist, retire, index                                    *redis.Script
	open, enlist, session, note, amend, carry, drop, stream, resume, withdraw, done         *redis.Script
	abandon, keep, orphan, shelve                                                           *redis.Script
	announceLimit, admit, begin, hold, free, tickLimit, needs                               *redis.Script
	inquire, inquired, retract, stand, pick, asking, reply, want, wanted                    *redis.Script
	view, views                                                                             *redis.Script
}

func load(o Options) scripts {
	constants := fmt.Sprintf("local LIVENESS, LOOK, AGAIN, STEADY, GRACE, EVENT_CAP, ANSWERED = %d, %d, %d, %d, %d, %d, '%s'\n",
		o.Liveness.Milliseconds(), o.Look.Milliseconds(), o.Again.Milliseconds(), steady.Milliseconds(), grace.Milliseconds(), o.Events, tasks.Answer.To())
	clock := source("clock")
	prelude := constants + clock + source("prelude")
	task := func(name string) *redis.Script { return redis.NewScript(prelude + source(name)) }
	limits := clock + source("prelude_limit")
	limit := func(name string) *redis.Script { return redis.NewScript(limits + source(name)) }
	timed := func(name string) *redis.Script { return redis.NewScript(clock + source(name)) }
	plain := func(name string) *redis.Script { return redis.NewScript(source(name)) }
	return scripts{
		create: task("create"), claim: task("claim"), beat: task("beat"), report: task("report"), ask: task("ask"),
		answer: task("answer"), remember: task("remember"), transition: task("transition"), release: task("release"), leave: task("leave"), confirm: task("confirm"),
		abandon: task("abandon"), keep: task("keep"), orphan: task("orphan"), shelve: task("shelve"),
		reap: task("reap"), look: task("look"), renew: task("renew"), prune: task("prune"),
		tick: timed("tick"), elect: plain("elect"), resign: plain("resign"), announce: plain("announce"), unlist: plain("unlist"), retire: plain("retire"), index: timed("index"),
		open: plain("open"), enlist: timed("enlist"), session: plain("session"), note: timed("note"), amend: plain("amend"),
		carry: timed("carry"), drop: plain("drop"), stream: timed("stream"), resume: timed("resume"), withdraw: plain("withdraw"), done: plain("done"),
		announceLimit: plain("announce_limit"), admit: limit("admit"), begin: limit("begin"), hold: limit("hold"), free: limit("free"), tickLimit: limit("tick_limit"), needs: task("needs"),
		inquire: timed("inquire"), inquired: timed("inquired"), retract: plain("retract"), stand: timed("stand"), pick: timed("pick"), asking: timed("asking"), reply: plain("reply"),
		want: timed("want"), wanted: timed("wanted"),
		view: timed("view"), views: timed("views"),
	}
}

func source(name string) string {
	b, err := lua.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // the file is part of the binary
	}
	return string(b)
}

// batch is a pipeline that runs scripts too.
type batch struct {
	redis.Pipeliner
	whole bool // send the text of the scripts, not their digests
}

func (b batch) run(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	if b.whole {
		return script.Eval(ctx, b, keys, args...)
	}
	return script.EvalSha(ctx, b, keys, args...)
}

// pipelined sends a batch. To a Redis that has forgotten its scripts it sends all of it again. Each command has an error of its own; the
// first of them is returned.
func pipelined(ctx context.Context, rdb redis.UniversalClient, fill func(batch)) (err error) {
	for _, whole := range []bool{false, true} {
		_, err = rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			fill(batch{p, whole})
			return nil
		})
		if !isMissingScript(err) {
			break
		}
	}
	return err
}

// task runs a script on a task's keys. Every such script answers with an array.
func (s *Store) task(ctx context.Context, script *redis.Script, id tasks.ID, args ...any) (reply, error) {
	return s.taskWith(ctx, script, id, nil, args...)
}

func (s *Store) taskWith(ctx context.Context, script *redis.Script, id tasks.ID, more []string, args ...any) (reply, error) {
	if err := s.ours(id); err != nil {
		return nil, err
	}
	v, err := script.Run(ctx, s.rdb, append(taskKeys(id), more...), append([]any{string(id)}, args...)...).Slice()
	if err != nil {
		return nil, err
	}
	return reply(v), nil
}

// reply is a script's answer. Its accessors are lenient: what is missing is zero, and the callers check the first element.
type reply []any

func (r reply) text(i int) string {
	if i >= len(r) {
		return ""
	}
	return text(r[i])
}

func (r reply) code() int64 {
	if len(r) == 0 {
		return -9
	}
	n, _ := r[0].(int64)
	return n
}

func (r reply) list(i int) []any {
	if i >= len(r) {
		return nil
	}
	l, _ := r[i].([]any)
	return l
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return ""
}

func anys[T ~string](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func isMissingScript(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") }
