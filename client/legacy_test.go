package client_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/client"
)

// newLegacy is a script of 2025-11-25 with sessions, and with tasks for the tool long.
func newLegacy(t *testing.T, on map[string]func(*query)) *script {
	all := map[string]func(*query){
		"server/discover": func(q *query) { q.fail(http.StatusBadRequest, -32600, "session id is missing", nil) },
		"initialize": func(q *query) {
			q.w.Header().Set("Mcp-Session-Id", fmt.Sprintf("session-%d", q.N))
			q.result(object{"protocolVersion": "2025-11-25", "serverInfo": object{"name": "old", "version": "1"}, "capabilities": object{
				"tasks": object{"list": object{}, "cancel": object{}, "requests": object{"tools": object{"call": object{}}}},
			}})
		},
		"notifications/initialized": accepted,
		"notifications/cancelled":   accepted,
		"answer":                    accepted,
		"DELETE":                    accepted,
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{
				{"name": "t", "inputSchema": object{}}, {"name": "long", "inputSchema": object{}, "execution": object{"taskSupport": "optional"}},
			}})
		},
	}
	maps.Copy(all, on)
	return newScript(t, all)
}

func accepted(q *query) { q.w.WriteHeader(http.StatusAccepted) }

func oldTask(status string, changes int) object {
	t := task(status, changes, object{"ttl": 60000, "pollInterval": 50})
	for _, name := range []string{"resultType", "ttlMs", "pollIntervalMs"} {
		delete(t, name)
	}
	return t
}

func TestEarlierRevisionsHaveSessions(t *testing.T) {
	t.Parallel()
	s := newLegacy(t, map[string]func(*query){"tools/call": func(q *query) {
		if q.r.Header.Get("Mcp-Session-Id") == "session-0" {
			q.fail(http.StatusNotFound, -32000, "Session expired: initialize again", nil)
			return
		}
		q.notify("notifications/progress", object{"progressToken": q.meta("progressToken"), "progress": 1})
		q.finish(text("done"))
	}})
	told := 0
	c := s.dial(client.Options{Changed: func(client.Task) { told++ }})
	if got := c.Server(); got.Revision != "2025-11-25" || got.Name != "old" {
		t.Errorf("%+v", got)
	}
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || told != 1 {
		t.Fatal(r, err, told)
	}
	q := s.all("tools/call")[1]
	if q.r.Header.Get("Mcp-Protocol-Version") != "2025-11-25" || q.r.Header.Get("Mcp-Session-Id") != "session-1" || q.Params["task"] != nil {
		t.Errorf("%v %v", q.r.Header, q.Params)
	}
	c.Close()
	if n := len(s.all("DELETE")); n != 1 {
		t.Errorf("%d sessions were ended", n)
	}
}

