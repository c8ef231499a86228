package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }

type object = map[string]any

// script is a server that does what a test tells it to, by method.
type script struct {
	t   *testing.T
	url string

	mu   sync.Mutex
	on   map[string]func(q *query)
	seen []*query
}

// query is a request that came, and the way to answer it.
type query struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params object          `json:"params"`
	Result json.RawMessage `json:"result"`
	N      int             `json:"-"` // how many of the method came before
	r      *http.Request
	w      http.ResponseWriter
	events int
}

func newScript(t *testing.T, on map[string]func(*query)) *script {
	s := &script{t: t, on: map[string]func(*query){
		"server/discover": func(q *query) {
			q.result(object{"supportedVersions": []string{"2026-07-28"}, "capabilities": object{}})
		},
		"tools/list": func(q *query) {
			q.result(object{"tools": []object{{"name": "t", "inputSchema": object{"type": "object"}}}})
		},
	}}
	for method, f := range on {
		s.on[method] = f
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &query{Method: r.Method, r: r, w: w}
	if r.Method == http.MethodPost {
		q.Method = ""
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, q); err != nil {
			s.t.Errorf("a request is not JSON: %s", body)
		}
		if q.Result != nil {
			q.Method = "answer"
		}
	}
	s.mu.Lock()
	for _, other := range s.seen {
		if other.Method == q.Method {
			q.N++
		}
	}
	s.seen = append(s.seen, q)
	do := s.on[q.Method]
	s.mu.Unlock()
	if do == nil {
		q.fail(http.StatusNotFound, -32601, "method not found", nil)
		return
	}
	do(q)
}

// all are the requests of a method so far.
func (s *script) all(method string) (found []*query) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.seen {
		if q.Method == method {
			found = append(found, q)
		}
	}
	return found
}

func (s *script) dial(opts client.Options) *client.Client {
	s.t.Helper()
	c, err := client.Dial(s.t.Context(), s.url, opts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

func (q *query) meta(member string) any {
	meta, _ := q.Params["_meta"].(object)
	return meta[member]
}

func (q *query) result(v any) {
	q.write(http.StatusOK, object{"jsonrpc": "2.0", "id": q.ID, "result": v})
}

func (q *query) fail(status, code int, message string, data any) {
	q.write(status, object{"jsonrpc": "2.0", "id": q.ID, "error": object{"code": code, "message": message, "data": data}})
}

func (q *query) write(status int, v any) {
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	_ = json.NewEncoder(q.w).Encode(v)
}

// event sends a message on the request's stream.
func (q *query) event(v any) {
	if q.events++; q.events == 1 {
		q.w.Header().Set("Content-Type", "text/event-stream")
	}
	b, _ := json.Marshal(v)
	fmt.Fprintf(q.w, "event: message\nid: e-%d\ndata: %s\n\n", q.events, b)
	_ = http.NewResponseController(q.w).Flush()
}

// plainEvent is event without an id: a stream that breaks cannot be resumed.
func (q *query) plainEvent(v any) {
	q.w.Header().Set("Content-Type", "text/event-stream")
	b, _ := json.Marshal(v)
	fmt.Fprintf(q.w, "data: %s\n\n", b)
	_ = http.NewResponseController(q.w).Flush()
}

// comment opens the request's stream without a message.
func (q *query) comment() {
	q.w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(q.w, ": ping\n\n")
	_ = http.NewResponseController(q.w).Flush()
}

func (q *query) notify(method string, params any) {
	q.event(object{"jsonrpc": "2.0", "method": method, "params": params})
}

func (q *query) finish(v any) { q.event(object{"jsonrpc": "2.0", "id": q.ID, "result": v}) }

// drop ends the connection without an answer.
func (q *query) drop() { panic(http.ErrAbortHandler) }

// gone waits until the client has left.
func (q *query) gone() { <-q.r.Context().Done() }

var began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// task is a task after that many changes.
func task(status string, changes int, more object) object {
	t := object{
		"resultType": "complete", "taskId": "one", "status": status, "statusMessage": fmt.Sprintf("change %d", changes), "ttlMs": nil,
		"createdAt": began.Format(time.RFC3339), "lastUpdatedAt": began.Add(time.Duration(changes) * time.Second).Format(time.RFC3339),
		"pollIntervalMs": 60,
	}
	for k, v := range more {
		t[k] = v
	}
	return t
}

func created(changes int) object { return task("working", changes, object{"resultType": "task"}) }

func text(s string) object {
	return object{"resultType": "complete", "content": []object{{"type": "text", "text": s}}}
}

func completed(changes int, s string) object {
	return task("completed", changes, object{"result": text(s)})
}

func asks(changes int, keys ...string) object {
	questions := object{}
	for _, key := range keys {
		questions[key] = object{"method": "elicitation/create", "params": object{"mode": "form", "message": "What?"}}
	}
	return task("input_required", changes, object{"inputRequests": questions})
}
