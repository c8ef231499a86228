package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// steps answers a method differently each time; the last answer stays.
func steps(each ...func(*query)) func(*query) {
	return func(q *query) { each[min(q.N, len(each)-1)](q) }
}

func gives(v object) func(*query) { return func(q *query) { q.result(v) } }

func gone(q *query) { q.fail(http.StatusServiceUnavailable, 1503, "away", object{"retryAfterMs": 1}) }

// listening acknowledges a subscription before it does more.
func listening(more func(*query)) func(*query) {
	return func(q *query) {
		q.notify("notifications/subscriptions/acknowledged", object{"notifications": object{"taskIds": []string{"one"}}})
		more(q)
	}
}

func TestPollingWhereNothingIsStreamed(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tools/call": gives(created(1)),
		"tasks/get":  steps(gives(task("working", 1, nil)), gone, (*query).drop, gone, gives(task("working", 2, nil)), gives(completed(3, "done"))),
	})
	var told []string
	c := s.dial(client.Options{Changed: func(t client.Task) { told = append(told, t.Message) }})
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || r.TaskID != "one" {
		t.Fatal(r, err)
	}
	if diff := cmp.Diff([]string{"change 1", "change 2", "change 3"}, told); diff != "" {
		t.Error(diff)
	}
	if n := len(s.all("subscriptions/listen")); n != 1 {
		t.Errorf("%d tries to listen where the server has no streams", n)
	}
}

func TestAQuestionForOthersIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tools/call": gives(created(1)),
		"tasks/get":  steps(gives(asks(2, "name")), gives(asks(3, "name")), gives(completed(4, "done"))),
	})
	told := make(chan client.Question, 9)
	c := s.dial(client.Options{Asked: func(q client.Question) { told <- q }})
	if _, err := c.Call(t.Context(), "t", nil, client.CallOptions{}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 {
		t.Fatalf("told %d times", len(told))
	}
	if q := <-told; q.TaskID != "one" || q.Key != "name" || q.Message() != "What?" || string(q.Schema()) != "{}" {
		t.Errorf("told %+v", q)
	}
	capabilities := s.all("tools/call")[0].meta("io.modelcontextprotocol/clientCapabilities")
	if _, declared := capabilities.(object)["elicitation"]; !declared {
		t.Errorf("declared %v", capabilities)
	}
}

func TestTroubleIsTold(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tools/call": gives(created(1)),
		"tasks/get":  steps(gives(task("working", 1, nil)), gone, (*query).drop, gives(task("working", 2, nil)), gives(completed(3, "done"))),
	})
	var told []bool
	c := s.dial(client.Options{Trouble: func(err error) { told = append(told, err != nil) }})
	if _, err := c.Call(t.Context(), "t", nil, client.CallOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{true, true, false}, told); diff != "" {
		t.Error(diff)
	}
}

func TestListeningSpareThePolls(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tools/call": gives(created(1)),
		"tasks/get":  gives(task("working", 2, nil)),
		"subscriptions/listen": listening(func(q *query) {
			q.notify("notifications/tasks", task("working", 1, nil)) // older than what the poll said
			for i := range 50 {
				q.notify("notifications/tasks", task("working", 3+i, nil))
			}
			q.notify("notifications/tasks", completed(60, "done"))
			q.gone()
		}),
	})
	var told []string
	c := s.dial(client.Options{Changed: func(t client.Task) { told = append(told, t.Message) }})
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || len(s.all("tasks/get")) != 1 {
		t.Fatalf("%+v, %v, %d polls", r, err, len(s.all("tasks/get")))
	}
	if len(told) != 53 || told[1] != "change 2" || told[2] != "change 3" {
		t.Errorf("told %q", told)
	}
}

