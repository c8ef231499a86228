package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestATaskLivesOnTheTaskFace(t *testing.T) {
	t.Parallel()
	f := start(t)
	m, r := f.ask(modern("tools/call", obj{"name": "crawl", "arguments": obj{"url": "/"}, "task": obj{"ttl": 1}}))
	if m.Result["resultType"] != "task" || m.Result["status"] != "working" || m.Result["ttlMs"] != nil || r.streamed() {
		t.Fatalf("created: %+v", m)
	}
	if _, ok := m.Result["ttlMs"]; !ok {
		t.Error("ttlMs is left out")
	}
	for _, member := range []string{"result", "error", "inputRequests", "requestState", "task"} {
		if _, ok := m.Result[member]; ok {
			t.Errorf("a CreateTaskResult has %s", member)
		}
	}
	id := m.Result["taskId"].(string)
	c := f.claim()
	c.progress(420, 1000, "crawling /docs")
	got := f.get(id)
	want := obj{"progress": 420.0, "total": 1000.0, "message": "crawling /docs"}
	if diff := cmp.Diff(want, got["_meta"].(obj)[wire.MetaProgress]); diff != "" {
		t.Error(diff)
	}
	if got["resultType"] != "complete" || got["statusMessage"] != "42% · 420 of 1000 · crawling /docs" {
		t.Errorf("working: %+v", got)
	}
	c.finish("done")
	got = f.get(id)
	result, _ := got["result"].(obj)
	if got["status"] != "completed" || result["resultType"] != "complete" || text(result) != "done" {
		t.Errorf("completed: %+v", got)
	}
	if ttl, _ := got["ttlMs"].(float64); ttl < float64(24*time.Hour/time.Millisecond) {
		t.Errorf("ttlMs = %v", got["ttlMs"])
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", got["createdAt"].(string)); err != nil {
		t.Error(err)
	}
	if poll, _ := got["pollIntervalMs"].(float64); poll < 1 {
		t.Errorf("pollIntervalMs = %v", got["pollIntervalMs"])
	}
}

func text(result obj) string {
	content, _ := result["content"].([]any)
	if len(content) == 0 {
		return ""
	}
	s, _ := content[0].(obj)["text"].(string)
	return s
}

func TestAFailedTaskCarriesItsError(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	f.claim().end(tasks.Break, store.Outcome{Error: tasks.NewError(tasks.ReasonPanic, "it broke")})
	got := f.get(id)
	e, _ := got["error"].(obj)
	if got["status"] != "failed" || got["statusMessage"] != "it broke" || e["code"] != -32603.0 {
		t.Errorf("got %+v", got)
	}
}

func TestBrokenArgumentsAreForTheModel(t *testing.T) {
	t.Parallel()
	f := start(t)
	m, r := f.ask(modern("tools/call", obj{"name": "crawl", "arguments": obj{"url": 1}}))
	if m.Result["isError"] != true || m.Result["resultType"] != "complete" || !strings.Contains(text(m.Result), "/properties/url") || r.status != 200 {
		t.Errorf("got %+v", m)
	}
	missing, _ := f.ask(modern("tools/call", obj{"name": "crawl"}))
	for _, said := range []string{text(m.Result), text(missing.Result)} {
		if said == "" || strings.Contains(said, "validating") {
			t.Errorf("got %q", said)
		}
	}
	if len(f.deliveries) != 0 {
		t.Error("a task was created")
	}
}

func TestARetriedTaskTellsItsAttempts(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	c := f.claim()
	attempts := func() any { meta, _ := f.get(id)["_meta"].(obj); return meta[wire.MetaAttempts] }
	if got := attempts(); got != nil {
		t.Errorf("first attempt: got %v", got)
	}
	in := store.Release{Phase: tasks.Delayed, Delay: time.Hour, Failed: true, Err: errors.New("no luck")}
	if _, err := f.store.Release(t.Context(), c.Lease, in); err != nil {
		t.Fatal(err)
	}
	got, _ := attempts().(obj)
	next, err := time.Parse(time.RFC3339, fmt.Sprint(got["nextAt"]))
	if wait := time.Until(next); err != nil || wait < 50*time.Minute || wait > 70*time.Minute {
		t.Errorf("next attempt at %v, want in an hour", got["nextAt"])
	}
	if got["attempt"] != 2.0 || got["failures"] != 1.0 || got["lastError"] != "no luck" || got["limit"].(float64) < 1 {
		t.Errorf("second attempt: got %v", got)
	}
}

