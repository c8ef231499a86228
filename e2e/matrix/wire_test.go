package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// wire is a client's side of the wire: its requests, each to another server than the one before.
type wire struct {
	t       *testing.T
	http    *http.Client
	url     string
	last    int                                                      // id of the last request
	request func(id int, method string, params rig.Object) rig.Draft // as this client's revision has them
}

func newWire(t *testing.T, doors *rig.Balancer) *wire {
	return &wire{t: t, http: &http.Client{Transport: doors}, url: doors.URL()}
}

// send sends a request. Who called it closes the stream.
func (w *wire) send(d rig.Draft) *rig.Stream {
	w.t.Helper()
	s, err := d.Send(w.t.Context(), w.http, w.url)
	if err != nil {
		w.t.Fatalf("%v: %v", d.Body["method"], err)
	}
	return s
}

// open sends a request whose answer is read as it comes.
func (w *wire) open(d rig.Draft) *rig.Reading {
	return rig.Read(w.t, func(ctx context.Context) (*rig.Stream, error) { return d.Send(ctx, w.http, w.url) })
}

// next is a request with an id of its own.
func (w *wire) next(method string, params rig.Object) rig.Draft {
	w.last++
	return w.request(w.last, method, params)
}

// ask sends a request and waits for its response, which must be a result.
func (w *wire) ask(method string, params rig.Object, result any) {
	w.t.Helper()
	x := w.open(w.next(method, params))
	defer x.Drop()
	m := x.Next()
	for m.Method != "" || m.Result == nil && m.Error == nil {
		m = x.Next()
	}
	if m.Error != nil {
		w.t.Fatalf("%s: %v", method, m.Error)
	}
	w.decode(m.Result, result)
}

func (w *wire) decode(raw json.RawMessage, v any) {
	w.t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		w.t.Fatalf("%s: %v", raw, err)
	}
}

// result reads what a tool answered.
func (w *wire) result(raw json.RawMessage) *rig.Result {
	w.t.Helper()
	r := new(rig.Result)
	w.decode(raw, r)
	return r
}

// called are the params of a tools/call that wants progress under a token.
func called(tool string, arguments, meta rig.Object, token string) rig.Object {
	meta = maps.Clone(meta)
	if meta == nil {
		meta = rig.Object{}
	}
	meta["progressToken"] = token
	return rig.Object{"name": tool, "arguments": arguments, "_meta": meta}
}

// progress is what a client sees of one token.
type progress struct {
	token string
	value float64 // -1: nothing yet
}

// track makes a token of the client's own.
func (w *wire) track() progress { return progress{fmt.Sprintf("token-%d", w.last+1), -1} }

// see is true for a notification of progress. The numbers must rise, whichever stream of whichever server brings them.
func (p *progress) see(w *wire, m rig.Message) bool {
	w.t.Helper()
	if m.Method != "notifications/progress" {
		return false
	}
	var now struct {
		ProgressToken string
		Progress      float64
	}
	w.decode(m.Params, &now)
	if now.ProgressToken != p.token || now.Progress <= p.value {
		w.t.Errorf("progress %v of %s after %v of %s", now.Progress, now.ProgressToken, p.value, p.token)
	}
	p.value = now.Progress
	return true
}
