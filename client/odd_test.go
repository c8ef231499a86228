package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

func status(code int, header, value, body string) func(*query) {
	return func(q *query) {
		if header != "" {
			q.w.Header().Set(header, value)
		}
		q.w.WriteHeader(code)
		fmt.Fprint(q.w, body)
	}
}

func bytesOf(media, body string) func(*query) {
	return func(q *query) {
		q.w.Header().Set("Content-Type", media)
		fmt.Fprint(q.w, body)
	}
}

// Whatever a server answers a call with: a clear error in bounded time, and no second call where the first one may have started the tool.
func TestOddAnswersToACall(t *testing.T) {
	t.Parallel()
	const login = "<html><title>Log in</title></html>"
	tests := map[string]struct {
		answer func(*query)
		calls  int
		is     error
		says   string
	}{
		"page":                     {bytesOf("text/html", login), 1, nil, "HTTP 200 OK: <html>"},
		"unauthorized":             {status(401, "WWW-Authenticate", "Bearer", ""), 1, nil, "HTTP 401"},
		"forbidden":                {status(403, "", "", login), 1, nil, "HTTP 403 Forbidden: <html>"},
		"not there":                {status(404, "", "", "404 page not found"), 1, nil, "404 page not found"},
		"error":                    {status(500, "", "", "oops"), 1, client.ErrUnknown, "oops"},
		"bad gateway":              {status(502, "", "", login), 1, client.ErrUnknown, "HTTP 502"},
		"busy for ever":            {status(503, "", "", ""), 0, client.ErrUnreachable, "HTTP 503"},
		"come back in a day":       {status(429, "Retry-After", "86400", ""), 1, client.ErrUnreachable, "HTTP 429"},
		"redirect to another":      {status(307, "Location", "http://127.0.0.1:1/elsewhere", ""), 1, nil, "to http://127.0.0.1:1/elsewhere"},
		"redirect that is no POST": {status(302, "Location", "/login", ""), 1, nil, "HTTP 302 Found to /login"},
		"nothing":                  {status(200, "", "", ""), 1, nil, "HTTP 200"},
		"accepted":                 {status(202, "", "", ""), 1, nil, "HTTP 202"},
		"list":                     {bytesOf("application/json", "[]"), 1, nil, "HTTP 200 OK: []"},
		"text for an object":       {bytesOf("application/json", `{"jsonrpc":"2.0","id":1,"result":"yes"}`), 1, nil, "tools/call"},
		"number for an id":         {gives(object{"taskId": 7, "status": "working"}), 1, nil, "tools/call"},
		"task without a status":    {gives(object{"resultType": "task", "taskId": "one"}), 1, nil, "no task"},
		"questions that are none":  {gives(object{"resultType": "input_required", "inputRequests": []int{1}}), 1, nil, "tools/call"},
		"event cut off": {func(q *query) {
			q.w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(q.w, "id: 1\ndata: {\"jsonrpc\":\"2.0\",\"id\":")
			_ = http.NewResponseController(q.w).Flush()
			q.drop()
		}, 1, client.ErrUnknown, "stream broke"},
		"events end":          {bytesOf("text/event-stream", ": ping\n\n"), 1, client.ErrUnknown, "stream broke"},
		"event is no message": {bytesOf("text/event-stream", "data: hello\n\n"), 1, client.ErrUnknown, "no message"},
		"another's answer":    {bytesOf("text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n"), 1, client.ErrUnknown, "stream broke"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]func(*query){"tools/call": test.answer})
			began := time.Now()
			r, err := s.dial(client.Options{Patience: 700 * time.Millisecond}).Call(t.Context(), "t", nil, client.CallOptions{})
			if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) || len(err.Error()) > 500 {
				t.Errorf("%+v, %v", r, err)
			}
			if n := len(s.all("tools/call")); test.calls > 0 && n != test.calls || n > 8 {
				t.Errorf("%d calls", n)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestACallIsRepeatedWhenTheServerAsksForThat(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]func(*query){"tools/call": steps(status(429, "Retry-After", "1", ""), status(503, "", "", "<html>"), func(q *query) {
		q.w.Header().Set("Location", "/elsewhere")
		q.w.WriteHeader(http.StatusTemporaryRedirect)
	}, gives(text("done")))})
	began := time.Now()
	r, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || r.Text() != "done" || time.Since(began) < time.Second {
		t.Error(r, err, time.Since(began))
	}
}

