package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestASessionIsServedByAnyReplica(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	for _, version := range []string{"2025-03-26", "2025-06-18", "2025-11-25"} {
		t.Run(version, func(t *testing.T) {
			x := a.initialize(version, obj{})
			if r := b.send(b.soon(), x.notice("notifications/initialized", nil)); r.status != http.StatusAccepted {
				t.Errorf("initialized: got %d", r.status)
			}
			if m, _ := b.ask(x.request("ping", nil)); m.Error != nil {
				t.Errorf("ping: %+v", m.Error)
			}
			d := x.request("tools/list", nil)
			d.header.Del(wire.HeaderVersion) // the session knows
			if m, r := b.ask(d); m.Result["tools"] == nil || r.status != 200 {
				t.Errorf("tools/list: %d %+v", r.status, m)
			}
			b.play(func(c claimed) { c.finish("plain") })
			if m, _ := b.ask(x.request("tools/call", obj{"name": "any"})); text(m.Result) != "plain" {
				t.Errorf("tools/call: %+v", m)
			}
		})
	}
}

func TestASessionThatIsNotTheCallersIsNotFound(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	stranger := replica(t, a.rdb, a.store, func(o *server.Options) { o.Anonymous = server.Nobody })
	live, ended := a.initialize("2025-11-25", obj{}), a.initialize("2025-11-25", obj{})
	if r := b.do(http.MethodDelete, ended.header()); r.status != http.StatusNoContent {
		t.Fatalf("DELETE: got %d", r.status)
	}
	for name, c := range map[string]struct {
		front   *front
		session *session
	}{
		"unknown": {a, &session{id: "unknown", version: "2025-11-25"}},
		"foreign": {stranger, live},
		"ended":   {a, ended},
		"endless": {a, &session{id: strings.Repeat("x", 1000), version: "2025-11-25"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, d := range []*draft{c.session.request("tools/list", nil), c.session.request("x", nil), c.session.notice("notifications/initialized", nil)} {
				m, r := c.front.ask(d)
				if r.status != http.StatusNotFound || m.code() != wire.CodeNoSession || m.Error.Message != "Session expired: initialize again" {
					t.Errorf("%v: got %d %+v", d.body["method"], r.status, m)
				}
			}
			for _, method := range []string{http.MethodDelete, http.MethodGet} {
				if r := c.front.do(method, c.session.header()); r.status != http.StatusNotFound {
					t.Errorf("%s: got %d", method, r.status)
				}
			}
		})
	}
	if m, _ := b.ask(live.request("tools/list", nil)); m.Error != nil {
		t.Errorf("the live one: %+v", m.Error)
	}
}

func TestASessionSaysWhichRevisionIsSpoken(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-06-18", obj{})
	d := x.request("tools/list", nil)
	d.header.Set(wire.HeaderVersion, "2025-11-25")
	if m, r := f.ask(d); r.status != http.StatusBadRequest || m.code() != wire.CodeInvalidRequest {
		t.Errorf("another revision: got %d %+v", r.status, m)
	}
	again := hello("2025-11-25", obj{})
	again.header.Set(wire.HeaderSession, x.id)
	if m, r := f.ask(again); m.Result["protocolVersion"] != "2025-11-25" || r.header.Get(wire.HeaderSession) == x.id {
		t.Errorf("initialize again: got %+v %v", m, r.header)
	}
	if m, _ := f.ask(modern("tools/list", nil, func(d *draft) { d.header.Set(wire.HeaderSession, "unknown") })); m.Error != nil {
		t.Errorf("2026-07-28 has no sessions: got %+v", m.Error)
	}
}

func TestWhatNeedsASession(t *testing.T) {
	t.Parallel()
	f := start(t)
	if m, r := f.ask(legacy("logging/setLevel", obj{"level": "info"})); r.status != http.StatusBadRequest || m.code() != wire.CodeInvalidRequest {
		t.Errorf("logging/setLevel: got %d %+v", r.status, m)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if r := f.do(method, http.Header{}); r.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d", method, r.status)
		}
	}
	x := f.initialize("2025-11-25", obj{})
	if m, _ := f.ask(x.request("logging/setLevel", obj{"level": "loud"})); m.code() != wire.CodeInvalidParams {
		t.Errorf("no such level: got %+v", m)
	}
}

