package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/wire"
)

func TestWhatIsNegotiated(t *testing.T) {
	t.Parallel()
	f := start(t)
	for asked, want := range map[string]string{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", "2025-11-25": "2025-11-25",
		wire.V20260728: "2025-11-25", "2099-01-01": "2025-11-25", "1.0": "2025-11-25", "": "2025-11-25", // the latest that has sessions
	} {
		m, r := f.ask(hello(asked, obj{}))
		id := r.header.Get(wire.HeaderSession)
		if m.Result["protocolVersion"] != want || id == "" || strings.ContainsFunc(id, func(c rune) bool { return c < 0x21 || c > 0x7e }) {
			t.Errorf("%q: got %+v in session %q", asked, m, id)
			continue
		}
		caps, _ := m.Result["capabilities"].(obj)
		tools, _ := caps["tools"].(obj)
		if caps["logging"] == nil || tools["listChanged"] != true || (caps["tasks"] != nil) != (want == "2025-11-25") || caps["resources"] == nil || caps["extensions"] != nil {
			t.Errorf("%q: can %v", asked, caps)
		}
		x := &session{id: id, version: want}
		if m, _ := f.ask(x.request("tools/list", nil)); m.Result["tools"] == nil { // without notifications/initialized
			t.Errorf("%q: tools/list: %+v", asked, m)
		}
	}
}

func TestAClientWithoutASession(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, version := range []string{"", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} {
		of := func(method string, params obj) *draft {
			d := earlier(version)
			d.body = legacy(method, params).body
			return d
		}
		f.play(func(c claimed) { c.finish("plain") })
		if m, _ := f.ask(of("tools/call", obj{"name": "any"})); text(m.Result) != "plain" {
			t.Errorf("%q: tools/call: %+v", version, m)
		}
		for _, method := range []string{"ping", "tools/list"} {
			if m, r := f.ask(of(method, nil)); m.Result == nil || r.header.Get(wire.HeaderSession) != "" {
				t.Errorf("%q: %s: %+v %v", version, method, m, r.header)
			}
		}
		for _, body := range []string{
			`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
			`{"jsonrpc":"2.0","id":"nothing","result":{}}`,
			`{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no"}}`,
		} {
			if r := f.send(f.soon(), of("x", nil).saying(body)); r.status != http.StatusAccepted {
				t.Errorf("%q: %s: got %d", version, body, r.status)
			}
		}
	}
}

func TestIDsComeBackAsTheyCame(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", obj{})
	long := `"` + strings.Repeat("x", 1000) + `"`
	for _, method := range []string{"ping", "tools/list", "tools/call", "tasks/list", "initialize"} {
		for _, id := range []string{"0", "-1", `"1"`, `""`, `"ü\n"`, "9007199254740993", "123456789012345678901234567890", long} {
			m, r := f.ask(x.request(method, nil).saying(`{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{}}`))
			if string(m.ID) != id || r.status != http.StatusOK {
				t.Errorf("%s %.40s: got %d %s %+v", method, id, r.status, m.ID, m.Error)
			}
		}
	}
	for _, id := range []string{"null", "{}", "[1]", "true", "1.5", "1e3", `"` + long[1:900] + long[1:]} {
		for _, d := range []*draft{x.request("ping", nil), earlier("2025-03-26"), earlier("")} {
			m, r := f.ask(d.saying(`{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}`))
			if r.status != http.StatusBadRequest || m.code() != wire.CodeInvalidRequest || m.ID != nil {
				t.Errorf("%.40s: got %d %+v", id, r.status, m)
			}
		}
	}
}

func TestTheTransportOf20241105IsNotOffered(t *testing.T) {
	t.Parallel()
	f := start(t)
	r := f.do(http.MethodGet, http.Header{"Accept": {"text/event-stream"}})
	if m := r.next(); r.status != http.StatusMethodNotAllowed || !strings.Contains(m.Error.Message, "HTTP+SSE") {
		t.Errorf("got %d %+v", r.status, m)
	}
}

func TestASessionEndsOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	x := f.initialize("2025-11-25", obj{})
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound, http.StatusNotFound} {
		if r := f.do(http.MethodDelete, x.header()); r.status != want {
			t.Errorf("got %d, want %d", r.status, want)
		}
	}
	wrong := x.header()
	wrong.Set(wire.HeaderVersion, "1900-01-01")
	y := f.initialize("2025-11-25", obj{})
	wrong.Set(wire.HeaderSession, y.id)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if r := f.do(method, wrong); r.status != http.StatusBadRequest {
			t.Errorf("%s of another revision: got %d", method, r.status)
		}
	}
	if m, _ := f.ask(y.request("ping", nil)); m.Error != nil {
		t.Errorf("got %+v", m)
	}
}