// A broken stream is one poll and another stream; a question that comes on both, and in the polls, is asked once.
func TestABrokenStreamAndItsQuestions(t *testing.T) {
	t.Parallel()
	var answered atomic.Bool
	state := func() object {
		if answered.Load() {
			return task("working", 5, nil)
		}
		return asks(2, "a", "b")
	}
	both := make(chan struct{}, 2)
	s := newScript(t, map[string]func(*query){
		"tools/call": gives(created(1)),
		"tasks/get":  func(q *query) { q.result(state()) },
		"tasks/update": func(q *query) {
			if q.N == 1 {
				answered.Store(true)
			}
			q.result(object{"resultType": "complete"})
		},
		"subscriptions/listen": listening(func(q *query) {
			if !answered.Load() {
				q.notify("notifications/tasks", asks(2, "a", "b"))
				q.drop()
			}
			q.notify("notifications/tasks", completed(6, "done"))
			q.gone()
		}),
	})
	var asked sync.Map
	c := s.dial(client.Options{Answer: func(ctx context.Context, q client.Question) (client.Answer, error) {
		if _, twice := asked.LoadOrStore(q.Key, true); twice {
			t.Errorf("%q was asked twice", q.Key)
		}
		both <- struct{}{}
		rig.Await(t, "both questions and a second stream", func() bool { return len(both) == 2 && len(s.all("subscriptions/listen")) > 1 })
		return client.Accept(object{"is": q.Key}), nil
	}})
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" {
		t.Fatal(r, err)
	}
	got := object{}
	for _, q := range s.all("tasks/update") {
		for key, v := range q.Params["inputResponses"].(object) {
			got[key] = v
		}
	}
	want := object{"a": object{"action": "accept", "content": object{"is": "a"}}, "b": object{"action": "accept", "content": object{"is": "b"}}}
	if diff := cmp.Diff(want, got); diff != "" || len(s.all("tasks/update")) != 2 {
		t.Error(diff)
	}
}

func TestAnAnswerThatDoesNotFitIsAskedForAgain(t *testing.T) {
	t.Parallel()
	var fits atomic.Bool
	s := newScript(t, map[string]func(*query){
		"tasks/get": func(q *query) {
			if fits.Load() {
				q.result(completed(3, "done"))
				return
			}
			q.result(asks(1, "k"))
		},
		"tasks/update": func(q *query) {
			if q.N == 0 {
				q.fail(http.StatusBadRequest, -32602, "name: too short", nil)
				return
			}
			fits.Store(true)
			q.result(object{})
		},
	})
	var refused []error
	c := s.dial(client.Options{Answer: func(_ context.Context, q client.Question) (client.Answer, error) {
		refused = append(refused, q.Refused)
		return client.Accept(object{}), nil
	}})
	if r, err := c.Wait(t.Context(), "one"); err != nil || r.Text() != "done" {
		t.Fatal(r, err)
	}
	if len(refused) != 2 || refused[0] != nil || refused[1] == nil {
		t.Error(refused)
	}
}

// The reply to the answer was lost: sent again, it is about nothing that is open.
func TestAnAnswerThatArrivedBeforeIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	var arrived atomic.Bool
	s := newScript(t, map[string]func(*query){
		"tasks/get": func(q *query) {
			if arrived.Load() {
				q.result(completed(3, "done"))
				return
			}
			q.result(asks(1, "k"))
		},
		"tasks/update": func(q *query) {
			arrived.Store(true)
			q.fail(http.StatusBadRequest, -32602, "the task does not ask that", nil)
		},
	})
	var asked atomic.Int64
	c := s.dial(client.Options{Answer: func(context.Context, client.Question) (client.Answer, error) {
		asked.Add(1)
		return client.Accept(object{}), nil
	}})
	if r, err := c.Wait(t.Context(), "one"); err != nil || r.Text() != "done" || asked.Load() != 1 {
		t.Errorf("%+v, %v, asked %d times", r, err, asked.Load())
	}
}

