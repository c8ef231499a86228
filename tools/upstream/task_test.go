package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// taskServer is a server over HTTP that makes a task of each call, and keeps it until a test ends it.
type taskServer struct {
	legacy bool // it speaks 2025-11-25

	mu        sync.Mutex
	tasks     map[string]object
	keys      []any // idempotency keys, in the order of calls
	cancelled []string
	changed   chan struct{}
}

// newTaskServer serves the tool long, which may run twice if its annotations say so.
func newTaskServer(t *testing.T, legacy bool, annotations object) (*taskServer, string) {
	k := &taskServer{legacy: legacy, tasks: make(map[string]object), changed: make(chan struct{}, 100)}
	on := map[string]func(*query){
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{
				"name": "long", "inputSchema": object{"type": "object"}, "annotations": annotations, "execution": object{"taskSupport": "optional"},
			}, {"name": "plain", "inputSchema": object{"type": "object"}}}})
		},
		"tools/call":   k.call,
		"tasks/get":    k.with(func(q *query, task object) { q.result(task) }),
		"tasks/cancel": k.with(k.cancel),
		"tasks/update": k.with(k.update),
	}
	if legacy {
		on["initialize"] = func(q *query) {
			q.w.Header().Set("Mcp-Session-Id", "s")
			q.result(object{"protocolVersion": "2025-11-25", "serverInfo": object{"name": "k", "version": "1"}, "capabilities": object{
				"tasks": object{"cancel": object{}, "requests": object{"tools": object{"call": object{}}}},
			}})
		}
		on["tasks/result"] = k.resultThen
	} else {
		on["server/discover"] = func(q *query) {
			q.result(object{"supportedVersions": []string{"2026-07-28"}, "capabilities": object{
				"extensions": object{"io.modelcontextprotocol/tasks": object{}},
			}})
		}
	}
	return k, newScript(t, on).url
}

func (k *taskServer) call(q *query) {
	k.mu.Lock()
	defer k.mu.Unlock()
	meta, _ := q.Params["_meta"].(object)
	k.keys = append(k.keys, meta["dev.longhaul/idempotency-key"])
	id := fmt.Sprintf("task-%d", len(k.keys))
	now := time.Now().Format(time.RFC3339)
	task := object{
		"taskId": id, "status": "working", "statusMessage": "at work", "createdAt": now, "lastUpdatedAt": now,
		"resultType": "task", "ttlMs": nil, "pollIntervalMs": 50, "pollInterval": 50,
	}
	k.tasks[id] = task
	if k.legacy {
		q.result(object{"task": task})
		return
	}
	q.result(task)
	task["resultType"] = "complete"
}

func (k *taskServer) with(do func(q *query, task object)) func(*query) {
	return func(q *query) {
		k.mu.Lock()
		defer k.mu.Unlock()
		id, _ := q.Params["taskId"].(string)
		if k.tasks[id] == nil {
			q.fail(http.StatusBadRequest, -32602, "no such task")
			return
		}
		do(q, k.tasks[id])
	}
}

// resultThen is 2025-11-25's way to a result: it waits for it.
func (k *taskServer) resultThen(q *query) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !k.resultNow(q) {
		select {
		case <-look.C:
		case <-q.r.Context().Done():
			return
		}
	}
}

func (k *taskServer) resultNow(q *query) (over bool) {
	over = true
	k.with(func(q *query, task object) {
		if over = task["status"] != "working"; over {
			q.result(object{"content": []object{{"type": "text", "text": "done"}}, "_meta": object{
				"io.modelcontextprotocol/related-task": object{"taskId": task["taskId"]}, "mine": 1,
			}})
		}
	})(q)
	return over
}

func (k *taskServer) cancel(q *query, task object) {
	task["status"] = "cancelled"
	id, _ := task["taskId"].(string)
	k.cancelled = append(k.cancelled, id)
	q.result(task)
}

func (k *taskServer) update(q *query, task object) {
	responses, _ := q.Params["inputResponses"].(object)
	for key := range responses {
		delete(task, "inputRequests")
		task["status"], task["answered"] = "completed", key
	}
	task["result"] = object{"resultType": "complete", "content": []object{{"type": "text", "text": fmt.Sprint(responses)}}}
	q.result(object{"resultType": "complete"})
}

// set changes a task.
func (k *taskServer) set(id string, members object) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, v := range members {
		k.tasks[id][name] = v
	}
}

func (k *taskServer) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.tasks, id)
}

func (k *taskServer) calls() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys)
}

func (k *taskServer) wasCancelled() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.cancelled, " ")
}