func TestTasksOf20251125(t *testing.T) {
	t.Parallel()
	answered := make(chan struct{})
	s := newLegacy(t, map[string]func(*query){
		"tools/call": func(q *query) { q.result(object{"task": oldTask("working", 1)}) },
		"tasks/get": func(q *query) {
			select {
			case <-answered:
				q.result(oldTask("completed", 3))
			default:
				q.result(oldTask("input_required", 2))
			}
		},
		"answer": func(q *query) { close(answered); accepted(q) },
		"tasks/result": func(q *query) {
			related := object{"io.modelcontextprotocol/related-task": object{"taskId": "one"}}
			for range 2 { // once more, as on a resumed stream
				q.event(object{"jsonrpc": "2.0", "id": "srv-1", "method": "elicitation/create", "params": object{"message": "What?", "_meta": related}})
			}
			<-answered
			q.finish(text("done"))
		},
	})
	var told []string
	var asked atomic.Int32
	c := s.dial(client.Options{
		Changed: func(t client.Task) { told = append(told, string(t.Status)) },
		Answer: func(_ context.Context, q client.Question) (client.Answer, error) {
			asked.Add(1)
			if q.TaskID != "one" || q.Method != "elicitation/create" {
				t.Errorf("%+v", q)
			}
			return client.Accept(object{"it": "is"}), nil
		},
	})
	r, err := c.Call(t.Context(), "long", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || r.TaskID != "one" {
		t.Fatal(r, err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if diff := cmp.Diff([]string{"working", "input_required", "completed"}, told); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(object{"ttl": 86400000.0}, s.all("tools/call")[0].Params["task"]); diff != "" {
		t.Error(diff)
	}
	if got := string(s.all("answer")[0].Result); got != `{"action":"accept","content":{"it":"is"}}` {
		t.Error(got)
	}
}

func TestHowTasksOf20251125End(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status string
		result func(*query)
		check  func(*client.Result, error) bool
	}{
		"the tool's error": {"failed", func(q *query) { q.result(object{"isError": true, "content": []object{}}) },
			func(r *client.Result, err error) bool { return err == nil && r.IsError }},
		"the engine's": {"failed", func(q *query) { q.fail(http.StatusOK, -32603, "broke", nil) },
			func(_ *client.Result, err error) bool {
				e, ok := errors.AsType[*client.TaskError](err)
				return ok && e.Task.Err.Message == "broke"
			}},
		"cancelled": {"cancelled", func(q *query) { q.fail(http.StatusOK, -32000, "cancelled", nil) },
			func(_ *client.Result, err error) bool { return errors.Is(err, client.ErrCancelled) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLegacy(t, map[string]func(*query){
				"tasks/get":    func(q *query) { q.result(oldTask(test.status, 1)) },
				"tasks/cancel": func(q *query) { q.fail(http.StatusOK, -32602, "it has ended", nil) },
				"tasks/result": test.result,
			})
			c := s.dial(client.Options{})
			if r, err := c.Wait(t.Context(), "one"); !test.check(r, err) {
				t.Errorf("%+v, %v", r, err)
			}
			if err := c.Cancel(t.Context(), "one"); err != nil {
				t.Error("cancelling what has ended:", err)
			}
		})
	}
}

func TestABrokenStreamOfAnEarlierRevisionIsResumed(t *testing.T) {
	t.Parallel()
	s := newLegacy(t, nil)
	s.on["tools/call"] = func(q *query) {
		q.notify("notifications/progress", object{"progressToken": q.meta("progressToken"), "progress": 1})
		q.drop()
	}
	s.on["GET"] = func(q *query) {
		if q.N < 2 { // one is the session's own
			q.drop()
		}
		if q.r.Header.Get("Last-Event-ID") == "" {
			q.gone()
			return
		}
		q.ID = s.all("tools/call")[0].ID
		q.finish(text(q.r.Header.Get("Last-Event-ID")))
	}
	r, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "e-1" || len(s.all("tools/call")) != 1 {
		t.Error(r, err, len(s.all("tools/call")))
	}
}

func TestLeavingACallOfAnEarlierRevisionCancelsIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newLegacy(t, map[string]func(*query){"tools/call": func(q *query) {
		q.notify("notifications/message", object{"level": "info", "data": "x"})
		cancel()
		q.gone()
	}})
	_, err := s.dial(client.Options{}).Call(ctx, "t", nil, client.CallOptions{})
	notices := s.all("notifications/cancelled")
	if !errors.Is(err, context.Canceled) || len(notices) != 1 || fmt.Sprint(notices[0].Params["requestId"]) != string(s.all("tools/call")[0].ID) {
		t.Error(err, notices)
	}
}

func TestListingTasksOf20251125(t *testing.T) {
	t.Parallel()
	s := newLegacy(t, map[string]func(*query){"tasks/list": func(q *query) { q.result(object{"tasks": []object{oldTask("working", 1)}}) }})
	page, next, err := s.dial(client.Options{}).List(t.Context(), "")
	if err != nil || next != "" || len(page) != 1 || page[0].ID != "one" || page[0].Message != "change 1" {
		t.Errorf("%+v, %q, %v", page, next, err)
	}
}

func TestTheRevisionThatBothKnow(t *testing.T) {
	t.Parallel()
	initialize := func(revision string) func(*query) {
		return func(q *query) { q.result(object{"protocolVersion": revision, "capabilities": object{}}) }
	}
	refuse := func(q *query) {
		q.fail(http.StatusBadRequest, -32022, "unsupported", object{"supported": []string{"2025-06-18"}})
	}
	tests := map[string]struct {
		on     map[string]func(*query)
		pinned string
		want   string
	}{
		"newest":         {nil, "", "2026-07-28"},
		"server says":    {map[string]func(*query){"server/discover": refuse, "initialize": initialize("2025-06-18")}, "", "2025-06-18"},
		"pinned":         {map[string]func(*query){"initialize": initialize("2025-06-18")}, "2025-06-18", "2025-06-18"},
		"pinned, unable": {map[string]func(*query){"server/discover": refuse, "initialize": initialize("2025-06-18")}, "2026-07-28", ""},
		"none":           {map[string]func(*query){"server/discover": refuse, "initialize": initialize("2030-01-01")}, "", ""},
		"forbidden":      {map[string]func(*query){"server/discover": func(q *query) { q.fail(http.StatusForbidden, 0, "no", nil) }}, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := maps.Clone(test.on)
			if on == nil {
				on = map[string]func(*query){}
			}
			on["notifications/initialized"] = accepted
			c, err := client.Dial(t.Context(), newScript(t, on).url, client.Options{Revision: test.pinned})
			if err != nil {
				if test.want != "" {
					t.Error(err)
				}
				return
			}
			defer c.Close()
			if got := c.Server().Revision; got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func elicit(id string, task string) object {
	params := object{"message": "What?"}
	if task != "" {
		params["_meta"] = object{"io.modelcontextprotocol/related-task": object{"taskId": task}}
	}
	return object{"jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": params}
}

func says(answer string, asked *atomic.Int32) func(context.Context, client.Question) (client.Answer, error) {
	return func(context.Context, client.Question) (client.Answer, error) {
		asked.Add(1)
		return client.Accept(object{"it": answer}), nil
	}
}

// Programs count their questions from the beginning in each call. On a stream that is resumed, the same question is another only if it
// asks something else.
func TestAQuestionIsToldFromAnotherWithItsID(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]struct {
		events  func(*query, any)
		message func(call int) string
	}{
		"a pipe":                  {(*query).plainEvent, func(int) string { return "What?" }},
		"a stream that can go on": {(*query).event, func(call int) string { return fmt.Sprintf("What, %d?", call) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := make(chan struct{}, 4)
			s := newLegacy(t, map[string]func(*query){
				"GET":    func(q *query) { q.w.WriteHeader(http.StatusMethodNotAllowed) },
				"answer": func(q *query) { q.w.Header().Set("Answered", "yes"); accepted(q) },
				"tools/call": func(q *query) {
					for range 2 { // once more, which is not asked
						on.events(q, object{"jsonrpc": "2.0", "id": "e1", "method": "elicitation/create", "params": object{"message": on.message(q.N)}})
					}
					select {
					case <-answers:
						q.finish(text("done"))
					case <-q.r.Context().Done():
					}
				},
			})
			var asked atomic.Int32
			c := s.dial(client.Options{Answer: says("is", &asked), HTTP: &http.Client{Transport: delivered(answers)}})
			for n := range int32(2) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				r, err := c.Call(ctx, "t", nil, client.CallOptions{})
				cancel()
				if err != nil || r.Text() != "done" || asked.Load() != n+1 {
					t.Fatal(r, err, asked.Load())
				}
			}
		})
	}
}

// A session of a worker may last as long as the worker, and be asked something in each call.
func TestAnsweredQuestionsAreNotRememberedForEver(t *testing.T) {
	t.Parallel()
	answers := make(chan struct{}, 1)
	s := newLegacy(t, map[string]func(*query){
		"GET":    func(q *query) { q.w.WriteHeader(http.StatusMethodNotAllowed) },
		"answer": func(q *query) { q.w.Header().Set("Answered", "yes"); accepted(q) },
		"tools/call": func(q *query) {
			for n := range client.MaxAnswered + 10 {
				q.event(elicit(fmt.Sprintf("q-%d", n), ""))
				select {
				case <-answers:
				case <-q.r.Context().Done():
					return
				}
			}
			q.event(elicit(fmt.Sprintf("q-%d", client.MaxAnswered+9), "")) // once more, which is not asked
			q.finish(text("done"))
		},
	})
	var asked atomic.Int32
	c := s.dial(client.Options{Answer: says("is", &asked), HTTP: &http.Client{Transport: delivered(answers)}})
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || asked.Load() != client.MaxAnswered+10 {
		t.Fatal(r, err, asked.Load())
	}
	if n := c.Remembered(); n > client.MaxAnswered {
		t.Errorf("%d questions are remembered, want %d at most", n, client.MaxAnswered)
	}
}

// delivered is told when the client knows that an answer of its has arrived.
type delivered chan<- struct{}

func (d delivered) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && res.Header.Get("Answered") != "" {
		d <- struct{}{}
	}
	return res, err
}

// Some servers put their questions on the session's own stream: of a task, and of a call that stays open.
func TestQuestionsOnTheStreamOfTheSession(t *testing.T) {
	t.Parallel()
	for name, task := range map[string]string{"long": "one", "t": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answered, called := make(chan struct{}), make(chan struct{})
			s := newLegacy(t, map[string]func(*query){
				"GET": func(q *query) {
					q.comment()
					<-called
					q.event(elicit("q-1", task))
					q.event(elicit("q-1", task))
					q.drop()
				},
				"answer": func(q *query) { close(answered); accepted(q) },
				"tools/call": func(q *query) {
					close(called)
					if task != "" {
						q.result(object{"task": oldTask("working", 1)})
						return
					}
					q.comment()
					<-answered
					q.finish(text("done"))
				},
				"tasks/get":    gives(oldTask("working", 1)),
				"tasks/result": func(q *query) { <-answered; q.result(text("done")) },
			})
			var asked atomic.Int32
			c := s.dial(client.Options{Answer: says("is", &asked)})
			r, err := c.Call(t.Context(), name, nil, client.CallOptions{})
			if err != nil || r.Text() != "done" || asked.Load() != 1 || len(s.all("tools/call")) != 1 {
				t.Error(r, err, asked.Load(), len(s.all("tools/call")))
			}
		})
	}
}

