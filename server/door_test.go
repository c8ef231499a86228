package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

const unknownID = "00000000-0000-4000-8000-000000000000-1"

func header(name, value string) func(*draft) {
	return func(d *draft) { d.header.Set(name, value) }
}

func without(name string) func(*draft) { return func(d *draft) { d.header.Del(name) } }

func TestTheDoorChecks(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Origins = []string{"https://app.example.com"} })
	get := obj{"taskId": unknownID}
	discover := func(change ...func(*draft)) *draft { return modern("server/discover", nil, change...) }
	version := func(v string) func(*draft) {
		return func(d *draft) { d.header.Set(wire.HeaderVersion, v); d.meta()[wire.MetaVersion] = v }
	}
	tests := map[string]struct {
		draft  *draft
		status int
		code   int
	}{
		"no origin":               {discover(), 200, 0},
		"own origin":              {discover(header("Origin", f.http.URL)), 200, 0},
		"loopback origin":         {discover(header("Origin", "http://localhost:3000")), 200, 0},
		"configured origin":       {discover(header("Origin", "https://app.example.com")), 200, 0},
		"foreign origin":          {discover(header("Origin", "https://evil.example.com")), 403, wire.CodeInvalidRequest},
		"opaque origin":           {discover(header("Origin", "null")), 403, wire.CodeInvalidRequest},
		"content type":            {discover(header("Content-Type", "text/plain")), 415, wire.CodeInvalidRequest},
		"content type parameters": {discover(header("Content-Type", "application/json; charset=utf-8")), 200, 0},
		"accept json only":        {discover(header("Accept", "application/json")), 400, wire.CodeInvalidRequest},
		"accept anything":         {discover(header("Accept", "*/*")), 200, 0},
		"accept missing":          {discover(without("Accept")), 400, wire.CodeInvalidRequest},

		"version header missing":    {modern("tasks/get", get, without(wire.HeaderVersion)), 400, wire.CodeHeaderMismatch},
		"version header differs":    {modern("tasks/get", get, header(wire.HeaderVersion, "2025-11-25")), 400, wire.CodeHeaderMismatch},
		"version in meta differs":   {discover(withMeta(wire.MetaVersion, "v999.0.0")), 400, wire.CodeHeaderMismatch},
		"version twice":             {discover(func(d *draft) { d.header.Add(wire.HeaderVersion, wire.V20260728) }), 400, wire.CodeHeaderMismatch},
		"version unknown":           {discover(version("v999.0.0")), 400, wire.CodeUnsupportedVersion},
		"version older than all":    {discover(version("1900-01-01")), 400, wire.CodeUnsupportedVersion},
		"version unknown, no meta":  {&draft{body: obj{"jsonrpc": "2.0", "id": 1, "method": "ping"}, header: discover(header(wire.HeaderVersion, "2099-01-01")).header}, 400, wire.CodeUnsupportedVersion},
		"method header missing":     {modern("tasks/get", get, without(wire.HeaderMethod)), 400, wire.CodeHeaderMismatch},
		"method header differs":     {modern("tasks/get", get, header(wire.HeaderMethod, "tools/call")), 400, wire.CodeHeaderMismatch},
		"method header in capitals": {modern("tools/list", nil, header(wire.HeaderMethod, "TOOLS/LIST")), 400, wire.CodeHeaderMismatch},
		"name header missing":       {modern("tasks/get", get, without(wire.HeaderName)), 400, wire.CodeHeaderMismatch},
		"name header differs":       {modern("tasks/cancel", get, header(wire.HeaderName, "other")), 400, wire.CodeHeaderMismatch},
		"name header encoded":       {modern("tasks/get", get, header(wire.HeaderName, "=?base64?MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwLTE=?=")), 400, wire.CodeInvalidParams},
		"name header badly encoded": {modern("tasks/get", get, header(wire.HeaderName, "=?base64?MDA?=")), 400, wire.CodeHeaderMismatch},
		"name header of a call":     {modern("tools/call", obj{"name": "any"}, header(wire.HeaderName, "crawl")), 400, wire.CodeHeaderMismatch},
		"name header with spaces":   {modern("tasks/get", get, header(wire.HeaderName, "  "+unknownID+"  ")), 400, wire.CodeInvalidParams},

		"no meta":            {modern("tasks/get", get, func(d *draft) { delete(d.params(), "_meta") }), 400, wire.CodeInvalidParams},
		"no version in meta": {discover(func(d *draft) { delete(d.meta(), wire.MetaVersion) }), 400, wire.CodeInvalidParams},
		"no capabilities":    {modern("tasks/get", get, func(d *draft) { delete(d.meta(), wire.MetaCapabilities) }), 400, wire.CodeInvalidParams},
		"no client info":     {discover(func(d *draft) { delete(d.meta(), wire.MetaClientInfo) }), 200, 0},
		"odd client info":    {discover(withMeta(wire.MetaClientInfo, "me")), 400, wire.CodeInvalidParams},
		"odd log level":      {modern("tools/list", nil, withMeta(wire.MetaLogLevel, "loud")), 400, wire.CodeInvalidParams},
		"odd progress token": {modern("tools/list", nil, withMeta("progressToken", obj{})), 400, wire.CodeInvalidParams},

		"unknown method":       {modern("unknown/method", nil), 404, wire.CodeMethodNotFound},
		"removed initialize":   {modern("initialize", nil), 404, wire.CodeMethodNotFound},
		"removed ping":         {modern("ping", nil), 404, wire.CodeMethodNotFound},
		"removed setLevel":     {modern("logging/setLevel", nil), 404, wire.CodeMethodNotFound},
		"removed subscribe":    {modern("resources/subscribe", nil), 404, wire.CodeMethodNotFound},
		"removed tasks/list":   {modern("tasks/list", nil), 404, wire.CodeMethodNotFound},
		"removed tasks/result": {modern("tasks/result", get), 404, wire.CodeMethodNotFound},
		"absent prompts":       {modern("prompts/remove", nil), 404, wire.CodeMethodNotFound},
		"prompt of no name":    {modern("prompts/get", obj{}), 400, wire.CodeInvalidParams},
		"odd prompts cursor":   {modern("prompts/list", obj{"cursor": "§"}), 400, wire.CodeInvalidParams},
		"removed unsubscribe":  {modern("resources/unsubscribe", nil), 404, wire.CodeMethodNotFound},
		"unknown resource":     {modern("resources/read", obj{"uri": "file:///etc/passwd"}), 400, wire.CodeInvalidParams},
		"resource of no name":  {modern("resources/read", obj{}), 400, wire.CodeInvalidParams},
		"odd resource cursor":  {modern("resources/list", obj{"cursor": "§"}), 400, wire.CodeInvalidParams},

		"get without extension":    {modern("tasks/get", get, plainClient), 400, wire.CodeMissingCapability},
		"update without extension": {modern("tasks/update", obj{"taskId": unknownID, "inputResponses": obj{}}, plainClient), 400, wire.CodeMissingCapability},
		"cancel without extension": {modern("tasks/cancel", get, plainClient), 400, wire.CodeMissingCapability},
		"listen without extension": {modern("subscriptions/listen", obj{"notifications": obj{"taskIds": []string{unknownID}}}, plainClient), 400, wire.CodeMissingCapability},
		"listen without filter":    {modern("subscriptions/listen", nil), 400, wire.CodeInvalidParams},
		"required without tasks":   {modern("tools/call", obj{"name": "required"}, plainClient), 400, wire.CodeMissingCapability},
		"unknown tool":             {modern("tools/call", obj{"name": "nope"}), 400, wire.CodeInvalidParams},
		"tool without a name":      {modern("tools/call", nil), 400, wire.CodeInvalidParams},
		"arguments not an object":  {modern("tools/call", obj{"name": "any", "arguments": []int{1}}), 400, wire.CodeInvalidParams},
		"arguments too large":      {modern("tools/call", obj{"name": "any", "arguments": obj{"x": strings.Repeat("x", 1<<20)}}), 400, wire.CodeInvalidParams},
		"answers not objects":      {modern("tools/call", obj{"name": "any", "inputResponses": obj{"k": 1}}), 400, wire.CodeInvalidParams},
		"update without answers":   {modern("tasks/update", get), 400, wire.CodeInvalidParams},
		"a cursor of nobody's":     {modern("tools/list", obj{"cursor": "zz"}), 400, wire.CodeInvalidParams},
		"odd cursor":               {modern("tools/list", obj{"cursor": "§"}), 400, wire.CodeInvalidParams},

		"null id":        {discover(withID(nil)), 400, wire.CodeInvalidRequest},
		"fraction as id": {discover(withID(1.5)), 400, wire.CodeInvalidRequest},
		"not JSON":       {&draft{text: "{", header: discover().header}, 400, wire.CodeParse},
		"empty":          {&draft{text: " ", header: discover().header}, 400, wire.CodeParse},
		"not an object":  {&draft{text: "1", header: discover().header}, 400, wire.CodeInvalidRequest},
		"no jsonrpc":     {&draft{text: `{"id":1,"method":"ping"}`, header: discover().header}, 400, wire.CodeInvalidRequest},
		"batch":          {&draft{text: `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, header: discover().header}, 400, wire.CodeInvalidRequest},
		"a response":     {&draft{text: `{"jsonrpc":"2.0","id":1,"result":{}}`, header: discover().header}, 400, wire.CodeInvalidRequest},
		"request, no id": {&draft{text: `{"jsonrpc":"2.0","method":"tools/list"}`, header: discover().header}, 400, wire.CodeInvalidRequest},
		"too large":      {&draft{text: `{"x":"` + strings.Repeat("x", 4<<20) + `"}`, header: discover().header}, 413, wire.CodeInvalidRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, r := f.ask(test.draft)
			if r.status != test.status || m.code() != test.code {
				t.Errorf("got HTTP %d, code %d (%+v); want %d, %d", r.status, m.code(), m.Error, test.status, test.code)
			}
		})
	}
}

func TestErrorsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := start(t)
	m, _ := f.ask(modern("tools/call", obj{"name": "required"}, plainClient, withID("abc")))
	caps, _ := m.Error.Data["requiredCapabilities"].(obj)
	ext, _ := caps["extensions"].(obj)
	if _, ok := ext[wire.TasksExtension]; !ok || string(m.ID) != `"abc"` {
		t.Errorf("got %+v with id %s", m.Error, m.ID)
	}
	m, _ = f.ask(modern("ping", nil, func(d *draft) {
		d.header.Set(wire.HeaderVersion, "2099-01-01")
		d.meta()[wire.MetaVersion] = "2099-01-01"
	}))
	if supported, _ := m.Error.Data["supported"].([]any); m.Error.Data["requested"] != "2099-01-01" || len(supported) == 0 || supported[0] != wire.V20260728 {
		t.Errorf("got %+v", m.Error)
	}
}

func TestAcceptedNotificationsHaveNoBody(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, d := range map[string]*draft{
		"2026-07-28": modern("notifications/cancelled", obj{"requestId": 1}, func(d *draft) { delete(d.body, "id") }),
		"2025-11-25": {text: `{"jsonrpc":"2.0","method":"notifications/initialized"}`, header: legacy("x", nil).header},
		"a response": {text: `{"jsonrpc":"2.0","id":7,"result":{}}`, header: legacy("x", nil).header},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := f.send(t.Context(), d)
			defer r.body.Close()
			b, err := io.ReadAll(r.body)
			if r.status != http.StatusAccepted || len(b) != 0 || err != nil {
				t.Errorf("got %d %q %v", r.status, b, err)
			}
		})
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPut} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(method, "/mcp", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: got %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestAForeignHostOnLoopbackIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Origins = []string{"https://app.example.com"} })
	for host, want := range map[string]int{"evil.example.com": 403, "localhost:1": 200, "app.example.com": 200} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", f.http.URL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header, req.Host = legacy("ping", nil).header, host
		res, err := f.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("Host %s: got %d, want %d", host, res.StatusCode, want)
		}
	}
}

func TestANameThatNobodyConfiguredIsNoOrigin(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Origins = []string{"https://app.example.com"} })
	for _, test := range []struct {
		host, origin string
		want         int
	}{
		{"evil.example:8080", "http://evil.example:8080", 403}, // its DNS leads here
		{"10.0.0.5:8080", "http://10.0.0.5:8080", 200},
		{"[fd00::5]:8080", "http://[fd00::5]:8080", 200},
		{"10.0.0.5:8080", "http://10.0.0.6:8080", 403},
		{"10.0.0.5:8080", "http://10.0.0.5:9090", 403},
		{"app.example.com", "http://app.example.com", 200},
		{"10.0.0.5:8080", "https://app.example.com", 200},
		{"evil.example:8080", "", 200}, // no page sent it
	} {
		d := modern("server/discover", nil)
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(mustJSON(d.body)))
		r.Header, r.Host = d.header, test.host
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		local := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 8080}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
		if w.Code != test.want {
			t.Errorf("Host %s, Origin %q: got %d, want %d", test.host, test.origin, w.Code, test.want)
		}
	}
}

func TestARequestWithoutParamsHarmsNobody(t *testing.T) {
	t.Parallel()
	f := start(t)
	methods := []string{
		"tasks/get", "tasks/update", "tasks/cancel", "tasks/list", "tasks/result", "tools/call", "tools/list", "subscriptions/listen",
		"server/discover", "initialize", "ping", "prompts/list", "prompts/get", "resources/list", "resources/read", "resources/templates/list",
		"resources/subscribe", "resources/unsubscribe", "completion/complete", "logging/setLevel", "notifications/initialized", "x",
	}
	for _, version := range []string{"", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", wire.V20260728} {
		for _, method := range methods {
			for _, params := range []string{"", `,"params":null`} {
				d := modern(method, nil, func(d *draft) {
					d.text = `{"jsonrpc":"2.0","id":1,"method":"` + method + `"` + params + `}`
					d.header.Set(wire.HeaderVersion, version)
				})
				if version == "" {
					d.header.Del(wire.HeaderVersion)
				}
				r := f.send(t.Context(), d)
				r.body.Close()
				if r.status >= 500 {
					t.Errorf("%s %s: got %d", version, d.text, r.status)
				}
			}
		}
	}
	if m, _ := f.ask(modern("server/discover", nil)); m.Error != nil {
		t.Errorf("afterwards: %+v", m.Error)
	}
}

func TestTheServerAdvertisesTheExtensionOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	m, _ := f.ask(modern("server/discover", nil))
	caps := m.Result["capabilities"].(obj)
	if _, ok := caps["extensions"].(obj)[wire.TasksExtension]; !ok || caps["tasks"] != nil {
		t.Errorf("2026-07-28: got %v", caps)
	}
	for _, list := range []string{"tools", "resources", "prompts"} {
		if caps[list].(obj)["listChanged"] != true {
			t.Errorf("2026-07-28: got %v", caps)
		}
	}
	if caps["completions"] == nil {
		t.Errorf("2026-07-28: got %v", caps)
	}
	info, _ := m.Result["_meta"].(obj)[wire.MetaServerInfo].(obj)
	if info["name"] != "longhaul" || info["version"] != "1.2.3" {
		t.Errorf("serverInfo: got %v", m.Result["_meta"])
	}
	m, _ = f.ask(legacy("initialize", obj{"protocolVersion": "2025-11-25", "capabilities": obj{}, "clientInfo": obj{"name": "t", "version": "1"}}))
	caps = m.Result["capabilities"].(obj)
	if caps["extensions"] != nil || caps["tasks"] == nil || caps["tools"] == nil {
		t.Errorf("2025-11-25: got %v", caps)
	}
}

// clumsy fails where a request is served.
type clumsy struct{}

func (clumsy) Dispatch(tasks.Delivery) { panic("clumsy") }

func (clumsy) Settle(string, tasks.ID) { panic("clumsy") }

func (clumsy) Position(context.Context, tasks.Delivery) (int, error) { panic("clumsy") }

func TestAPanicEndsOneRequestOnly(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *server.Options) { o.Dispatcher = clumsy{} })
	if m, r := f.ask(modern("tools/call", obj{"name": "any"})); m.code() != wire.CodeInternal || r.status != 500 || m.Error.Message != "internal error" {
		t.Errorf("got %d %+v", r.status, m)
	}
	if m, _ := f.ask(modern("tools/list", nil)); m.Error != nil {
		t.Errorf("afterwards: %+v", m.Error)
	}
}

// Bodies that break the rules at the edge: each was answered otherwise once.
func TestEdgesOfTheDoor(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		body, method string
		status, code int
	}{
		"params is an array":               {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}`, "tools/list", 400, -32602},
		"bytes that are no text":           {"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"tools/list\"}", "tools/list", 400, -32700},
		"notification with an id":          {`{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`, "notifications/cancelled", 404, -32601},
		"notification, another Mcp-Method": {`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}`, "tools/list", 400, -32020},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.http.URL, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range map[string]string{
				"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
				"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": c.method,
			} {
				req.Header.Set(k, v)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var got struct{ Error struct{ Code int } }
			if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.StatusCode != c.status || got.Error.Code != c.code {
				t.Errorf("HTTP %d, code %d (%v); want %d and %d", res.StatusCode, got.Error.Code, err, c.status, c.code)
			}
		})
	}
}
