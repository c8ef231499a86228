package server_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// silent keeps pings out of a test: what it waits for must come by itself.
func silent(o *server.Options) { o.Ping = time.Hour }

// followers waits until so many replicas follow a task.
func (f *front) followers(id string, n int64) {
	f.t.Helper()
	channel := "lh:{" + strconv.Itoa(tasks.ID(id).Shard()) + "}:t:" + id
	eventually(f.t, strconv.FormatInt(n, 10)+" follow", func() bool { return f.rdb.PubSubNumSub(f.ctx, channel).Val()[channel] == n })
}

// progressingTask is a task whose client wants to hear of its progress, in a session.
func (f *front) progressingTask(x *session) string {
	f.t.Helper()
	return f.taskIn(x, obj{"_meta": obj{"progressToken": "p"}})
}

// await reads the whole stream of a tasks/result on the side.
func (f *front) await(ctx context.Context, x *session, id string) <-chan message {
	messages := make(chan message, 100)
	d := x.request("tasks/result", obj{"taskId": id})
	if x.id == "" {
		d.header.Del(wire.HeaderSession)
	}
	f.playing.Go(func() {
		defer close(messages)
		r, err := f.try(ctx, d)
		for err == nil {
			var m message
			if m, err = r.read(); err == nil {
				messages <- m
			}
			if m.Method == "" {
				break
			}
		}
		if r != nil {
			r.body.Close()
		}
	})
	return messages
}

// until takes messages up to one that is looked for. Each is about the task.
func until(t *testing.T, messages <-chan message, id, what string, found func(m message) bool) (before []message) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m, open := <-messages:
			if !open {
				t.Fatalf("the stream ended before %s: %+v", what, before)
			}
			if about := isRelated(m.Params, id) || isRelated(m.Result, id); !about {
				t.Errorf("not related to its task: %+v", m)
			}
			if found(m) {
				return before
			}
			before = append(before, m)
		case <-timeout:
			t.Fatalf("waited for %s, got %+v", what, before)
		}
	}
}

// untilAll is until for several, in any order.
func untilAll(t *testing.T, messages <-chan message, id, what string, found ...func(m message) bool) (all []message) {
	t.Helper()
	for len(found) > 0 {
		all = append(all, until(t, messages, id, what, func(m message) bool {
			left := len(found)
			found = slices.DeleteFunc(found, func(f func(message) bool) bool { return f(m) })
			return len(found) < left
		})...)
	}
	return all
}

func says(words string) func(message) bool {
	return func(m message) bool {
		return m.Method == "notifications/progress" && m.Params["message"] == words
	}
}

func logs(words string) func(message) bool {
	return func(m message) bool {
		return m.Method == "notifications/message" && m.Params["data"] == words && m.Params["logger"] == "any"
	}
}

func asks(id string) func(message) bool {
	return func(m message) bool { return m.Method == "elicitation/create" && requestID(m) == id+"/name" }
}

func results(words string) func(message) bool {
	return func(m message) bool { return text(m.Result) == words }
}