// The stream of tasks/result breaks while a question is open on it: it is opened again, and the question is not put again.
func TestABrokenStreamOfAResultIsOpenedAgain(t *testing.T) {
	t.Parallel()
	again, answered := make(chan struct{}), make(chan struct{})
	s := newLegacy(t, map[string]func(*query){
		"tools/call": gives(object{"task": oldTask("working", 1)}),
		"tasks/get":  gives(oldTask("working", 1)),
		"answer": func(q *query) {
			if q.N == 0 {
				q.drop()
			}
			close(answered)
			accepted(q)
		},
		"tasks/result": func(q *query) {
			switch q.N {
			case 0:
				q.plainEvent(elicit("q-1", "one"))
				q.drop()
			case 1:
				gone(q)
			default:
				q.plainEvent(elicit("q-1", "one"))
				close(again)
				<-answered
				q.finish(text("done"))
			}
		},
	})
	var asked atomic.Int32
	c := s.dial(client.Options{Answer: func(context.Context, client.Question) (client.Answer, error) {
		asked.Add(1)
		<-again
		return client.Decline(), nil
	}})
	r, err := c.Call(t.Context(), "long", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || asked.Load() != 1 || len(s.all("answer")) != 2 || len(s.all("tasks/result")) != 3 {
		t.Error(r, err, asked.Load(), len(s.all("answer")), len(s.all("tasks/result")))
	}
}

// A server that hands out no result before the end is asked for it at the end, and tells how it gets on meanwhile.
func TestAServerThatRefusesAResultBeforeTheEnd(t *testing.T) {
	t.Parallel()
	var over atomic.Bool
	refused, told := make(chan struct{}), make(chan struct{})
	hear := sync.OnceFunc(func() { close(told) })
	s := newLegacy(t, map[string]func(*query){
		"GET": func(q *query) {
			q.comment()
			<-refused
			related := object{"io.modelcontextprotocol/related-task": object{"taskId": "one"}}
			q.notify("notifications/progress", object{"progressToken": "x", "progress": 3, "total": 4, "_meta": related})
			<-told
			over.Store(true)
			q.notify("notifications/tasks/status", oldTask("completed", 2))
			q.gone()
		},
		"tasks/get": func(q *query) {
			status := map[bool]string{true: "completed", false: "working"}[over.Load()]
			q.result(oldTask(status, 1))
		},
		"tasks/result": func(q *query) {
			if !over.Load() {
				q.fail(http.StatusOK, -32602, "not yet", nil)
				if q.N == 0 {
					close(refused)
				}
				return
			}
			q.result(text("done"))
		},
	})
	c := s.dial(client.Options{Changed: func(t client.Task) {
		if t.Progress.Done == 3 && t.Progress.Total == 4 {
			hear()
		}
	}})
	if r, err := c.Wait(t.Context(), "one"); err != nil || r.Text() != "done" {
		t.Error(r, err)
	}
}

// A session is lost while a question is open: it comes again in the next one, and is not put again.
func TestAQuestionOutlastsItsSession(t *testing.T) {
	t.Parallel()
	again, answered := make(chan struct{}), make(chan struct{})
	s := newLegacy(t, map[string]func(*query){
		"tools/call": gives(object{"task": oldTask("working", 1)}),
		"tasks/get":  gives(oldTask("working", 1)),
		"answer": func(q *query) {
			if q.r.Header.Get("Mcp-Session-Id") != "session-1" {
				t.Error("answered in the lost session")
			}
			close(answered)
			accepted(q)
		},
		"tasks/result": func(q *query) {
			switch {
			case q.N == 0:
				q.plainEvent(elicit("q-1", "one"))
				q.drop()
			case q.r.Header.Get("Mcp-Session-Id") == "session-0":
				q.fail(http.StatusNotFound, -32000, "Session expired: initialize again", nil)
			default:
				q.plainEvent(elicit("q-1", "one"))
				q.plainEvent(object{"jsonrpc": "2.0", "id": "p-1", "method": "ping"}) // its answer says that the question was read
				<-answered
				q.finish(text("done"))
			}
		},
	})
	answer := s.on["answer"]
	s.on["answer"] = func(q *query) {
		if string(q.ID) == `"p-1"` {
			close(again)
			accepted(q)
			return
		}
		answer(q)
	}
	var asked atomic.Int32
	c := s.dial(client.Options{Answer: func(context.Context, client.Question) (client.Answer, error) {
		asked.Add(1)
		<-again
		return client.Decline(), nil
	}})
	r, err := c.Call(t.Context(), "long", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || asked.Load() != 1 {
		t.Error(r, err, asked.Load())
	}
}

// A stream that broke and cannot be resumed may have started the tool: the call is not made again.
func TestACallThatCannotBeResumedIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	for name, resumed := range map[string]func(*query){
		"session lost": func(q *query) { q.fail(http.StatusNotFound, -32000, "Session expired", nil) },
		"no streams":   func(q *query) { q.w.WriteHeader(http.StatusMethodNotAllowed) },
		"cut for ever": func(q *query) { q.comment(); q.drop() },
		"away":         func(q *query) { q.w.WriteHeader(http.StatusServiceUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLegacy(t, map[string]func(*query){
				"tools/call": func(q *query) {
					q.notify("notifications/progress", object{"progressToken": q.meta("progressToken"), "progress": 1})
					q.drop()
				},
				"GET": func(q *query) {
					if q.r.Header.Get("Last-Event-ID") == "" { // the session's own
						q.w.WriteHeader(http.StatusMethodNotAllowed)
						return
					}
					resumed(q)
				},
			})
			_, err := s.dial(client.Options{Patience: time.Second}).Call(t.Context(), "t", nil, client.CallOptions{})
			if !errors.Is(err, client.ErrUnknown) || len(s.all("tools/call")) != 1 || len(s.all("GET")) > 12 {
				t.Error(err, len(s.all("tools/call")), len(s.all("GET")))
			}
		})
	}
}

// An event that was cut off in the middle is still to come, also if its id was read; the priming event of 2025-11-25 has nothing but an id.
func TestResumingBehindTheLastWholeEvent(t *testing.T) {
	t.Parallel()
	s := newLegacy(t, nil)
	s.on["tools/call"] = func(q *query) {
		q.w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(q.w, "id: prime\nretry: 1\ndata:\n\nid: cut\nevent: message\ndata: {\"jsonrpc\":\"2.0\",")
		_ = http.NewResponseController(q.w).Flush()
		q.drop()
	}
	s.on["GET"] = func(q *query) {
		last := q.r.Header.Get("Last-Event-ID")
		if last == "" {
			q.w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if len(s.all("GET")) < 4 { // the connection before is not known to be gone
			q.w.WriteHeader(http.StatusConflict)
			return
		}
		q.ID = s.all("tools/call")[0].ID
		q.finish(text(last))
	}
	r, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "prime" || len(s.all("tools/call")) != 1 {
		t.Error(r, err, len(s.all("tools/call")))
	}
}
