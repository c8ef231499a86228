package server_test

import (
	"net/http"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// session is a client's session that a test uses through any front.
type session struct {
	id, version string
	next        int
}

// initialize opens a session whose client can do what caps say.
func (f *front) initialize(version string, caps obj) *session {
	f.t.Helper()
	m, r := f.ask(hello(version, caps))
	x := &session{id: r.header.Get(wire.HeaderSession), version: version}
	if x.id == "" || m.Result["protocolVersion"] != version {
		f.t.Fatalf("no session: %+v %v", m, r.header)
	}
	return x
}

// request is a request within the session, with an id of its own.
func (x *session) request(method string, params obj) *draft {
	x.next++
	d := legacy(method, params)
	d.body["id"] = x.next
	return x.in(d)
}

func (x *session) in(d *draft) *draft {
	d.header.Set(wire.HeaderSession, x.id)
	d.header.Set(wire.HeaderVersion, x.version)
	return d
}

func (x *session) notice(method string, params obj) *draft {
	d := x.request(method, params)
	delete(d.body, "id")
	return d
}

// response is a client's answer to a server's request.
func (x *session) response(id any, members obj) *draft {
	d := x.in(legacy("", nil))
	d.body = obj{"jsonrpc": "2.0", "id": id}
	for k, v := range members {
		d.body[k] = v
	}
	return d
}

func (x *session) header() http.Header {
	return http.Header{wire.HeaderSession: {x.id}, wire.HeaderVersion: {x.version}, "Accept": {"text/event-stream"}}
}

// heldIn calls a tool in a session, with a progress token: the stream that comes back can be gone on with.
func (f *front) heldIn(x *session, tool string) (*draft, *response) {
	f.t.Helper()
	d := x.request("tools/call", obj{"name": tool, "_meta": obj{"progressToken": "p"}})
	r := f.send(f.soon(), d)
	f.t.Cleanup(func() { r.body.Close() })
	return d, r
}

// resume goes on with a stream.
func (f *front) resume(x *session, event string) *response {
	f.t.Helper()
	h := x.header()
	h.Set(wire.HeaderLastEvent, event)
	return f.do(http.MethodGet, h)
}

// attend opens the session's GET stream, and waits until it is the one.
func (f *front) attend(x *session) *response {
	f.t.Helper()
	before := f.attended(x)
	r := f.do(http.MethodGet, x.header())
	if r.status != http.StatusOK || !r.streamed() {
		f.t.Fatalf("GET: got %d %v", r.status, r.header)
	}
	if now := f.attended(x); now == before || now == "" {
		f.t.Fatalf("the stream is %q, as before", now)
	}
	return r
}

// attended is which GET stream is the session's.
func (f *front) attended(x *session) string {
	f.t.Helper()
	stream, _, err := f.store.Attended(f.t.Context(), x.id)
	if err != nil {
		f.t.Fatal(err)
	}
	return stream
}

// awaitResult waits until one of the session's streams serves tasks/result: that goes before an errand of the test.
func (f *front) awaitResult(x *session, id string) {
	f.t.Helper()
	errand, before := store.QuestionErrand(tasks.ID(id), "of the test"), store.ResultErrand(tasks.ID(id))
	eventually(f.t, "tasks/result is open", func() bool {
		first, err := f.store.Carry(f.t.Context(), x.id, "the test", errand, time.Millisecond, before)
		return err == nil && !first
	})
}

// awaitNoted waits until a request can be cancelled by its id.
func (f *front) awaitNoted(x *session, d *draft) {
	f.t.Helper()
	eventually(f.t, "the request is noted", func() bool {
		return f.rdb.HExists(f.t.Context(), "mcp-session-"+x.id, "r:"+mustJSON(d.body["id"])).Val()
	})
}

// taskIn creates a task in a session.
func (f *front) taskIn(x *session, params ...obj) string {
	f.t.Helper()
	return f.becomes(x.request("tools/call", augmented("any", params...)))
}

// accept answers a question of the server.
func (f *front) accept(x *session, question string) {
	f.t.Helper()
	f.send(f.soon(), x.response(question, accepted(obj{}))).body.Close()
}