func TestALegacyTasksLogIsOnTheStreamOfItsResult(t *testing.T) {
	t.Parallel()
	f := start(t, silent)
	x := f.initialize("2025-11-25", obj{})
	id := f.taskIn(x)
	c := f.claim()
	c.log("debug", "detail")
	c.log("info", "before")
	ctx, leave := context.WithCancel(f.soon())
	defer leave()
	stream := f.await(ctx, x, id)
	if before := until(t, stream, id, "what was logged before", logs("before")); len(before) > 0 {
		t.Errorf("a session starts at info: got %+v", before)
	}
	c.log("warning", "now")
	until(t, stream, id, "what is logged now", logs("now"))
	if m, _ := f.ask(x.request("logging/setLevel", obj{"level": "debug"})); m.Error != nil {
		t.Fatalf("got %+v", m.Error)
	}
	found, n := false, 0
	eventually(t, "the open stream has the new level", func() bool {
		n++
		c.log("debug", strconv.Itoa(n))
		select {
		case m := <-stream:
			found = m.Params["level"] == "debug"
		default:
		}
		return found
	})
	c.log("error", "here")
	until(t, stream, id, "what comes before it leaves", logs("here"))
	leave()
	for range stream { // to its end
		continue
	}
	eventually(t, "it says how far it got", func() bool {
		seq, err := f.store.Heard(t.Context(), x.id, tasks.ID(id))
		return err == nil && seq > 0
	})
	stream = f.await(f.soon(), x, id)
	c.log("error", "last")
	if before := until(t, stream, id, "what is new", logs("last")); len(before) > 0 {
		t.Errorf("told again: %+v", before)
	}
	c.log("error", "end")
	c.finish("done")
	before := until(t, stream, id, "the result", results("done"))
	if len(before) == 0 || !logs("end")(before[len(before)-1]) {
		t.Errorf("the last words are missing: %+v", before)
	}

	stateless := f.await(f.soon(), &session{version: "2025-11-25"}, id)
	if before := until(t, stateless, id, "the result", results("done")); len(before) > 0 {
		t.Errorf("without a session nobody asked for logs: got %+v", before)
	}
}

func TestOneStreamOfASessionTellsOfATask(t *testing.T) {
	t.Parallel()
	a, b := pair(t, silent)
	x := a.initialize("2025-11-25", canFill())
	id := a.progressingTask(x)
	c := a.claim()
	ctx, leave := context.WithCancel(a.soon())
	defer leave()
	first := a.await(ctx, x, id)
	c.progress(1, 100, "one")
	until(t, first, id, "progress", says("one"))
	second := b.await(b.soon(), x, id)
	b.followers(id, 2)

	c.log("info", "first")
	c.progress(2, 100, "two")
	c.ask("name")
	until(t, first, id, "a question", asks(id))
	leave()
	progressed := func(m message) bool { return m.Method == "notifications/progress" }
	for _, m := range untilAll(t, second, id, "the question again, and how it stands", asks(id), progressed) {
		if m.Method == "notifications/message" {
			t.Errorf("told on both streams: %+v", m)
		}
	}
	a.accept(x, id+"/name")
	c.await("name")
	c.log("info", "second")
	c.progress(3, 100, "three")
	until(t, second, id, "more of its log", logs("second"))
	until(t, second, id, "more progress", says("three"))
	c.finish("done")
	until(t, second, id, "the result", results("done"))
}

func TestEachOfTwoSessionsHasItsOwnStream(t *testing.T) {
	t.Parallel()
	a, b := pair(t, silent)
	x, y := a.initialize("2025-11-25", canFill()), b.initialize("2025-11-25", canFill())
	id := a.progressingTask(x)
	c := a.claim()
	streams := []<-chan message{a.await(a.soon(), x, id), b.await(b.soon(), y, id)}
	b.followers(id, 2)
	c.log("info", "news")
	c.progress(1, 2, "half")
	c.ask("name")
	for i, stream := range streams {
		untilAll(t, stream, id, "log, progress and question on stream "+strconv.Itoa(i), logs("news"), says("half"), asks(id))
	}
	b.send(b.soon(), y.response(id+"/name", accepted(obj{"by": "y"}))).body.Close() // the first answer counts
	a.send(a.soon(), x.response(id+"/name", accepted(obj{"by": "x"}))).body.Close()
	if got := string(c.await("name")); got != `{"action":"accept","content":{"by":"y"}}` {
		t.Errorf("the tool got %s", got)
	}
	c.finish("done")
	for _, stream := range streams {
		until(t, stream, id, "the result", results("done"))
	}
}

func TestAnEndReachesEveryResult(t *testing.T) {
	t.Parallel()
	a, b := pair(t, silent)
	x := a.initialize("2025-11-25", obj{})
	id := a.taskIn(x)
	c := a.claim()
	streams := []<-chan message{a.await(a.soon(), x, id), b.await(b.soon(), x, id)}
	b.followers(id, 2)
	c.finish("done")
	for _, stream := range streams {
		until(t, stream, id, "the result", results("done"))
	}
}