var done = object{"status": "completed", "result": object{"resultType": "complete", "content": []object{{"type": "text", "text": "done"}}}}

func bothEras(t *testing.T, test func(t *testing.T, legacy bool)) {
	t.Parallel()
	for name, legacy := range map[string]bool{"2026-07-28": false, "2025-11-25": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, legacy)
		})
	}
}

// running is an attempt that has come as far as the server's task.
func running(t *testing.T, ctx context.Context, r *rig, k *task, draining ...<-chan struct{}) (ended chan error, result *string) {
	t.Helper()
	ended, result = make(chan error, 1), new(string)
	go func() {
		var err error
		*result, err = r.attempt(ctx, k, "up_long", object{}, draining...)
		ended <- err
	}()
	select {
	case <-k.told:
	case err := <-ended:
		t.Fatal(*result, err)
	}
	return ended, result
}

// lose is what becomes of an attempt whose worker Redis takes for dead.
func lose(t *testing.T, cancel context.CancelCauseFunc, ended <-chan error) {
	t.Helper()
	cancel(tasks.ErrLost)
	if err := <-ended; !errors.Is(err, tasks.ErrLost) {
		t.Error(err)
	}
}

// A task of the server is found again by its id after a restart of the worker: the tool is not called a second time, whether it might be or not.
func TestATaskIsFoundAgain(t *testing.T) {
	bothEras(t, func(t *testing.T, legacy bool) {
		for name, lost := range map[string]error{"deploy": nil, "crash": tasks.ErrLost} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				up, url := newTaskServer(t, legacy, object{})
				r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
				if tool, _ := r.reg.Lookup("up_long"); tool.Policy.Rerun != tasks.Yes {
					t.Fatalf("%+v", tool.Policy)
				}
				k := newTask()
				draining := make(chan struct{})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				ended, _ := running(t, ctx, r, k, draining)
				if want := (tasks.Progress{Message: "at work"}); k.reports[0] != want {
					t.Errorf("%+v", k.reports)
				}
				want := lost
				if lost == nil {
					want = tasks.ErrDraining
					close(draining)
				} else {
					cancel(lost)
				}
				if err := <-ended; !errors.Is(err, want) {
					t.Fatal(err)
				}
				r.stop()
				up.set("task-1", done)
				r = start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
				got, err := r.attempt(t.Context(), k, "up_long", object{})
				if err != nil || !strings.Contains(got, "done") || strings.Contains(got, "related-task") || up.calls() != 1 || up.wasCancelled() != "" {
					t.Error(got, err, up.calls(), up.wasCancelled())
				}
			})
		}
	})
}

// What Redis does not take is not the server's fault, and the call is not made.
func TestACallThatCannotBeNotedIsNotMade(t *testing.T) {
	t.Parallel()
	up, url := newTaskServer(t, false, object{})
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	k := newTask()
	k.full = errors.New("out of memory")
	if _, err := r.attempt(t.Context(), k, "up_long", object{}); !errors.Is(err, k.full) || isUpstream(err) || up.calls() != 0 {
		t.Error(err, up.calls())
	}
}

// A tool that may not run twice gets a second attempt only where there may be a task to be found again.
func TestASecondAttemptBeginsOnlyWhereThereMayBeATask(t *testing.T) {
	bothEras(t, func(t *testing.T, legacy bool) {
		_, url := newTaskServer(t, legacy, object{})
		r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
		want := tasks.Yes
		if legacy { // it says of each tool whether there can be tasks
			want = tasks.No
		}
		if tool, _ := r.reg.Lookup("up_plain"); tool.Policy.Rerun != want {
			t.Errorf("rerun %q, want %q", tool.Policy.Rerun, want)
		}
	})
}

// Between the call and its task's id nothing is known: such a tool is not called again, another one is, with a key that leads to the same task.
func TestALostCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		annotations object
		calls       int
	}{"that may not be made twice": {object{}, 0}, "that may": {object{"idempotentHint": true}, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up, url := newTaskServer(t, false, test.annotations)
			r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
			k := newTask()
			ctx, cancel := context.WithCancelCause(t.Context())
			ended, _ := running(t, ctx, r, k)
			lose(t, cancel, ended)
			k.memory["checkpoint"] = json.RawMessage(`{"sent":true}`) // the worker died before it knew the id
			ctx, cancel = context.WithCancelCause(t.Context())
			defer cancel(nil)
			if test.calls == 0 {
				_, err := r.attempt(ctx, k, "up_long", object{})
				if err == nil || !permanent(err) || !strings.Contains(err.Error(), "whether the tool has run is not known") || up.calls() != 1 {
					t.Error(err, up.calls())
				}
				return
			}
			ended, _ = running(t, ctx, r, k)
			lose(t, cancel, ended)
			if up.calls() != 2 || up.keys[0] != up.keys[1] || up.keys[0] != string(k.id)+"-0" {
				t.Error(up.keys)
			}
		})
	}
}