// Tasks of a server that says little, uses words of its own, and lists questions that were answered already.
func TestOddTasksAreSeenThrough(t *testing.T) {
	t.Parallel()
	odd := func(status string, more object) object {
		o := object{"resultType": "complete", "taskId": "one", "status": status, "ttlMs": nil, "_meta": nil}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	s := newScript(t, map[string]func(*query){
		"tools/call": gives(object{"resultType": "task", "taskId": "one", "status": "submitted"}),
		"tasks/get": steps(gives(odd("queued", nil)), gives(odd("input_required", asks(0, "k"))), gives(odd("input_required", asks(0, "k"))),
			gives(odd("paused", object{"inputRequests": nil, "pollIntervalMs": -5, "createdAt": "yesterday"})), gives(asks(0, "k")),
			gives(odd("completed", object{"result": text(strings.Repeat("x", 1<<20))}))),
		"tasks/update":         steps(gives(nil)),
		"subscriptions/listen": status(405, "", "", "<html>"),
	})
	var asked atomic.Int32
	c := s.dial(client.Options{Answer: func(context.Context, client.Question) (client.Answer, error) {
		asked.Add(1)
		return client.Decline(), nil
	}})
	r, err := c.Call(t.Context(), "t", nil, client.CallOptions{})
	if err != nil || len(r.Text()) != 1<<20 || asked.Load() != 1 || len(s.all("tools/call")) != 1 {
		t.Error(err, asked.Load(), len(s.all("tools/call")))
	}
}

// What looks like a handle and is none is the tool's own answer.
func TestWhatOnlyLooksLikeAHandleIsTheAnswer(t *testing.T) {
	t.Parallel()
	const id = "5f0c5a0e-7a4b-4a2e-9b7a-0a1b2c3d4e5f-3"
	handle := func(change object) object {
		h := object{"taskId": id, "tool": "t", "status": "working", "next": object{"tool": "task_wait", "arguments": object{"taskId": id}}}
		for k, v := range change {
			h[k] = v
		}
		return h
	}
	schema := object{"type": "object", "properties": object{
		"taskId": object{}, "tool": object{}, "status": object{}, "message": object{}, "progress": object{}, "questions": object{}, "createdAt": object{},
		"lastUpdatedAt": object{}, "result": object{}, "error": object{}, "next": object{},
	}, "required": []string{"taskId", "tool", "status"}}
	ours := object{"name": "task_wait", "inputSchema": object{}, "outputSchema": schema}
	for name, test := range map[string]struct {
		structured object
		wait       object // the tool that is listed
		handle     bool
	}{
		"a handle":          {handle(nil), ours, true},
		"no tool to wait":   {handle(nil), object{"name": "other", "inputSchema": object{}}, false},
		"a tool of its own": {handle(nil), object{"name": "task_wait", "inputSchema": object{}, "outputSchema": object{"type": "object"}}, false},
		"id of its own":     {handle(object{"taskId": "7", "next": object{"tool": "task_wait", "arguments": object{"taskId": "7"}}}), ours, false},
		"another id next":   {handle(object{"next": object{"tool": "task_wait", "arguments": object{"taskId": "x"}}}), ours, false},
		"nothing next":      {handle(object{"next": nil}), ours, false},
		"something next":    {handle(object{"next": object{"tool": "pay", "arguments": object{"taskId": id}}}), ours, false},
		"another tool's":    {handle(object{"tool": "u"}), ours, false},
		"its own status":    {handle(object{"status": "shipped"}), ours, false},
		"over":              {handle(object{"status": "completed"}), ours, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLegacy(t, map[string]func(*query){
				"initialize": gives(object{"protocolVersion": "2025-06-18", "capabilities": object{}}),
				"tools/list": gives(object{"tools": []object{{"name": "t", "inputSchema": object{}}, test.wait}}),
				"tools/call": func(q *query) {
					if q.Params["name"] == "t" {
						r := text("see there")
						r["structuredContent"] = test.structured
						q.result(r)
						return
					}
					r := text("done")
					r["structuredContent"] = object{"taskId": id, "tool": "t", "status": "completed", "result": object{"n": 1}}
					q.result(r)
				},
			})
			r, err := s.dial(client.Options{}).Call(t.Context(), "t", nil, client.CallOptions{})
			if err != nil || (r.TaskID == id) != test.handle || (r.Text() == "done") != test.handle || (string(r.Structured) == `{"n":1}`) != test.handle {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
