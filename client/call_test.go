package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/client"
)

func TestAResultIsTakenAsItComes(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		r := text("no luck")
		r["isError"], r["structuredContent"] = true, object{"n": 1}
		q.result(r)
	}})
	c := s.dial(client.Options{Name: "me", Version: "2"})
	r, err := c.Call(t.Context(), "t", object{"a": "b"}, client.CallOptions{})
	if err != nil || !r.IsError || r.Text() != "no luck" || r.TaskID != "" || string(r.Structured) != `{"n":1}` {
		t.Fatalf("%+v, %v", r, err)
	}
	q := s.all("tools/call")[0]
	want := http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"t"}}
	for name, v := range want {
		if diff := cmp.Diff(v, q.r.Header[name]); diff != "" {
			t.Error(name, diff)
		}
	}
	if diff := cmp.Diff(object{"name": "me", "version": "2"}, q.meta("io.modelcontextprotocol/clientInfo")); diff != "" {
		t.Error(diff)
	}
	caps := object{"extensions": object{"io.modelcontextprotocol/tasks": object{}}}
	if diff := cmp.Diff(caps, q.meta("io.modelcontextprotocol/clientCapabilities")); diff != "" {
		t.Error(diff) // nobody can be asked
	}
}

func TestQuestionsOfACallAreAnsweredByCallingAgain(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		if q.N < 2 {
			state := []string{"first", "second"}[q.N]
			q.result(object{"resultType": "input_required", "requestState": state, "inputRequests": asks(0, "k"+state)["inputRequests"]})
			return
		}
		q.result(text("done"))
	}})
	c := s.dial(client.Options{Answer: func(_ context.Context, q client.Question) (client.Answer, error) {
		return client.Accept(object{"for": q.Key}), nil
	}})
	r, err := c.Call(t.Context(), "t", object{"a": 1}, client.CallOptions{Key: "mine"})
	if err != nil || r.Text() != "done" {
		t.Fatalf("%+v, %v", r, err)
	}
	calls := s.all("tools/call")
	if len(calls) != 3 {
		t.Fatalf("%d calls", len(calls))
	}
	last := calls[2]
	want := object{"ksecond": object{"action": "accept", "content": object{"for": "ksecond"}}}
	if diff := cmp.Diff(want, last.Params["inputResponses"]); diff != "" || last.Params["requestState"] != "second" {
		t.Errorf("%s %v", diff, last.Params)
	}
	if string(calls[0].ID) == string(last.ID) || last.meta("dev.longhaul/idempotency-key") != "mine" {
		t.Errorf("the last round is %+v", last)
	}
}

func TestRoundsOfQuestionsEnd(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		q.result(object{"resultType": "input_required", "inputRequests": asks(0, "k")["inputRequests"]})
	}})
	c := s.dial(client.Options{Answer: func(context.Context, client.Question) (client.Answer, error) { return client.Decline(), nil }})
	if _, err := c.Call(t.Context(), "t", nil, client.CallOptions{}); err == nil || len(s.all("tools/call")) != 10 {
		t.Errorf("%d rounds, %v", len(s.all("tools/call")), err)
	}
	s = newScript(t, s.on)
	if _, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{}); err == nil || len(s.all("tools/call")) != 1 {
		t.Errorf("nobody can be asked: %d calls, %v", len(s.all("tools/call")), err)
	}
}

// A create whose answer is lost is sent again only where that cannot start the tool twice.
func TestALostAnswerToACall(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		server      string
		annotations object
		opts        client.CallOptions
		calls       int
		err         error
	}{
		"attaches by key":       {"longhaul", object{}, client.CallOptions{}, 2, nil},
		"by the caller's key":   {"longhaul", object{}, client.CallOptions{Key: "k"}, 2, nil},
		"other server":          {"other", object{}, client.CallOptions{}, 1, client.ErrUnknown},
		"tool that may, though": {"other", object{"idempotentHint": true}, client.CallOptions{}, 2, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]func(*query){
				"server/discover": func(q *query) {
					q.result(object{"supportedVersions": []string{"2026-07-28"}, "_meta": object{"io.modelcontextprotocol/serverInfo": object{"name": test.server, "version": "1"}}})
				},
				"tools/list": func(q *query) {
					q.result(object{"tools": []object{{"name": "t", "inputSchema": object{}, "annotations": test.annotations}}})
				},
				"tools/call": func(q *query) {
					if q.N == 0 {
						q.drop()
					}
					q.result(text("done"))
				},
			})
			_, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, test.opts)
			calls := s.all("tools/call")
			if !errors.Is(err, test.err) || len(calls) != test.calls {
				t.Fatalf("%d calls, %v", len(calls), err)
			}
			key := calls[0].meta("dev.longhaul/idempotency-key")
			if key == nil || key == "" || key != calls[len(calls)-1].meta("dev.longhaul/idempotency-key") {
				t.Errorf("keys differ: %v", key)
			}
		})
	}
}

func TestACallThatWasSentAwayIsSentAgain(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		if q.N == 0 {
			q.fail(http.StatusServiceUnavailable, 1503, "starting", object{"retryAfterMs": 1})
			return
		}
		q.result(text("done"))
	}})
	if r, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{}); err != nil || r.Text() != "done" {
		t.Error(r, err)
	}
}

