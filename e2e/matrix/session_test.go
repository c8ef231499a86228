package matrix

import (
	"net/http"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// session is what a client of an earlier revision opens first.
type session struct {
	*wire
	revision, sid string // and Mcp-Session-Id
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
	if x.sid = s.Header("Mcp-Session-Id"); x.sid == "" {
		w.t.Fatal("no session")
	}
	x.tell(rig.Object{"method": "notifications/initialized"})
	return x
}

func (x *session) message(body rig.Object) rig.Draft { return rig.Legacy(x.revision, x.sid, body) }

// tell sends what has no response.
func (x *session) tell(body rig.Object) {
	x.t.Helper()
	s := x.send(x.message(body))
	defer s.Close()
	if s.Status() != http.StatusAccepted {
		m, err := s.Next()
		x.t.Fatalf("%v: HTTP %d %v %v", body["method"], s.Status(), m, err)
	}
}