func TestACancelledTaskCancelsTheServersTask(t *testing.T) {
	bothEras(t, func(t *testing.T, legacy bool) {
		for _, cause := range []error{tasks.ErrCancelled, tasks.ErrTimeout} {
			up, url := newTaskServer(t, legacy, object{"readOnlyHint": true})
			r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
			k := newTask()
			ctx, cancel := context.WithCancelCause(t.Context())
			ended, _ := running(t, ctx, r, k)
			cancel(cause)
			if err := <-ended; !errors.Is(err, cause) || up.wasCancelled() != "task-1" {
				t.Error(err, up.wasCancelled())
			}
			if !errors.Is(cause, tasks.ErrTimeout) {
				continue
			}
			ctx, cancel = context.WithCancelCause(t.Context())
			ended, _ = running(t, ctx, r, k) // the next attempt has another task
			lose(t, cancel, ended)
			if up.calls() != 2 || up.keys[0] == up.keys[1] {
				t.Error(up.keys)
			}
		}
	})
}

func TestATasksQuestion(t *testing.T) {
	t.Parallel()
	up, url := newTaskServer(t, false, object{})
	r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
	k := newTask()
	ctx, cancel := context.WithCancelCause(t.Context())
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		cancel(tasks.ErrParked)
		return nil, tasks.ErrParked
	}
	ended, _ := running(t, ctx, r, k)
	up.set("task-1", object{"status": "input_required", "inputRequests": object{"who": object{
		"method": "elicitation/create", "params": object{"message": "Who?", "_meta": object{"progressToken": 7}},
	}}})
	if err := <-ended; !errors.Is(err, tasks.ErrParked) {
		t.Fatal(err)
	}
	k.ask = func(context.Context, tasks.Question) (json.RawMessage, error) {
		return json.RawMessage(`{"action":"accept","content":{"name":"Ada"}}`), nil
	}
	got, err := r.attempt(t.Context(), k, "up_long", object{})
	if err != nil || !strings.Contains(got, "Ada") || up.calls() != 1 {
		t.Error(got, err, up.calls())
	}
	if keys := k.keys(); len(keys) != 2 || keys[0] != keys[1] || keys[0] != "who" || strings.Contains(string(k.asked[0].Request.Params), "_meta") {
		t.Errorf("%q %s", keys, k.asked[0].Request.Params)
	}
}

func TestHowServersTasksEnd(t *testing.T) {
	bothEras(t, func(t *testing.T, legacy bool) {
		for name, test := range map[string]struct {
			annotations object
			end         func(up *taskServer)
			want        string
			permanent   bool
			calls       int
		}{
			"failed":                   {object{}, func(up *taskServer) { up.set("task-1", failed) }, "upstream up: task task-1: failed: no disk", true, 1},
			"failed, may run twice":    {object{"idempotentHint": true}, func(up *taskServer) { up.set("task-1", failed) }, "upstream up: task task-1: failed: no disk", false, 1},
			"cancelled there":          {object{"idempotentHint": true}, func(up *taskServer) { up.set("task-1", object{"status": "cancelled"}) }, "upstream up: task task-1: cancelled", true, 1},
			"forgotten":                {object{}, func(up *taskServer) { up.forget("task-1") }, "upstream up: it does not know its task task-1 any more", true, 1},
			"forgotten, may run twice": {object{"idempotentHint": true}, func(up *taskServer) { up.forget("task-1") }, "", false, 2},
		} {
			if legacy && strings.HasPrefix(name, "failed") {
				continue // that comes by tasks/result, as package client's tests have it
			}
			up, url := newTaskServer(t, legacy, test.annotations)
			r := start(t, upstream.Options{}, upstream.Server{Name: "up", URL: url})
			ended, _ := running(t, t.Context(), r, newTask())
			test.end(up)
			if test.calls == 2 {
				await(t, "the second call", func() bool { return up.calls() == 2 })
				up.set("task-2", done)
			}
			err := <-ended
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("%s: %v", name, err)
			}
			if permanent(err) != test.permanent || up.calls() != test.calls {
				t.Errorf("%s: permanent %v, %d calls", name, permanent(err), up.calls())
			}
		}
	})
}

var failed = object{"status": "failed", "error": object{"code": -32603, "message": "no disk"}}