func TestCancelAndUpdateOnlyAcknowledge(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	for range 2 { // also when it has ended
		for method, params := range map[string]obj{
			"tasks/update": {"taskId": id, "inputResponses": obj{"nobody asked": obj{"x": 1}}},
			"tasks/cancel": {"taskId": id},
		} {
			m, _ := f.ask(modern(method, params))
			delete(m.Result, "_meta")
			if diff := cmp.Diff(obj{"resultType": "complete"}, m.Result); diff != "" {
				t.Error(method, diff)
			}
		}
	}
	f.awaitStatus(id, tasks.Cancelled)
}

func TestAPartialAnswerLeavesTheRestOpen(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.task()
	c := f.claim()
	c.ask("one")
	c.ask("two")
	if got := f.get(id); got["status"] != "input_required" || len(got["inputRequests"].(obj)) != 2 {
		t.Fatalf("got %+v", got)
	}
	answer := func(key string) {
		m, _ := f.ask(modern("tasks/update", obj{"taskId": id, "inputResponses": obj{key: obj{"action": "accept"}}}))
		if m.Error != nil {
			t.Fatal(m.Error)
		}
	}
	answer("one")
	got := f.get(id)
	if open := got["inputRequests"].(obj); got["status"] != "input_required" || len(open) != 1 || open["two"] == nil {
		t.Errorf("got %+v", got)
	}
	answer("two")
	f.awaitStatus(id, tasks.Working)
}

func TestForeignUnknownAndMalformedIDsAreAlike(t *testing.T) {
	t.Parallel()
	mine := start(t)
	stranger := replica(t, mine.rdb, mine.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	id := mine.task()
	var first *message
	for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
		for _, id := range []string{id, unknownID, strings.Replace(unknownID, "-1", "-4095", 1), "nonsense", strings.Repeat("x", 5000)} {
			m, r := stranger.ask(modern(method, obj{"taskId": id, "inputResponses": obj{}}))
			if r.status != 400 || m.code() != wire.CodeInvalidParams {
				t.Fatalf("%s %.50s: got %d %+v", method, id, r.status, m)
			}
			if first == nil {
				first = &m
			}
			if diff := cmp.Diff(first.Error, m.Error); diff != "" {
				t.Errorf("%s %.50s: %s", method, id, diff)
			}
		}
	}
	if mine.get(id)["status"] != "working" {
		t.Error("a stranger cancelled the task")
	}
}

func TestAnIdempotencyKeyStandsForOneTask(t *testing.T) {
	t.Parallel()
	f := start(t)
	call := func(args obj, key string) *draft {
		return modern("tools/call", obj{"name": "any", "arguments": args}, withMeta(wire.MetaKey, key))
	}
	a, _ := f.ask(call(obj{"x": 1, "y": 2}, "k"))
	b := &draft{header: call(nil, "k").header, text: strings.Replace(mustJSON(call(obj{}, "k").body), `"arguments":{}`, `"arguments":{"y": 2, "x":1}`, 1)}
	again, _ := f.ask(b)
	if a.Result["taskId"] != again.Result["taskId"] || a.Error != nil {
		t.Errorf("got %+v and %+v", a, again)
	}
	if len(f.deliveries) != 1 {
		t.Errorf("%d deliveries", len(f.deliveries))
	}
	if m, r := f.ask(call(obj{"x": 2}, "k")); m.code() != wire.CodeInvalidParams || r.status != 400 {
		t.Errorf("other arguments: got %+v", m)
	}
	if m, _ := f.ask(call(obj{}, strings.Repeat("k", 257))); m.code() != wire.CodeInvalidParams {
		t.Errorf("long key: got %+v", m)
	}
	stranger := replica(t, f.rdb, f.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	if m, _ := stranger.ask(call(obj{}, "k")); m.code() != wire.CodeInvalidParams || !strings.Contains(m.Error.Message, "who you are") {
		t.Errorf("nobody's key: got %+v", m)
	}
}

func TestAQuickToolAnswersInline(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.play(func(c claimed) { c.finish("quick") })
	m, _ := f.ask(modern("tools/call", obj{"name": "quick"}))
	if m.Result["resultType"] != "complete" || text(m.Result) != "quick" {
		t.Errorf("got %+v", m)
	}
}

func TestParameterHeadersMatchTheArguments(t *testing.T) {
	t.Parallel()
	f := start(t)
	args := obj{"region": "eu", "n": 42}
	tests := map[string]struct {
		args      obj
		region, n string
		code      int
	}{
		"both":            {args, "eu", "42", 0},
		"as number":       {args, "eu", "42.0", 0},
		"base64":          {args, "=?base64?ZXU=?=", "42", 0},
		"missing":         {args, "", "42", wire.CodeHeaderMismatch},
		"different":       {args, "us", "42", wire.CodeHeaderMismatch},
		"other number":    {args, "eu", "43", wire.CodeHeaderMismatch},
		"bad base64":      {args, "=?base64?ZXU?=", "42", wire.CodeHeaderMismatch},
		"no argument":     {obj{"n": 42}, "eu", "42", wire.CodeHeaderMismatch},
		"null argument":   {obj{"n": 42, "region": nil}, "", "42", 0},
		"neither of them": {obj{}, "", "", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, r := f.ask(modern("tools/call", obj{"name": "regional", "arguments": test.args}, func(d *draft) {
				for h, v := range map[string]string{"Mcp-Param-Region": test.region, "mcp-param-N": test.n} {
					if v != "" {
						d.header.Set(h, v)
					}
				}
			}))
			if m.code() != test.code || test.code != 0 && r.status != 400 {
				t.Errorf("got %d %+v", r.status, m)
			}
		})
	}
}

