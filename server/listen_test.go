package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// listen opens a subscription and reads its acknowledgement.
func (f *front) listen(filter obj, change ...func(*draft)) (*response, obj) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	f.t.Cleanup(cancel)
	r := f.send(ctx, modern("subscriptions/listen", obj{"notifications": filter}, change...))
	f.t.Cleanup(func() { r.body.Close() })
	if !r.streamed() || r.header.Get("X-Accel-Buffering") != "no" {
		f.t.Fatalf("not a stream: %d %v", r.status, r.header)
	}
	m := r.next()
	if m.Method != "notifications/subscriptions/acknowledged" {
		f.t.Fatalf("first message: %+v", m)
	}
	return r, m.Params
}

func subscriptionID(params obj) any {
	meta, _ := params["_meta"].(obj)
	return meta[wire.MetaSubscription]
}

// until reads task notifications up to one with the status.
func (r *response) until(status tasks.Status) obj {
	r.t.Helper()
	for {
		m := r.next()
		if m.Method != "notifications/tasks" {
			r.t.Fatalf("waiting for %s: got %+v", status, m)
		}
		if m.Params["status"] == string(status) {
			return m.Params
		}
	}
}

func TestASubscriptionShowsWholeTasks(t *testing.T) {
	t.Parallel()
	f := start(t)
	mine, other := f.task(), f.task()
	for name, id := range map[string]any{"number": 7.0, "string": "seven"} {
		t.Run(name, func(t *testing.T) {
			r, ack := f.listen(obj{"taskIds": []string{mine, unknownID, "nonsense", other, mine}}, withID(id))
			want := obj{"_meta": obj{wire.MetaSubscription: id}, "notifications": obj{"taskIds": []any{mine, other}}}
			if diff := cmp.Diff(want, ack); diff != "" {
				t.Error(diff)
			}
			for range 2 {
				m := r.next()
				got := m.Params
				if subscriptionID(got) != id {
					t.Errorf("subscription id: got %v", got["_meta"])
				}
				want := f.get(got["taskId"].(string))
				delete(want, "resultType")
				delete(want["_meta"].(obj), wire.MetaServerInfo)
				want["_meta"].(obj)[wire.MetaSubscription] = id
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestASubscriptionFollowsATaskToItsEnd(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	r, _ := f.listen(obj{"taskIds": []string{id}})
	r.until(tasks.Working)
	c := f.claim()
	c.ask("name")
	if got := r.until(tasks.InputRequired); got["inputRequests"].(obj)["name"] == nil {
		t.Errorf("got %+v", got)
	}
	f.ask(modern("tasks/update", obj{"taskId": id, "inputResponses": obj{"name": accept("x")}}))
	r.until(tasks.Working)
	c.log("error", "not for this stream")
	c.finish("done")
	got := r.until(tasks.Completed)
	if result := got["result"].(obj); text(result) != "done" || result["resultType"] != "complete" || got["resultType"] != nil {
		t.Errorf("got %+v", got)
	}
}

func TestAStrangerSubscribesToNothing(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody; o.Ping = 10 * time.Millisecond })
	r, ack := stranger.listen(obj{"taskIds": []string{id}, "promptsListChanged": true, "resourceSubscriptions": []string{"x://y"}})
	if diff := cmp.Diff(obj{"promptsListChanged": true}, ack["notifications"]); diff != "" { // what anybody may know
		t.Error(diff)
	}
	f.claim().finish("secret")
	f.awaitStatus(id, tasks.Completed)
	stranger.Drain()
	if m := r.next(); m.Method != "" {
		t.Errorf("got %+v", m)
	}
}

func TestASubscriptionEndsGracefully(t *testing.T) {
	t.Parallel()
	f := start(t)
	r, _ := f.listen(obj{"toolsListChanged": true}, withID("abc"))
	f.Drain()
	m := r.next()
	if string(m.ID) != `"abc"` || m.Result["resultType"] != "complete" || subscriptionID(m.Result) != "abc" {
		t.Errorf("got %+v", m)
	}
	if _, err := r.read(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestASubscriptionHearsOfNewTools(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	both, _ := f.listen(obj{"toolsListChanged": true, "taskIds": []string{id}})
	both.until(tasks.Working)
	tool := tasks.Tool{Name: "fresh", Description: "New", InputSchema: raw(`{"type":"object"}`)}
	if _, err := f.store.Announce(t.Context(), "", []tasks.Tool{tool}); err != nil {
		t.Fatal(err)
	}
	if m := both.next(); m.Method != "notifications/tools/list_changed" || subscriptionID(m.Params) != 1.0 {
		t.Errorf("got %+v", m)
	}
	f.claim().finish("done")
	both.until(tasks.Completed)
}

func TestASilentSubscriptionPings(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Ping = 10 * time.Millisecond })
	id := f.task()
	r, _ := f.listen(obj{"taskIds": []string{id}})
	r.until(tasks.Working)
	r.quiet()
	f.claim().finish("done")
	r.until(tasks.Completed)
}

func TestASubscriptionIsBounded(t *testing.T) {
	t.Parallel()
	f := start(t)
	ids := make([]string, 1001)
	for i := range ids {
		ids[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d-1", i)
	}
	if m, r := f.ask(modern("subscriptions/listen", obj{"notifications": obj{"taskIds": ids}})); m.code() != wire.CodeInvalidParams || r.status != 400 {
		t.Errorf("got %+v", m)
	}
	r, ack := f.listen(obj{"taskIds": ids[:1000]})
	if diff := cmp.Diff(obj{}, ack["notifications"]); diff != "" {
		t.Error(diff)
	}
	// go-redis keeps a goroutine as long as it has something to deliver: let the end of the subscriptions arrive
	r.body.Close()
	f.idle()
	x, err := f.watcher.Watch(t.Context(), tasks.NewID(0))
	if err != nil {
		t.Fatal(err)
	}
	x.Close()
}

func TestNothingIsLostWhenPubSubBreaks(t *testing.T) {
	t.Parallel()
	f := startOn(t, redistest.Private(t).Options())
	id := f.task()
	r, _ := f.listen(obj{"taskIds": []string{id}})
	r.until(tasks.Working)
	c := f.claim()
	for i := range 5 {
		if err := f.rdb.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		c.progress(float64(i+1), 10, fmt.Sprintf("step %d", i))
		for {
			p := r.until(tasks.Working)
			if progress, _ := p["_meta"].(obj)[wire.MetaProgress].(obj); progress["message"] == fmt.Sprintf("step %d", i) {
				break
			}
		}
	}
	if err := f.rdb.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	c.finish("done")
	r.until(tasks.Completed)
}