func TestAQuestionThatSomebodyElseAnsweredIsNotAskedAnyMore(t *testing.T) {
	t.Parallel()
	var asking atomic.Bool
	s := newScript(t, map[string]func(*query){"tasks/get": func(q *query) {
		if asking.Load() {
			q.result(task("working", 2, nil))
			return
		}
		q.result(asks(1, "k"))
	}})
	withdrawn := make(chan struct{})
	s.on["subscriptions/listen"] = func(q *query) { q.fail(http.StatusNotFound, -32601, "no", nil) }
	c := s.dial(client.Options{Answer: func(ctx context.Context, _ client.Question) (client.Answer, error) {
		asking.Store(true)
		<-ctx.Done()
		close(withdrawn)
		return client.Answer{}, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() {
		_, err := c.Wait(ctx, "one")
		waited <- err
	}()
	<-withdrawn
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) || len(s.all("tasks/update")) > 0 {
		t.Error(err, s.all("tasks/update"))
	}
}

func TestHowTasksEnd(t *testing.T) {
	t.Parallel()
	failed := object{"error": object{"code": -32603, "message": "panic", "data": object{"reason": "panic"}}}
	tests := map[string]struct {
		get  func(*query)
		want error
		says string
	}{
		"failed":    {gives(task("failed", 1, failed)), nil, "panic"},
		"cancelled": {gives(task("cancelled", 1, nil)), client.ErrCancelled, "change 1"},
		"unknown":   {func(q *query) { q.fail(http.StatusBadRequest, -32602, "no such task", nil) }, client.ErrNotFound, ""},
		"away":      {gone, client.ErrUnreachable, "away"},
		"refused":   {func(q *query) { q.fail(http.StatusUnauthorized, -32001, "who are you", nil) }, nil, "who are you"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]func(*query){"tasks/get": test.get})
			_, err := s.dial(client.Options{Patience: 500 * time.Millisecond}).Wait(t.Context(), "one")
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Fatal(err)
			}
			e, ended := errors.AsType[*client.TaskError](err)
			if ended != (name == "failed" || name == "cancelled") {
				t.Errorf("%#v", err)
			}
			if name == "failed" && (e.Task.Status != tasks.Failed || string(e.Task.Err.Data) != `{"reason":"panic"}`) {
				t.Errorf("%+v", e.Task)
			}
		})
	}
}

func TestATaskThatDoesNotChangeIsStuck(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tasks/get": steps(gives(task("working", 1, nil)), gives(task("working", 2, nil)))})
	c := s.dial(client.Options{Stuck: 300 * time.Millisecond})
	if _, err := c.Wait(t.Context(), "one"); !errors.Is(err, client.ErrStuck) {
		t.Error(err)
	}
	if n := len(s.all("tasks/cancel")); n != 0 {
		t.Error("it was cancelled")
	}
}

func TestATaskThatAsksIsNotStuck(t *testing.T) {
	t.Parallel()
	enough := make(chan struct{})
	s := newScript(t, map[string]func(*query){"tasks/get": func(q *query) {
		if q.N == 20 { // some 20 intervals of 60 ms, far more than Stuck
			close(enough)
		}
		q.result(asks(1, "k"))
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-enough; cancel() }()
	if _, err := s.dial(client.Options{Stuck: 100 * time.Millisecond}).Wait(ctx, "one"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCancelAndAnswer(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tasks/cancel": steps(gone, gives(object{})),
		"tasks/update": gives(object{}),
	})
	c := s.dial(client.Options{})
	if err := c.Cancel(t.Context(), "one"); err != nil || len(s.all("tasks/cancel")) != 2 {
		t.Error(err)
	}
	if err := c.Answer(t.Context(), "one", map[string]client.Answer{"k": client.Decline()}); err != nil {
		t.Error(err)
	}
	q := s.all("tasks/update")[0]
	if diff := cmp.Diff(object{"k": object{"action": "decline"}}, q.Params["inputResponses"]); diff != "" || q.r.Header.Get("Mcp-Name") != "one" {
		t.Error(diff)
	}
	if err := c.Answer(t.Context(), "one", map[string]client.Answer{"k": client.Accept(make(chan int))}); err == nil {
		t.Error("what is no JSON was sent")
	}
}

func TestListingTasks(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		if caps, _ := q.meta("io.modelcontextprotocol/clientCapabilities").(object); len(caps) > 0 {
			q.fail(http.StatusBadRequest, -32602, "unknown tool", nil)
			return
		}
		q.result(object{"content": []object{}, "structuredContent": object{
			"tasks": []object{{"taskId": "one", "tool": "t", "status": "working", "message": "m"}}, "nextCursor": "more",
		}})
	}})
	c := s.dial(client.Options{Answers: tasks.Capabilities{tasks.CanFillForms}})
	page, next, err := c.List(t.Context(), "here")
	if err != nil || next != "more" || len(page) != 1 || page[0].ID != "one" || page[0].Tool != "t" || page[0].Message != "m" {
		t.Errorf("%+v, %q, %v", page, next, err)
	}
	if diff := cmp.Diff(object{"cursor": "here"}, s.all("tools/call")[0].Params["arguments"]); diff != "" {
		t.Error(diff)
	}
	s.on["tools/call"] = func(q *query) { q.fail(http.StatusBadRequest, -32602, "unknown tool", nil) }
	if _, _, err := c.List(t.Context(), ""); !errors.Is(err, client.ErrNoList) {
		t.Error(err)
	}
}
