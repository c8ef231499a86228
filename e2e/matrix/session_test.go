package matrix

import (
	"encoding/json"
	"net/http"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// session is what a client of an earlier revision opens first.
type session struct {
	*wire
	revision, id string
}

func newSession(w *wire, revision string, caps rig.Object) *session {
	w.t.Helper()
	x := &session{wire: w, revision: revision}
	w.request = func(id int, method string, params rig.Object) rig.Draft {
		return x.message(rig.Object{"id": id, "method": method, "params": params})
	}
	s := w.send(w.next("initialize", rig.Object{
		"protocolVersion": revision, "capabilities": caps, "clientInfo": rig.Object{"name": "matrix", "version": "1"},
	}))
	defer s.Close()
	var agreed struct{ ProtocolVersion string }
	m, err := s.Next()
	if err != nil {
		w.t.Fatal(err)
	}
	if w.decode(m.Result, &agreed); agreed.ProtocolVersion != revision {
		w.t.Fatalf("%s was agreed on", agreed.ProtocolVersion)
	}
	if x.id = s.Header("Mcp-Session-Id"); x.id == "" {
		w.t.Fatal("no session")
	}
	x.tell(rig.Object{"method": "notifications/initialized"})
	return x
}

func (x *session) message(body rig.Object) rig.Draft { return rig.Legacy(x.revision, x.id, body) }

// tell sends what has no response.
func (x *session) tell(body rig.Object) {
	x.t.Helper()
	s := x.send(x.message(body))
	defer s.Close()
	if s.Status() != http.StatusAccepted {
		m, err := s.Next()
		x.t.Fatalf("%v: HTTP %d %+v %v", body["method"], s.Status(), m, err)
	}
}

// asked answers a message that is a question. The answer goes to another server than the one that asked.
func (x *session) asked(m rig.Message) bool {
	x.t.Helper()
	if m.Method != "elicitation/create" {
		return false
	}
	x.tell(rig.Object{"id": m.ID, "result": accepted})
	return true
}

// outcomeOf reads a response.
func (x *session) outcomeOf(m rig.Message) outcome {
	x.t.Helper()
	switch {
	case m.Error != nil && m.Error.Code == codeCancelled:
		return outcome{cancelled: true}
	case m.Result == nil:
		x.t.Fatalf("got %+v", m)
	}
	return outcome{result: x.result(m.Result)}
}

func isNumber(raw json.RawMessage, n int) bool {
	var got int
	return json.Unmarshal(raw, &got) == nil && got == n
}