func TestASessionKeepsItsLogLevel(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	call := func() message {
		t.Helper()
		b.play(func(c claimed) {
			c.log("debug", "detail")
			c.log("info", "news")
			c.log("error", "trouble")
			c.finish("done")
		})
		r := b.send(b.soon(), x.request("tools/call", obj{"name": "any"}))
		defer r.body.Close()
		return r.next()
	}
	if m := call(); m.Params["data"] != "news" {
		t.Errorf("before it is set: got %+v", m)
	}
	if m, _ := a.ask(x.request("logging/setLevel", obj{"level": "error"})); m.Error != nil {
		t.Fatalf("got %+v", m.Error)
	}
	if m := call(); m.Params["data"] != "trouble" {
		t.Errorf("got %+v", m)
	}
}

func TestACancelledRequestEndsThroughAnyReplica(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	for name, d := range map[string]*draft{
		"silent":    x.request("tools/call", obj{"name": "any"}),
		"streaming": x.request("tools/call", obj{"name": "any", "_meta": obj{"progressToken": 1}}),
		"left":      x.request("tools/call", obj{"name": "any"}),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, leave := context.WithCancel(a.soon())
			defer leave()
			rest := make(chan message, 1)
			go func() {
				defer close(rest)
				r, err := a.try(ctx, d)
				if err != nil {
					return
				}
				defer r.body.Close()
				for err == nil {
					var m message
					if m, err = r.read(); err == nil && m.Method == "" {
						rest <- m
						return
					}
				}
				if !errors.Is(err, io.EOF) && name != "left" {
					t.Errorf("the stream ended by %v", err)
				}
			}()
			c := a.claim()
			a.awaitNoted(x, d)
			if name == "left" {
				leave()
			}
			if r := b.send(b.soon(), x.notice("notifications/cancelled", obj{"requestId": d.body["id"]})); r.status != http.StatusAccepted {
				t.Errorf("got %d", r.status)
			}
			if m, answered := <-rest; answered {
				t.Errorf("answered by %+v", m)
			}
			if task, err := a.store.Get(t.Context(), c.Task); err != nil || task.Status != tasks.Cancelled {
				t.Errorf("got %+v, %v", task, err)
			}
		})
	}
}

func TestACancellationThatIsAboutNothingIsIgnored(t *testing.T) {
	t.Parallel()
	f := start(t)
	x, other := f.initialize("2025-11-25", obj{}), f.initialize("2025-11-25", obj{})
	d := x.request("tools/call", obj{"name": "any"})
	answer := f.asking(d)
	c := f.claim()
	f.awaitNoted(x, d)
	for name, notice := range map[string]*draft{
		"unknown":           x.notice("notifications/cancelled", obj{"requestId": 99}),
		"of another type":   x.notice("notifications/cancelled", obj{"requestId": "1"}),
		"malformed":         x.notice("notifications/cancelled", obj{"requestId": obj{}}),
		"without params":    x.notice("notifications/cancelled", nil),
		"another session's": other.notice("notifications/cancelled", obj{"requestId": d.body["id"]}),
	} {
		if r := f.send(f.soon(), notice); r.status != http.StatusAccepted {
			t.Errorf("%s: got %d", name, r.status)
		}
	}
	c.finish("done")
	if m := <-answer; text(m.Result) != "done" {
		t.Errorf("got %+v", m)
	}
}

func TestTheEndOfASessionEndsItsStreams(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	x := a.initialize("2025-11-25", obj{})
	ended := make(chan error, 1)
	go func() {
		r, err := a.try(a.soon(), x.request("tools/call", obj{"name": "any"}))
		if err == nil {
			defer r.body.Close()
			_, err = r.read()
		}
		ended <- err
	}()
	c := a.claim()
	if r := b.do(http.MethodDelete, x.header()); r.status != http.StatusNoContent {
		t.Fatalf("got %d", r.status)
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end of the stream", err)
	}
	if task, err := a.store.Get(t.Context(), c.Task); err != nil || task.Status != tasks.Working {
		t.Errorf("its task: %+v, %v", task, err)
	}
}
