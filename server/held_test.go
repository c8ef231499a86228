package server_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (f *front) ready() (int, obj) {
	f.t.Helper()
	w := httptest.NewRecorder()
	f.Ready(w, httptest.NewRequest("GET", "/ready?verbose", nil))
	var v obj
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		f.t.Fatal(err)
	}
	return w.Code, v
}

func token(v any) func(*draft) { return withMeta("progressToken", v) }

func TestAHeldCallAnswersAsThePlainToolWould(t *testing.T) {
	t.Parallel()
	f := start(t)
	legacyCall := legacy("tools/call", obj{"name": "any"})
	tests := map[string]struct {
		draft      *draft
		resultType any
	}{
		"no extension": {modern("tools/call", obj{"name": "any"}, plainClient), "complete"},
		"forbidden":    {modern("tools/call", obj{"name": "held"}), "complete"},
		"2025-11-25":   {legacyCall, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f.play(func(c claimed) { c.finish("plain") })
			m, r := f.ask(test.draft)
			if m.Result["resultType"] != test.resultType || text(m.Result) != "plain" || r.streamed() || m.Result["taskId"] != nil {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func TestAHeldCallThatFails(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.play(func(c claimed) {
		c.end(tasks.Break, store.Outcome{Error: tasks.NewError(tasks.ReasonTimeout, "took too long")})
	})
	m, _ := f.ask(modern("tools/call", obj{"name": "held"}))
	if m.code() != -32603 || m.Error.Message != "took too long" || m.Error.Data["reason"] != "timeout" {
		t.Errorf("got %+v", m.Error)
	}
	f.play(func(c claimed) {
		c.check(f.store.Cancel(f.ctx, c.Task))
	})
	if m, _ = f.ask(modern("tools/call", obj{"name": "held"})); m.code() != wire.CodeCancelled {
		t.Errorf("cancelled: got %+v", m)
	}
}

func TestProgressOfAHeldCallRisesStrictly(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, d := range map[string]*draft{
		"2026-07-28": modern("tools/call", obj{"name": "any"}, plainClient, token("p")),
		"2025-11-25": legacy("tools/call", obj{"name": "any", "_meta": obj{"progressToken": "p"}}),
	} {
		t.Run(name, func(t *testing.T) {
			r := f.send(t.Context(), d)
			defer r.body.Close()
			if r.header.Get("X-Accel-Buffering") != "no" || !r.streamed() {
				t.Errorf("got %v", r.header)
			}
			last := -1.0
			rising := func(words string) {
				t.Helper()
				for {
					m := r.next()
					if m.Method != "notifications/progress" || m.Params["progressToken"] != "p" {
						t.Fatalf("got %+v", m)
					}
					if p := m.Params["progress"].(float64); p <= last {
						t.Fatalf("%v after %v", p, last)
					} else {
						last = p
					}
					if m.Params["message"] == words {
						return
					}
				}
			}
			rising("queued")
			c := f.claim()
			for _, step := range []struct {
				done  float64
				words string
			}{{50, "half"}, {50, "still half"}, {10, "started again"}, {60, "further"}} {
				c.progress(step.done, 100, step.words)
				rising(step.words)
			}
			if last != 60 {
				t.Errorf("progress ended at %v", last)
			}
			c.finish("done")
			for {
				if m := r.next(); m.Method == "" {
					if text(m.Result) != "done" {
						t.Errorf("got %+v", m)
					}
					return
				}
			}
		})
	}
}

func TestASilentHeldCallPings(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Ping = 10 * time.Millisecond })
	r := f.send(t.Context(), modern("tools/call", obj{"name": "held"}))
	defer r.body.Close()
	f.play(func(c claimed) {
		c.finish("done")
	})
	if m := r.next(); text(m.Result) != "done" || r.pings == 0 {
		t.Errorf("got %+v after %d pings", m, r.pings)
	}
}

func TestLogMessagesComeAtTheRequestedLevel(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.play(func(c claimed) {
		c.log("info", "not this")
		c.log("error", "this")
		c.finish("done")
	})
	r := f.send(t.Context(), modern("tools/call", obj{"name": "held"}, withMeta(wire.MetaLogLevel, "warning")))
	defer r.body.Close()
	m := r.next()
	if m.Method != "notifications/message" || m.Params["level"] != "error" || m.Params["data"] != "this" {
		t.Errorf("got %+v", m)
	}
	if m = r.next(); text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
	f.play(func(c claimed) {
		c.log("emergency", "nobody asked")
		c.finish("done")
	})
	if m, r := f.ask(modern("tools/call", obj{"name": "held"})); m.Error != nil || r.streamed() {
		t.Errorf("without a level: %+v", m)
	}
}

// leave opens a held call and closes its stream once a worker has the task.
func (f *front) leave(d *draft) claimed {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	go func() {
		if r, err := f.try(ctx, d); err == nil {
			r.body.Close()
		}
	}()
	c := f.claim()
	cancel()
	return c
}

func TestLeavingAHeldCall(t *testing.T) {
	t.Parallel()
	f := start(t)
	status := func(c claimed) tasks.Status {
		task, err := f.store.Get(t.Context(), c.Task)
		if err != nil {
			t.Fatal(err)
		}
		return task.Status
	}
	t.Run("cancels on 2026-07-28", func(t *testing.T) {
		c := f.leave(modern("tools/call", obj{"name": "held"}))
		eventually(t, "cancelled", func() bool { return status(c) == tasks.Cancelled })
	})
	t.Run("cancels on 2026-07-28 when the stream is open", func(t *testing.T) {
		c := f.leave(modern("tools/call", obj{"name": "held"}, token(1)))
		eventually(t, "cancelled", func() bool { return status(c) == tasks.Cancelled })
	})
	stays := map[string]*draft{
		"does nothing on 2025-11-25":           legacy("tools/call", obj{"name": "held"}),
		"does nothing with an idempotency key": modern("tools/call", obj{"name": "held"}, withMeta(wire.MetaKey, "k")),
		"does nothing to a detached task":      modern("tools/call", obj{"name": "detached"}, plainClient),
	}
	for name, d := range stays {
		t.Run(name, func(t *testing.T) {
			c := f.leave(d)
			f.http.CloseClientConnections()
			f.idle()
			if got := status(c); got != tasks.Working {
				t.Errorf("got %s", got)
			}
			c.finish("done")
		})
	}
	t.Run("does nothing if a repeat has attached", func(t *testing.T) {
		call := modern("tools/call", obj{"name": "twin"}, plainClient)
		waiting := func(c claimed) (calls []string) {
			for _, field := range f.rdb.HKeys(t.Context(), "lh:{"+strconv.Itoa(c.Task.Shard())+"}:t:"+string(c.Task)).Val() {
				if strings.HasPrefix(field, "h:") {
					calls = append(calls, field)
				}
			}
			return calls
		}
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		go func() { _, _ = f.try(ctx, call) }()
		c := f.claim()
		first := waiting(c)
		leave()
		answer := make(chan message, 1)
		go func() { m, _, _ := f.answer(call); answer <- m }()
		eventually(t, "only the repeat waits", func() bool {
			calls := waiting(c)
			return len(calls) == 1 && calls[0] != first[0]
		})
		c.finish("shared")
		if m := <-answer; text(m.Result) != "shared" {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("does nothing while draining", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _, _ = f.try(ctx, modern("tools/call", obj{"name": "held"})) }()
		c := f.claim()
		f.Drain()
		cancel()
		f.idle()
		if got := status(c); got != tasks.Working {
			t.Errorf("got %s", got)
		}
	})
}

func TestHeldCallsAreToldToComeBackAtADeploy(t *testing.T) {
	t.Parallel()
	f := start(t)
	other := replica(t, f.rdb, f.store)
	drafts := []*draft{
		modern("tools/call", obj{"name": "held"}),
		modern("tools/call", obj{"name": "held"}, plainClient, withMeta(wire.MetaKey, "k")),
		modern("tools/call", obj{"name": "held"}, plainClient, token(1)), // its stream is open
		legacy("tools/call", obj{"name": "held"}),
		legacy("tools/call", obj{"name": "held", "_meta": obj{"progressToken": 1}}),
	}
	type answer struct {
		message
		*response
	}
	answers := make([]chan answer, len(drafts))
	played := make([]claimed, len(drafts))
	for i, d := range drafts {
		answers[i] = make(chan answer, 1)
		go func() {
			m, r, err := f.answer(d)
			if err != nil {
				t.Error(err)
			}
			answers[i] <- answer{m, r}
		}()
		played[i] = f.claim()
	}
	began := time.Now()
	f.Drain()
	for i, d := range drafts {
		a := <-answers[i]
		if a.code() != wire.CodeUnavailable || a.errorData()["taskId"] != string(played[i].Task) || a.errorData()["retryAfterMs"] != 2000.0 {
			t.Errorf("%v: got %+v", d.body, a.Error)
		}
		if a.response != nil && !a.streamed() && (a.status != 503 || a.header.Get("Retry-After") != "2") {
			t.Errorf("%v: got %d %v", d.body, a.status, a.header)
		}
		if task, err := f.store.Get(t.Context(), played[i].Task); err != nil || task.Status != tasks.Working {
			t.Errorf("%v: the task is %+v, %v", d.body, task, err)
		}
	}
	if d := time.Since(began); d > patience/2 {
		t.Errorf("took %s", d)
	}
	for _, c := range played {
		c.finish("survived")
	}
	if m, _ := other.ask(drafts[1]); text(m.Result) != "survived" {
		t.Errorf("repeated elsewhere: got %+v", m)
	}
}

func TestADrainingFrontStartsNothingToWaitFor(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.Drain()
	for _, d := range []*draft{modern("tools/call", obj{"name": "held"}), legacy("tools/call", obj{"name": "any"})} {
		m, r := f.ask(d)
		if m.code() != wire.CodeUnavailable || r.status != 503 || r.header.Get("Retry-After") != "2" || m.errorData()["taskId"] != nil {
			t.Errorf("got %d %+v", r.status, m)
		}
	}
	if len(f.deliveries) != 0 {
		t.Error("a task was created")
	}
	if m, _ := f.ask(modern("tools/call", obj{"name": "quick"})); m.Result["resultType"] != "task" { // it lingers no more
		t.Errorf("got %+v", m)
	}
}

// idle waits until the server has no request left.
func (f *front) idle() {
	f.t.Helper()
	eventually(f.t, "all requests served", func() bool { return f.serving.Load() == 0 })
}

// What a tool said last is told, also when its end comes with it.
func TestTheLastProgressIsToldBeforeTheResult(t *testing.T) {
	t.Parallel()
	f := start(t)
	for range 5 {
		f.play(func(c claimed) {
			c.progress(1, 2, "half")
			c.progress(2, 2, "all")
			c.finish("done")
		})
		r := f.send(f.soon(), modern("tools/call", obj{"name": "held", "arguments": obj{}}, token("p")))
		far, m := any(nil), r.next()
		for ; m.Method == "notifications/progress"; m = r.next() {
			far = m.Params["progress"]
		}
		r.body.Close()
		if text(m.Result) != "done" || far != 2.0 {
			t.Fatalf("%v, then %+v", far, m)
		}
	}
}