func TestAThousandCallsAtOnceAreAThousandTasks(t *testing.T) {
	t.Parallel()
	f := start(t)
	const calls = 1000
	ids := make(chan string, calls)
	var running sync.WaitGroup
	var repeats atomic.Int64
	for i := range calls {
		running.Go(func() {
			body := mustJSON(modern("tools/call", obj{"name": "any"}, withMeta(wire.MetaKey, fmt.Sprint(i))).body)
			for {
				m, status := f.direct(modern("tools/call", obj{"name": "any"}).header, body)
				if status != http.StatusServiceUnavailable {
					ids <- fmt.Sprint(m.Result["taskId"])
					return
				}
				repeats.Add(1) // a slow machine: the key makes it safe
			}
		})
	}
	running.Wait()
	close(ids)
	seen := make(map[string]bool)
	for id := range ids {
		if _, err := tasks.ParseID(id); err != nil {
			t.Fatalf("got %q", id)
		}
		seen[id] = true
	}
	if n := len(f.deliveries); len(seen) != calls || n > calls || n+int(repeats.Load()) < calls {
		t.Errorf("%d tasks, %d deliveries, %d repeats", len(seen), n, repeats.Load())
	}
}

// direct serves a request without a connection.
func (f *front) direct(h http.Header, body string) (m message, status int) {
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
	r.Header = h
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		f.t.Error(err)
	}
	return m, w.Code
}

func (m message) errorData() obj {
	if m.Error == nil {
		return nil
	}
	return m.Error.Data
}

func TestToolsAreListedInOrderAndPaged(t *testing.T) {
	t.Parallel()
	f := start(t)
	many := make([]tasks.Tool, 250)
	for i := range many {
		many[i] = tasks.Tool{Name: fmt.Sprintf("many_%03d", i), Description: "One of many", InputSchema: raw(`{"type":"object"}`)}
	}
	if _, err := f.store.Announce(t.Context(), "", many); err != nil {
		t.Fatal(err)
	}
	var names []string
	read := func() bool {
		names = nil
		for cursor := ""; ; {
			params := obj{}
			if cursor != "" {
				params["cursor"] = cursor
			}
			m, _ := f.ask(modern("tools/list", params))
			if m.Result["ttlMs"] != 0.0 || m.Result["cacheScope"] != "private" || m.Result["resultType"] != "complete" {
				t.Fatalf("got %+v", m)
			}
			for _, tool := range m.Result["tools"].([]any) {
				names = append(names, tool.(obj)["name"].(string))
			}
			if cursor, _ = m.Result["nextCursor"].(string); cursor == "" {
				return len(names) == len(many)+len(catalogue)
			}
		}
	}
	eventually(t, "all tools listed", read)
	for i := 1; i < len(names); i++ {
		if names[i-1] >= names[i] {
			t.Fatalf("%q before %q", names[i-1], names[i])
		}
	}
	m, _ := f.ask(legacy("tools/list", obj{}))
	for _, member := range []string{"resultType", "ttlMs", "cacheScope", "_meta"} {
		if m.Result[member] != nil {
			t.Errorf("2025-11-25 has %s", member)
		}
	}
	first := m.Result["tools"].([]any)[0].(obj)
	if first["inputSchema"] == nil {
		t.Errorf("got %+v", first)
	}
}

func TestReadyTellsWhyNot(t *testing.T) {
	t.Parallel()
	f := start(t)
	if _, verbose := f.ready(); verbose["ready"] != true || verbose["catalogue"] != fmt.Sprintf("%d tools", len(catalogue)) {
		t.Errorf("got %v", verbose)
	}
	f.Drain()
	f.Drain()
	if code, verbose := f.ready(); code != 503 || verbose["draining"] != true {
		t.Errorf("draining: got %d %v", code, verbose)
	}
}

func TestReadyWithoutAStore(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.rdb.Close()
	began := time.Now()
	if code, verbose := f.ready(); code != 503 || verbose["store"] != "does not answer" || time.Since(began) > 5*time.Second {
		t.Errorf("got %d %v", code, verbose)
	}
}