func TestAServerThatTakesNoKeysGetsNone(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		if q.meta("dev.longhaul/idempotency-key") != nil {
			q.fail(http.StatusBadRequest, -32602, "dev.longhaul/idempotency-key needs a caller who can be told from others", nil)
			return
		}
		q.result(text("done"))
	}})
	c := s.dial(client.Options{})
	for range 2 {
		if r, err := c.Call(t.Context(), "t", nil, client.CallOptions{}); err != nil || r.Text() != "done" {
			t.Fatal(r, err)
		}
	}
	if n := len(s.all("tools/call")); n != 3 {
		t.Errorf("%d calls, want one with a key and two without", n)
	}
	if _, err := c.Call(t.Context(), "t", nil, client.CallOptions{Key: "mine"}); err == nil {
		t.Error("the caller's own key was left out without a word")
	}
}

// An error that names a task may have made it: it is looked up.
func TestATaskThatAnErrorNamesIsFound(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tools/call": func(q *query) {
			q.fail(http.StatusServiceUnavailable, 1503, "the store does not answer", object{"taskId": "one", "retryAfterMs": 1})
		},
		"tasks/get": func(q *query) { q.result(completed(1, "done")) },
	})
	r, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || r.TaskID != "one" || len(s.all("tools/call")) != 1 {
		t.Errorf("%+v, %v, %d calls", r, err, len(s.all("tools/call")))
	}
}

func TestHeldCallsTellTheirProgress(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		q.notify("notifications/progress", object{"progressToken": "another", "progress": 9})
		q.notify("notifications/progress", object{"progressToken": q.meta("progressToken"), "progress": 1, "total": 4, "message": "reading"})
		q.finish(text("done"))
	}})
	var told []client.Task
	c := s.dial(client.Options{Changed: func(t client.Task) { told = append(told, t) }})
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || len(told) != 1 || told[0].Progress.Done != 1 || told[0].Progress.Total != 4 || told[0].Message != "reading" {
		t.Errorf("%+v, %v, told %+v", r, err, told)
	}
}

func TestArgumentsAreRepeatedInHeaders(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){
		"tools/list": func(q *query) { // the tool changes after it was listed first
			header := []string{"Old", "Region"}[min(q.N, 1)]
			q.result(object{"tools": []object{
				{"name": "t", "inputSchema": object{"properties": object{"region": object{"type": "string", "x-mcp-header": header}}}},
				{"name": "broken", "inputSchema": object{"properties": object{"x": object{"type": "object", "x-mcp-header": "X"}}}},
			}})
		},
		"tools/call": func(q *query) {
			if q.r.Header.Get("Mcp-Param-Region") != "=?base64?R3LDvMOfZQ==?=" {
				q.fail(http.StatusBadRequest, -32020, "header mismatch", nil)
				return
			}
			q.result(text("done"))
		},
	})
	c := s.dial(client.Options{})
	if r, err := c.Call(t.Context(), "t", object{"region": "Grüße"}, client.CallOptions{}); err != nil || r.Text() != "done" {
		t.Error(r, err)
	}
	if list, err := c.Tools(t.Context()); err != nil || len(list) != 1 {
		t.Error("a tool with a forbidden annotation is listed", list, err)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 100_000)
	for name, answer := range map[string]func(*query){
		"body":  func(q *query) { q.result(text(large)) },
		"event": func(q *query) { q.finish(text(large)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]func(*query){"tools/call": answer})
			_, err := s.dial(client.Options{MaxBody: 50_000}).Call(t.Context(), "t", nil, client.CallOptions{})
			if err == nil || !strings.Contains(err.Error(), "MaxBody") || len(s.all("tools/call")) != 1 {
				t.Errorf("%d calls, %v", len(s.all("tools/call")), err)
			}
			if _, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPageIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) {
		q.w.WriteHeader(http.StatusForbidden)
		_, _ = q.w.Write([]byte("<h1>log in</h1>"))
	}})
	_, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.HTTP != http.StatusForbidden || !strings.Contains(e.Message, "log in") {
		t.Errorf("%v", err)
	}
}

func TestRequestsCarryTheToken(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	token := "first"
	s := newScript(t, map[string]func(*query){"tools/call": func(q *query) { q.result(text(q.r.Header.Get("Authorization"))) }})
	c := s.dial(client.Options{Token: func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		return token, nil
	}})
	mu.Lock()
	token = "second"
	mu.Unlock()
	if r, err := c.Call(t.Context(), "t", nil, client.CallOptions{}); err != nil || r.Text() != "Bearer second" {
		t.Error(r, err)
	}
}

func TestAServerThatIsNotThereIsToldAtOnce(t *testing.T) {
	t.Parallel()
	began := time.Now()
	_, err := client.Dial(t.Context(), "http://127.0.0.1:1/mcp", client.Options{})
	if !errors.Is(err, client.ErrUnreachable) || time.Since(began) > 30*time.Second {
		t.Error(err, time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Dial(ctx, "http://127.0.0.1:1/mcp", client.Options{}); !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrUnreachable) {
		t.Error(err)
	}
}
